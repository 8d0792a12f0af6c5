//! The profile that personalisation is given, and the one that the encoding passes on.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use proptest::prelude::*;
use psad_nn::{HistoryPositions, ListEncoder, NoPersonalization, Personalization};

use crate::common::{List, RICH, ROUNDING, WIDTH, batch, config, fields_of, floats, list, read, schema, trained};

/// Shows the profile that it is given, where it should say something of positions.
#[derive(Module, Debug)]
struct Mirror {
    absent: NoPersonalization,
}

impl Personalization for Mirror {
    fn gate(&self, profile: &Tensor<2>, items: Tensor<3>) -> Tensor<3> {
        self.absent.gate(profile, items)
    }

    fn history_positions(&self, profile: &Tensor<2>, distance: Tensor<2>, bucket: Tensor<2, Int>) -> HistoryPositions {
        self.absent.history_positions(profile, distance, bucket)
    }

    fn candidate_positions(&self, profile: &Tensor<2>, positions: Tensor<2, Int>) -> Tensor<3> {
        let [batch, candidates] = positions.dims();
        profile.clone().reshape([batch, 1, WIDTH]).expand([batch, candidates, WIDTH])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_profile_is_the_mean_of_the_past_as_the_tower_of_candidates_sees_it(list in list(), mate in list()) {
        // Without user fields the profile is as wide as an item.
        let (fields, device) = (fields_of((0, 0), (2, 1)), Device::flex());
        let encoder = config().init_with(Mirror { absent: NoPersonalization::new(WIDTH) }, &schema(fields), 1, &device);
        let encoder = encoder.unwrap();
        let inputs = |lists: &[List]| read(&encoder.encode(&batch(lists, fields, &device)), 0).inputs;
        // Candidates of one score have the score feature 0, as what is past has it.
        let past = list.history.iter().map(|each| (each.0, 0.)).collect::<Vec<_>>();
        let mut mean = [0.; WIDTH];
        if !past.is_empty() {
            let rows = inputs(&[List { candidates: past, history: Vec::new(), ..list.clone() }]);
            for row in &rows {
                mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / rows.len() as f32);
            }
        }
        let plain = inputs(&[List { history: Vec::new(), ..list.clone() }, mate.clone()]);
        for (plain, found) in plain.iter().zip(inputs(&[list, mate])) {
            for ((plain, mean), found) in plain.iter().zip(mean).zip(found) {
                prop_assert!((plain + mean - found).abs() < ROUNDING);
            }
        }
    }

    #[test]
    fn what_is_passed_on_begins_with_the_user(list in list()) {
        let device = Device::flex();
        let batch = batch(&[list], RICH, &device);
        let profile = read(&trained(RICH, &device).encode(&batch), 0).profile;
        let user = floats(batch.user_features().unwrap());
        prop_assert_eq!(&profile[..user.len()], &user[..]);
    }
}
