//! The three parts together: switches, seeds, batches.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor};
use proptest::prelude::*;
use psad_nn::{NoPersonalization, Personalization, load_parameters, named_parameters};
use psad_upn::{UserProfileNetwork, UserProfileNetworkConfig};

use crate::common::{floats, largest_gap, noise, trained};

const WIDTH: usize = 8;
const PROFILE: usize = 5;
const LENGTH: usize = 6;

/// Each part and its switch.
const PARTS: [&str; 3] = ["gate.", "interest_decay.", "position_bias."];

fn config(on: [bool; 3]) -> UserProfileNetworkConfig {
    let config = UserProfileNetworkConfig::new(WIDTH, PROFILE, LENGTH, LENGTH).with_hidden(6);
    config.with_gate(on[0]).with_history_positions(on[1]).with_candidate_positions(on[2])
}

fn init(on: [bool; 3], seed: u64) -> UserProfileNetwork {
    config(on).init(seed, &Device::flex())
}

/// What every part makes of a batch of users, items and places.
fn answers(part: &impl Personalization, batch: &(Tensor<2>, Tensor<3>, Tensor<2, Int>)) -> [Tensor<3>; 4] {
    let (profile, items, places) = batch;
    let history = part.history_positions(profile, places.clone().float() + 0.25, places.clone());
    [
        part.gate(profile, items.clone()),
        history.encoding,
        history.log_decay.unsqueeze(),
        part.candidate_positions(profile, places.clone()),
    ]
}

fn batch(lists: usize, seed: u64) -> (Tensor<2>, Tensor<3>, Tensor<2, Int>) {
    let device = Device::flex();
    let places: Vec<i32> = (0..lists * LENGTH).map(|place| ((place * 5 + seed as usize % 7) % LENGTH) as i32).collect();
    let places = Tensor::<1, Int>::from_data(places.as_slice(), &device).reshape([lists, LENGTH]);
    (noise([lists, PROFILE], seed, &device), noise([lists, LENGTH, WIDTH], !seed, &device), places)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_switched_off_part_is_absent_and_the_others_stay_as_they_are(on: [bool; 3], seed: u64) {
        let (full, ablated) = (init([true; 3], seed), init(on, seed));
        let is_on = |path: &str| PARTS.iter().zip(on).any(|(part, on)| on && path.starts_with(part));
        let kept: BTreeMap<_, _> =
            named_parameters(&full).unwrap().into_iter().filter(|(path, _)| is_on(path)).collect();
        prop_assert_eq!(named_parameters(&ablated).unwrap(), kept);

        let full = trained(full, "inner.bias");
        let values = named_parameters(&full).unwrap().into_iter().filter(|(path, _)| is_on(path)).collect();
        let ablated = load_parameters(ablated, values).unwrap();
        let (batch, none) = (batch(2, seed), NoPersonalization::new(WIDTH));
        let (full, ablated, none) = (answers(&full, &batch), answers(&ablated, &batch), answers(&none, &batch));
        for (answer, part) in [0, 1, 1, 2].into_iter().enumerate() {
            let expected = if on[part] { &full[answer] } else { &none[answer] };
            prop_assert_eq!(floats(ablated[answer].clone()), floats(expected.clone()));
            prop_assert_ne!(floats(full[answer].clone()), floats(none[answer].clone()), "a part that does nothing");
        }
    }

    #[test]
    fn users_change_nothing_for_each_other(lists in 2_usize..5, seed: u64) {
        let network = trained(init([true; 3], seed), "inner.bias");
        let all = batch(lists, seed);
        let together = answers(&network, &all);
        for list in 0..lists {
            let (profile, items, places) = all.clone();
            let alone = (profile.narrow(0, list, 1), items.narrow(0, list, 1), places.narrow(0, list, 1));
            for (index, (alone, together)) in answers(&network, &alone).into_iter().zip(together.clone()).enumerate() {
                // The logarithm of the decay stands as `[1, batch, history]`.
                let own = together.narrow(usize::from(index == 2), list, 1);
                prop_assert!(largest_gap(alone, own) < 1e-5);
            }
        }
    }
}

#[test]
fn the_seed_alone_decides_the_weights() {
    let parameters = |seed, device: &Device| named_parameters(&config([true; 3]).init(seed, device)).unwrap();
    let first = parameters(1, &Device::flex());
    assert_eq!(first, parameters(1, &Device::flex()));
    assert_eq!(first, parameters(1, &Device::flex().autodiff()));
    let second = parameters(2, &Device::flex());
    for (path, values) in first.iter().filter(|(_, values)| values.iter().any(|&value| value != 0.)) {
        assert_ne!(values, &second[path], "{path}");
    }
    // Parts that shared a seed would begin with the same signs, whatever their widths.
    let drawn = first.values().filter(|values| values.iter().any(|&value| value != 0.));
    let mut signs: Vec<Vec<bool>> =
        drawn.map(|values| values.iter().take(24).map(|&value| value > 0.).collect()).collect();
    let count = signs.len();
    signs.sort();
    signs.dedup();
    assert!(count == 6 && signs.len() == count);
}
