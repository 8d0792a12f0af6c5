//! What is done with an encoding, and the small sums around it.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use proptest::{collection::vec, prelude::*};
use psad_nn::{LossParts, NoPersonalization, Personalization, mean_history};

use crate::toy::encoded;

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn selecting_rows_gives_the_encoding_of_those_lists(rows in vec(0_usize..3, 1..6)) {
        let lists = [vec![[1, 2]], vec![[0, 1], [2, 2], [3, 0]], vec![[-1, 0], [0, -1]]];
        let all = encoded(&lists, &Device::flex());
        let selected = all.select(&rows);
        prop_assert_eq!(&selected.lens, &rows.iter().map(|&row| lists[row].len()).collect::<Vec<_>>());
        for (index, &row) in rows.iter().enumerate() {
            for (tensor, from) in [
                (&selected.items, &all.items), (&selected.inputs, &all.inputs), (&selected.raw, &all.raw),
            ] {
                prop_assert_eq!(
                    floats(tensor.clone().narrow(0, index, 1)), floats(from.clone().narrow(0, row, 1))
                );
            }
            prop_assert_eq!(floats(selected.profile.clone().narrow(0, index, 1)), [row as f32]);
            let ranker = floats(selected.ranker.clone().narrow(0, index, 1));
            prop_assert_eq!(ranker, floats(all.ranker.clone().narrow(0, row, 1)));
            // An operation on flags, which must be flags then.
            let real: Vec<bool> = selected.pad.clone().narrow(0, index, 1).bool_not().try_into_vec_as().unwrap();
            prop_assert_eq!(real, (0..3).map(|item| item < lists[row].len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_mean_of_a_history_sees_no_padding(
        items in vec(vec(-5_f32..5., 6), 3), lens in vec(0_usize..=3, 3), padding in -1e4_f32..1e4,
    ) {
        let (batch, length, width) = (3, 3, 2);
        let mut values: Vec<f32> = items.concat();
        let pad: Vec<bool> = lens.iter().flat_map(|&len| (0..length).map(move |item| item >= len)).collect();
        for (value, place) in values.iter_mut().zip(0..) {
            if pad[place / width] {
                *value = padding;
            }
        }
        let device = Device::flex();
        let tensor = Tensor::from_data(TensorData::new::<f32, _>(values.clone(), [batch, length, width]), &device);
        let mask = Tensor::<1, Bool>::from_bool(pad.as_slice(), &device).reshape([batch, length]);
        let means = floats(mean_history(tensor, mask));
        for (list, &len) in lens.iter().enumerate() {
            for axis in 0..width {
                let own = (0..len).map(|item| f64::from(values[(list * length + item) * width + axis]));
                let expected = own.sum::<f64>() / len.max(1) as f64;
                prop_assert!((f64::from(means[list * width + axis]) - expected).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn a_loss_is_the_weighted_sum_of_its_parts() {
    let device = Device::flex();
    let part = |values: [f32; 2]| Tensor::<1>::from_data(values, &device);
    let parts = LossParts::default().with("a", 1., part([1., 2.])).with("b", 0.5, part([4., 8.]));
    assert_eq!(floats(parts.total().unwrap()), [3., 6.]);
    assert_eq!(parts.parts.iter().map(|part| part.name).collect::<Vec<_>>(), ["a", "b"]);
    assert!(LossParts::default().total().is_none());
    assert!(LossParts::default().with("off", 0., part([1., 1.])).total().is_none());
}

#[test]
fn a_part_of_weight_zero_cannot_poison_the_sum() {
    let device = Device::flex().autodiff();
    let leaf = Tensor::<1>::from_data([2.], &device).require_grad();
    let poison = leaf.clone() * f32::NAN;
    let parts = LossParts::default().with("on", 3., leaf.clone()).with("off", 0., poison);
    let gradients = parts.total().unwrap().sum().backward();
    assert_eq!(floats(leaf.grad(&gradients).unwrap()), [3.]);
}

#[test]
fn without_personalisation_nothing_moves() {
    let device = Device::flex();
    let absent = NoPersonalization::new(4);
    let (profile, items) = (Tensor::<2>::ones([2, 3], &device), Tensor::<3>::ones([2, 5, 4], &device) * 7.);
    assert_eq!(floats(absent.gate(&profile, items.clone())), floats(items));
    let steps = Tensor::<2>::ones([2, 6], &device);
    let positions = absent.history_positions(&profile, steps.clone(), steps.int());
    assert_eq!((positions.encoding.dims(), positions.log_decay.dims()), ([2, 6, 4], [2, 6]));
    assert!(floats(positions.encoding).into_iter().chain(floats(positions.log_decay)).all(|value| value == 0.));
    let encoding = absent.candidate_positions(&profile, Tensor::<2, Int>::ones([2, 5], &device));
    assert_eq!(encoding.dims(), [2, 5, 4]);
    assert!(floats(encoding).into_iter().all(|value| value == 0.));
}
