//! Configurations that cannot be, ablations, seeds.

use std::collections::BTreeMap;

use burn::config::Config;
use burn::tensor::Device;
use proptest::prelude::*;
use psad_encoder::{EncoderConfigError, SharedEncoderConfig};
use psad_nn::{ListEncoder, NoPersonalization, load_parameters, named_parameters};

use crate::common::{EMBEDDING, RICH, WIDTH, as_if_trained, batch, config, fields, list, read, schema};

#[test]
fn a_size_of_zero_is_named() {
    let plain = config;
    let zeros: [(&'static str, SharedEncoderConfig); 7] = [
        ("embedding", plain().with_embedding(0)),
        ("width", plain().with_width(0)),
        ("heads", plain().with_heads(0)),
        ("feed_forward", plain().with_feed_forward(0)),
        ("list_layers", plain().with_list_layers(0)),
        ("profile_hidden", plain().with_profile_hidden(0)),
        ("decay_groups", plain().with_decay_groups(0)),
    ];
    for (field, config) in zeros {
        let expected = EncoderConfigError::Zero { field };
        assert_eq!(config.check(), Err(expected.clone()));
        assert_eq!(config.init(&schema(RICH), 1, &Device::flex()).map(|_| ()), Err(expected.clone()));
        let with = config.init_with(NoPersonalization::new(WIDTH), &schema(RICH), 1, &Device::flex());
        assert_eq!(with.map(|_| ()), Err(expected.clone()));
        assert!(expected.to_string().contains(field));
    }
    assert_eq!(config().check(), Ok(()));
}

#[test]
fn a_width_that_cannot_be_cut_is_named_with_both_numbers() {
    let indivisible = |field, value| Err(EncoderConfigError::Indivisible { field, value, width: WIDTH });
    assert_eq!(config().with_heads(3).check(), indivisible("heads", 3));
    assert_eq!(config().with_decay_groups(5).check(), indivisible("decay_groups", 5));
    assert_eq!(config().with_heads(16).init(&schema(RICH), 1, &Device::flex()).map(|_| ()), indivisible("heads", 16));
}

#[test]
fn a_configuration_survives_being_written() {
    let config = config().with_gate(false).with_list_layers(3);
    let read = SharedEncoderConfig::load_binary(config.to_string().as_bytes()).unwrap();
    assert_eq!(read.to_string(), config.to_string());
    assert!(!read.gate && read.list_layers == 3);
    assert_eq!(SharedEncoderConfig::new().check(), Ok(()), "the defaults fit together");
}

#[test]
fn the_seed_alone_decides_the_weights() {
    let parameters =
        |seed, device: &Device| named_parameters(&config().init(&schema(RICH), seed, device).unwrap()).unwrap();
    let first = parameters(1, &Device::flex());
    assert_eq!(first, parameters(1, &Device::flex()));
    assert_eq!(first, parameters(1, &Device::flex().autodiff()));
    let second = parameters(2, &Device::flex());
    // Biases start at zero and norms at one; everything else is drawn.
    for (path, values) in first.iter().filter(|(_, values)| values.iter().any(|&value| value != 0. && value != 1.)) {
        assert_ne!(values, &second[path], "{path}");
    }
    // Parts that shared a seed would begin with the same signs, whatever their widths.
    let drawn = first.values().filter(|values| values.iter().any(|&value| value != 0. && value != 1.));
    let mut signs: Vec<Vec<bool>> = drawn
        .filter(|values| values.len() >= 24)
        .map(|values| values.iter().take(24).map(|&value| value > 0.).collect())
        .collect();
    let count = signs.len();
    signs.sort();
    signs.dedup();
    assert!(count > 20 && signs.len() == count, "two parts are drawn alike");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn an_ablation_leaves_the_weights_of_all_else(on: [bool; 3], fields in fields(), seed: u64) {
        let init = |on: [bool; 3]| {
            let config = config().with_gate(on[0]).with_history_positions(on[1]).with_candidate_positions(on[2]);
            named_parameters(&config.init(&schema(fields), seed, &Device::flex()).unwrap()).unwrap()
        };
        let parts = ["personalization.gate.", "personalization.interest_decay.", "personalization.position_bias."];
        let off = |path: &str| parts.iter().zip(on).any(|(part, on)| !on && path.starts_with(part));
        let full = init([true; 3]);
        prop_assert!(parts.iter().all(|part| full.keys().any(|path| path.starts_with(part))));
        prop_assert_eq!(init(on), full.into_iter().filter(|(path, _)| !off(path)).collect::<BTreeMap<_, _>>());
    }

    #[test]
    fn with_everything_switched_off_it_is_an_encoder_without_personalisation(list in list(), fields in fields()) {
        let (device, schema) = (Device::flex(), schema(fields));
        let off = config().with_gate(false).with_history_positions(false).with_candidate_positions(false);
        let off = as_if_trained(off.init(&schema, 9, &device).unwrap());
        let none = config().init_with(NoPersonalization::new(WIDTH), &schema, 1, &device).unwrap();
        let none = load_parameters(none, named_parameters(&off).unwrap()).unwrap();
        let batch = batch(std::slice::from_ref(&list), fields, &device);
        prop_assert_eq!(read(&off.encode(&batch), 0), read(&none.encode(&batch), 0));
    }

    #[test]
    fn every_part_of_the_personalisation_is_felt(list in list(), fields in fields()) {
        prop_assume!(!list.history.is_empty());
        let (device, schema) = (Device::flex(), schema(fields));
        let full = as_if_trained(config().init(&schema, 9, &device).unwrap());
        let values = named_parameters(&full).unwrap();
        let batch = batch(std::slice::from_ref(&list), fields, &device);
        let full = read(&full.encode(&batch), 0);
        for ablated in [config().with_gate(false), config().with_history_positions(false), config().with_candidate_positions(false)] {
            let ablated = ablated.init(&schema, 9, &device).unwrap();
            let kept = named_parameters(&ablated).unwrap();
            let values = values.clone().into_iter().filter(|(path, _)| kept.contains_key(path)).collect();
            let ablated = load_parameters(ablated, values).unwrap();
            prop_assert!(read(&ablated.encode(&batch), 0).gap(&full) > 1e-4);
        }
    }

    #[test]
    fn the_widths_that_it_announces_are_those_that_it_yields(list in list(), fields in fields()) {
        let (device, schema) = (Device::flex(), schema(fields));
        let encoded = config().init(&schema, 1, &device).unwrap().encode(&batch(std::slice::from_ref(&list), fields, &device));
        let users = schema.user_sparse().len() * EMBEDDING + schema.user_dense().len();
        prop_assert_eq!((config().user_width(&schema), config().profile_width(&schema)), (users, users + WIDTH));
        prop_assert_eq!(encoded.profile.dims(), [1, users + WIDTH]);
        prop_assert_eq!(encoded.items.dims(), [1, list.candidates.len(), WIDTH]);
        prop_assert_eq!(encoded.inputs.dims(), encoded.items.dims());
    }
}
