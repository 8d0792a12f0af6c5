//! The weights of the objective: what is allowed, what stands in a file.

mod common;

use burn::tensor::Device;
use common::model::{generator, reader, scorer};
use psad_distill::{DistillationForm, JointConfig, JointObjective};

/// Changes the default.
fn with(change: impl FnOnce(&mut JointConfig)) -> JointConfig {
    let mut config = JointConfig::default();
    change(&mut config);
    config
}

#[test]
fn the_default_is_that_of_the_documentation() {
    let config = JointConfig::default();
    assert!(config.check().is_ok());
    assert_eq!(
        (config.decay, config.temperature, config.distillation, config.influence_penalty),
        (0.8, 0.3, 0.2, 0.05)
    );
    assert_eq!((config.slots, config.form), (None, DistillationForm::Slate));
}

#[test]
fn what_is_not_allowed_is_named_with_its_value() {
    let nan = f64::NAN;
    for (field, value, config) in [
        ("block_size", 0., with(|config| config.block_size = 0)),
        ("slots", 0., with(|config| config.slots = Some(0))),
        ("distillation", -0.5, with(|config| config.distillation = -0.5)),
        ("distillation", nan, with(|config| config.distillation = nan)),
        ("hinge", f64::INFINITY, with(|config| config.hinge = f64::INFINITY)),
        ("hinge", -1., with(|config| config.hinge = -1.)),
        ("decay", 0., with(|config| config.decay = 0.)),
        ("decay", 1.5, with(|config| config.decay = 1.5)),
        ("decay", nan, with(|config| config.decay = nan)),
        ("influence_penalty", -0.5, with(|config| config.influence_penalty = -0.5)),
        ("distillation", 0., with(|config| (config.distillation_only, config.distillation) = (true, 0.))),
        ("temperature", 0., with(|config| config.temperature = 0.)),
        ("temperature", f64::INFINITY, with(|config| config.temperature = f64::INFINITY)),
        ("max_label", -2., with(|config| config.max_label = -2.)),
        ("max_label", 0., with(|config| config.max_label = 0.)),
    ] {
        let error = config.check().unwrap_err();
        assert_eq!(error.field, field);
        assert!(error.value == value || error.value.is_nan() && value.is_nan(), "{field}: {}", error.value);
        assert!(error.to_string().contains(&format!("`{field}` = {value}")), "{error}");
        // Nothing is built from it either.
        let device = Device::flex();
        let built =
            JointObjective::new(reader(&device), generator(1, &device), [scorer(&device), scorer(&device)], config);
        assert_eq!(built.unwrap_err().field, field);
    }
}

#[test]
fn the_ends_of_what_is_allowed_are_allowed() {
    let config = with(|config| {
        (config.block_size, config.slots) = (usize::MAX, Some(usize::MAX));
        (config.distillation, config.hinge, config.decay) = (0., 0., 1.);
    });
    assert!(config.check().is_ok());
}

#[test]
fn a_configuration_survives_a_file() {
    let config = with(|config| {
        (config.slots, config.form, config.decay) = (Some(3), DistillationForm::RowWise, 0.7);
    });
    let json = serde_json::to_string(&config).unwrap();
    assert!(json.contains("\"row-wise\""), "{json}");
    assert_eq!(serde_json::from_str::<JointConfig>(&json).unwrap(), config);
}

#[test]
fn what_a_file_does_not_mention_is_the_default() {
    let found: JointConfig = serde_json::from_str(r#"{"block_size":2}"#).unwrap();
    assert_eq!(found, with(|config| config.block_size = 2));
}

#[test]
fn a_field_that_nobody_knows_is_refused() {
    let error = serde_json::from_str::<JointConfig>(r#"{"alpha":2}"#).unwrap_err().to_string();
    assert!(error.contains("alpha"), "{error}");
    assert!(serde_json::from_str::<JointConfig>(r#"{"form":"rowwise"}"#).is_err());
}
