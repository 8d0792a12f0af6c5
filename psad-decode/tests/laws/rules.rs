//! Rules are kept by everything that fills a slate, and nothing fills less than there is.

use proptest::prelude::*;
use psad_core::ConstraintError;

use crate::cases::{Case, Shape, decoders, some_rules};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_decoder_finds_a_slate_wherever_there_is_one_and_keeps_the_rules(seed: u64) {
        let case = Case::new(seed, &Shape::SMALL, some_rules);
        let possible = case.every_slate();
        for decoder in decoders(seed) {
            match case.run(&decoder) {
                Ok(slates) => {
                    prop_assert!(!slates.is_empty());
                    for slate in slates {
                        prop_assert!(possible.contains(&slate.as_slice().to_vec()), "{decoder:?}: {slate:?}");
                    }
                }
                Err(error) => {
                    let conflict = matches!(error, ConstraintError::Infeasible { .. });
                    prop_assert!(conflict && possible.is_empty(), "{decoder:?}: {error}");
                }
            }
        }
    }
}
