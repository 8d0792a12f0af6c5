//! Encoder and generator trained together: what the parts are, what they weigh, and that they teach.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use proptest::prelude::*;
use psad_decode::BlockSchedule;
use psad_nar4rec::{
    ExposedSlates, Target, UnlikelihoodConfig, UnlikelihoodObjective, contrast_loss, unlikelihood_loss,
};
use psad_nn::{ListBatch, ListEncoder, LossParts, Objective, SlotTargets, TiedTargets, generator_loss};
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

use crate::common::{LONGEST, cases, close, values};
use crate::gradients::{descended, gradients_fit, gradients_of, key_biases};
use crate::model::{Encoder, Logged, batch, encoder, generator, logged};

const NAMES: [&str; 3] = ["likelihood", "item-contrast", "position-contrast"];

/// What a list's part may differ by in other company: seven slots, each log-probability off by a few roundings of logits
/// of about ten.
const TOLERANCE: f32 = 2e-4;

fn configs() -> impl Strategy<Value = UnlikelihoodConfig> {
    let slots = prop::option::of(1..=LONGEST + 1);
    (any::<bool>(), 0..3_usize, slots, 0_f64..2.).prop_map(|(ideal, threshold, slots, margin)| UnlikelihoodConfig {
        target: if ideal { Target::Ideal } else { Target::Exposed },
        threshold,
        slots,
        margin,
        item_contrast: 0.3,
        position_contrast: 0.2,
    })
}

fn objective(config: &UnlikelihoodConfig, device: &Device) -> UnlikelihoodObjective<Encoder> {
    UnlikelihoodObjective::new(encoder(device), generator(device), config.clone()).unwrap()
}

/// The parts by name, per list.
fn read(parts: &LossParts) -> BTreeMap<&'static str, Vec<f32>> {
    parts.parts.iter().map(|part| (part.name, values(part.per_list.clone()))).collect()
}

/// The parts in the order of `NAMES`, from the public functions.
fn by_hand(config: &UnlikelihoodConfig, batch: &ListBatch, device: &Device) -> [Tensor<1>; 3] {
    let (labels, encoded, generator) =
        (batch.labels.as_ref().unwrap(), encoder(device).encode(batch), generator(device));
    let most = config.slots.unwrap_or(LONGEST);
    let matching = generator.matching(&encoded);
    let likelihood = match config.target {
        Target::Exposed => {
            let exposed = ExposedSlates::or_ideal(labels, &encoded.lens);
            let logits = generator.logits(&encoded, &matching, 0..most);
            unlikelihood_loss(logits, &exposed, config.threshold)
        }
        Target::Ideal => {
            let slots = most.min(encoded.pad.dims()[1]);
            let schedule = BlockSchedule::new(slots, slots).unwrap();
            let ties = TiedTargets::Shared;
            let targets = SlotTargets::new(labels, &encoded.ranker, &encoded.lens, schedule, ties);
            generator_loss(generator.logits(&encoded, &matching, 0..slots), &targets).cross_entropy
        }
    };
    let items = contrast_loss(matching.candidates, encoded.pad, config.margin);
    [likelihood, items, contrast_loss(matching.positions, matching.unfilled, config.margin)]
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn parts_are_named_weighted_and_each_is_the_loss_of_its_name(lists in logged(), config in configs()) {
        let device = Device::flex();
        let batch = batch(&lists, &device);
        let parts = objective(&config, &device).losses(&batch);
        let found: Vec<(&str, f64)> = parts.parts.iter().map(|part| (part.name, part.weight)).collect();
        prop_assert_eq!(found, NAMES.into_iter().zip([1., 0.3, 0.2]).collect::<Vec<_>>());
        let found = read(&parts);
        for (name, expected) in NAMES.into_iter().zip(by_hand(&config, &batch, &device)) {
            prop_assert_eq!(found[name].len(), lists.len());
            for (found, expected) in found[name].iter().zip(values(expected)) {
                prop_assert!(close(*found, f64::from(expected)), "{} {} {}", name, found, expected);
            }
        }
    }

    #[test]
    fn padding_and_batch_mates_change_no_part(lists in logged(), config in configs()) {
        let device = Device::flex();
        let objective = objective(&config, &device);
        let together = read(&objective.losses(&batch(&lists, &device)));
        for (index, list) in lists.iter().enumerate() {
            let alone = read(&objective.losses(&batch(std::slice::from_ref(list), &device)));
            for name in NAMES {
                let (alone, together) = (alone[name][0], together[name][index]);
                prop_assert!((alone - together).abs() <= TOLERANCE, "{} {} {}", name, alone, together);
            }
        }
    }

    #[test]
    fn the_ideal_target_does_not_see_what_was_shown_and_needs_contrast(lists in logged(), config in configs()) {
        let device = Device::flex();
        let objective = objective(&UnlikelihoodConfig { target: Target::Ideal, ..config }, &device);
        let hidden: Vec<Logged> = lists.iter().map(|list| Logged { shown: None, ..list.clone() }).collect();
        let found = read(&objective.losses(&batch(&lists, &device)));
        prop_assert_eq!(&found, &read(&objective.losses(&batch(&hidden, &device))));
        for (list, likelihood) in lists.iter().zip(&found["likelihood"]) {
            let relevant = list.labels.iter().filter(|&&label| label > 0.).count();
            prop_assert_eq!(*likelihood > 0., relevant > 0 && relevant < list.labels.len());
        }
    }
}

#[test]
fn without_contrastive_terms_a_liked_slate_costs_its_cross_entropy() {
    let device = Device::flex();
    let lists: Vec<Logged> = (0..4)
        .map(|seed| Logged { labels: vec![1.; 4], shown: Some(crate::common::order(seed, 4)[..3].to_vec()), seed })
        .collect();
    let config = UnlikelihoodConfig { item_contrast: 0., position_contrast: 0., ..UnlikelihoodConfig::default() };
    let batch = batch(&lists, &device);
    let total = values(objective(&config, &device).losses(&batch).total().unwrap());
    let matrix = values(generator(&device).probabilities(&encoder(&device).encode(&batch)));
    for (index, (list, total)) in lists.iter().zip(total).enumerate() {
        let slots = list.shown.as_ref().unwrap().iter().enumerate();
        let cross_entropy: f64 = slots.map(|(slot, item)| -f64::from(matrix[(index * 4 + slot) * 4 + item]).ln()).sum();
        assert!(close(total, cross_entropy), "{total} {cross_entropy}");
    }
}

#[test]
fn parts_without_weight_are_not_built() {
    let device = Device::flex();
    let batch = batch(&[Logged { labels: vec![0., 1., 0.], shown: None, seed: 1 }], &device);
    for (items, positions, names) in [(0., 0., vec![0]), (0.1, 0., vec![0, 1]), (0., 0.1, vec![0, 2])] {
        let weights = UnlikelihoodConfig { item_contrast: items, position_contrast: positions, ..Default::default() };
        let parts = objective(&weights, &device).losses(&batch).parts;
        assert_eq!(
            parts.iter().map(|part| part.name).collect::<Vec<_>>(),
            names.iter().map(|&at| NAMES[at]).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_batch_without_labels_has_no_parts() {
    let device = Device::flex();
    let mut batch = batch(&[Logged { labels: vec![0., 1.], shown: None, seed: 1 }], &device);
    batch.labels = None;
    assert!(objective(&UnlikelihoodConfig::default(), &device).losses(&batch).parts.is_empty());
}

/// Slates that were liked and slates that were not, and one that nobody logged.
fn lists() -> Vec<Logged> {
    let list = |labels: &[f32], shown: &[usize], seed| {
        let shown = (!shown.is_empty()).then(|| shown.to_vec());
        Logged { labels: labels.to_vec(), shown, seed }
    };
    vec![
        list(&[0., 1., 0., 1., 0.], &[1, 4, 2], 11),
        list(&[0., 1., 0., 0.], &[2, 0, 3], 12),
        list(&[0., 0., 1.], &[], 13),
    ]
}

#[test]
fn gradients_are_those_of_finite_differences_and_reach_the_encoder() {
    for target in [Target::Exposed, Target::Ideal] {
        let config = UnlikelihoodConfig { target, item_contrast: 0.5, position_contrast: 0.5, ..Default::default() };
        let terms = |model: &UnlikelihoodObjective<Encoder>, device: &Device| {
            let parts = model.losses(&batch(&lists(), device)).parts;
            Tensor::cat(parts.into_iter().map(|part| part.per_list * part.weight).collect(), 0)
        };
        gradients_fit(|device| objective(&config, device), terms, key_biases);
    }
}

#[test]
fn descending_the_slope_lowers_the_loss_from_the_untrained_model_on() {
    use psad_nar4rec::MatchingConfig;
    let device = Device::flex().autodiff();
    for target in [Target::Exposed, Target::Ideal] {
        let config = UnlikelihoodConfig { target, ..Default::default() };
        let profile = encoder(&device).encode(&batch(&lists(), &device)).profile.dims()[1];
        let fresh = MatchingConfig::new(8, profile, LONGEST).with_feed_forward(12).init(6, &device).unwrap();
        let mut model = UnlikelihoodObjective::new(encoder(&device), fresh, config).unwrap();
        let mut losses = Vec::new();
        for _ in 0..100 {
            let loss = model.losses(&batch(&lists(), &device)).total().unwrap().sum();
            losses.push(loss.clone().into_scalar::<f32>());
            let gradients = gradients_of(&model, &loss.backward());
            model = descended(model, &gradients, 0.002);
        }
        assert!(losses[99] < 0.7 * losses[0], "{losses:?}");
    }
}

#[test]
fn the_default_is_that_of_the_specification() {
    let config = UnlikelihoodConfig::default();
    assert!(config.check().is_ok());
    assert_eq!((config.target, config.threshold, config.slots), (Target::Exposed, 1, None));
    assert_eq!((config.item_contrast, config.position_contrast, config.margin), (0.01, 0.01, 0.5));
}

#[test]
fn what_is_not_allowed_is_named_with_its_value() {
    let with = |change: fn(&mut UnlikelihoodConfig)| {
        let mut config = UnlikelihoodConfig::default();
        change(&mut config);
        config
    };
    for (field, value, config) in [
        ("slots", 0., with(|config| config.slots = Some(0))),
        ("item_contrast", -0.5, with(|config| config.item_contrast = -0.5)),
        ("item_contrast", f64::NAN, with(|config| config.item_contrast = f64::NAN)),
        ("position_contrast", f64::INFINITY, with(|config| config.position_contrast = f64::INFINITY)),
        ("margin", -0.1, with(|config| config.margin = -0.1)),
        ("margin", 2.5, with(|config| config.margin = 2.5)),
        ("margin", f64::NAN, with(|config| config.margin = f64::NAN)),
    ] {
        let error = config.check().unwrap_err();
        assert_eq!(error.field, field);
        assert!(error.to_string().contains(&format!("`{field}` = {value}")), "{error}");
        // Nothing is built from it either.
        let device = Device::flex();
        let built = UnlikelihoodObjective::new(encoder(&device), generator(&device), config);
        assert_eq!(built.unwrap_err().field, field);
    }
}

#[test]
fn what_a_file_does_not_mention_is_the_default_and_what_nobody_knows_is_refused() {
    let numbers = |fields: Vec<(&'static str, f64)>| {
        UnlikelihoodConfig::deserialize(MapDeserializer::<_, Error>::new(fields.into_iter()))
    };
    let expected = UnlikelihoodConfig { margin: 0.7, ..Default::default() };
    assert_eq!(numbers(vec![("margin", 0.7)]).unwrap(), expected);
    let error = numbers(vec![("omega", 0.1)]).unwrap_err().to_string();
    assert!(error.contains("omega"), "{error}");
    let words = |target: &'static str| {
        let fields = [("target", target)];
        UnlikelihoodConfig::deserialize(MapDeserializer::<_, Error>::new(fields.into_iter()))
    };
    assert_eq!(words("ideal").unwrap().target, Target::Ideal);
    assert!(words("Ideal").is_err());
}
