//! Position bias against its equation.

use burn::tensor::{Device, Int, Tensor};
use proptest::{collection::vec, prelude::*};
use psad_nn::named_parameters;
use psad_upn::{PositionBias, PositionBiasConfig};

use crate::common::{floats, gradients_are_right, noise, trained};

const WIDTH: usize = 8;
const PROFILE: usize = 5;
const POSITIONS: usize = 7;

fn fresh(seed: u64, device: &Device) -> PositionBias {
    PositionBiasConfig::new(WIDTH, PROFILE, POSITIONS).with_hidden(6).init(seed, device)
}

fn positions(rows: &[Vec<u8>], device: &Device) -> Tensor<2, Int> {
    let flat: Vec<i32> = rows.iter().flatten().copied().map(i32::from).collect();
    Tensor::<1, Int>::from_data(flat.as_slice(), device).reshape([rows.len(), rows[0].len()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_fresh_bias_is_the_plain_table(rows in vec(vec(0..POSITIONS as u8, 4), 1..4), seed: u64) {
        let device = Device::flex();
        let bias = fresh(seed, &device);
        let table = floats_of(&bias);
        let found = floats(bias.forward(&noise([rows.len(), PROFILE], seed, &device), positions(&rows, &device)));
        let expected = rows.iter().flatten().flat_map(|&row| table[usize::from(row) * WIDTH..][..WIDTH].to_vec());
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_user_scales_all_positions_alike(seed: u64) {
        let device = Device::flex();
        let bias = trained(fresh(seed, &device), "inner.bias");
        let (table, profile) = (floats_of(&bias), noise([2, PROFILE], seed, &device));
        let every: Vec<u8> = (0..POSITIONS as u8).collect();
        let found = floats(bias.forward(&profile, positions(&[every.clone(), every], &device)));
        for user in found.chunks(POSITIONS * WIDTH) {
            for channel in 0..WIDTH {
                let strength = user[channel] / table[channel];
                prop_assert!(0. < strength && strength < 2., "{strength}");
                for (row, plain) in user.chunks(WIDTH).zip(table.chunks(WIDTH)) {
                    prop_assert!((row[channel] - strength * plain[channel]).abs() < 1e-5);
                }
            }
        }
        let (first, second) = found.split_at(POSITIONS * WIDTH);
        prop_assert!(first.iter().zip(second).any(|(a, b)| (a - b).abs() > 1e-4), "users differ");
    }
}

fn floats_of(bias: &PositionBias) -> Vec<f32> {
    named_parameters(bias).unwrap()["positions"].iter().copied().collect()
}

#[test]
fn the_biases_own_gradients_are_slopes() {
    let outputs = |bias: &PositionBias, device: &Device| -> Tensor<1> {
        let every: Vec<u8> = (0..POSITIONS as u8).collect();
        bias.forward(&noise([2, PROFILE], 1, device), positions(&[every.clone(), every], device)).flatten(0, 2)
    };
    gradients_are_right(&trained(fresh(3, &Device::flex().autodiff()), "inner.bias"), outputs);
}
