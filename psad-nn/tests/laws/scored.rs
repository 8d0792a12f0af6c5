//! An encoder whose lists come ranked by a scorer.

use burn::tensor::Device;
use proptest::prelude::*;
use psad_nn::{Batcher, ListEncoder, ListScorer, ScoredEncoder};

use crate::common::worlds;
use crate::toy::{Head, Tower};

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scorers_scores_stand_for_the_rankers_and_nothing_else_changes(world in worlds(), seed in any::<u64>()) {
        let device = Device::flex();
        let batch = Batcher::new(&world.schema).requests(&world.requests(), &world.tables, &device).unwrap();
        let (encoder, scorer) = (Tower::new(&world.schema, seed, &device), Head::new(seed, &device));
        let plain = encoder.encode(&batch);
        let scored = ScoredEncoder { encoder, scorer: scorer.clone() }.encode(&batch);
        prop_assert_eq!(scored.ranker.to_data(), scorer.score(&plain).to_data());
        prop_assert_eq!(scored.items.to_data(), plain.items.to_data());
        prop_assert_eq!(scored.inputs.to_data(), plain.inputs.to_data());
        prop_assert_eq!(scored.profile.to_data(), plain.profile.to_data());
        prop_assert_eq!(scored.pad.to_data(), plain.pad.to_data());
        prop_assert_eq!(scored.lens, plain.lens);
    }
}
