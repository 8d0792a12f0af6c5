//! Whatever a model file holds, loading it is a model or a typed error.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Axis};
use proptest::prelude::*;
use psad::core::{ModelFile, ModelFileError};
use psad::nn::ParameterError;
use psad::{Psad, PsadError};
use serde_json::Value;

use crate::common::{DATA, FITTED, bytes};

fn load(bytes: &[u8]) -> Result<Psad, PsadError> {
    Psad::from_file(&ModelFile::from_bytes(bytes)?)
}

/// A file with a right checksum and another content.
fn changed(change: impl FnOnce(&mut Value, &mut BTreeMap<String, ArrayD<f32>>)) -> ModelFile {
    changed_kind("psad", change)
}

fn changed_kind(kind: &str, change: impl FnOnce(&mut Value, &mut BTreeMap<String, ArrayD<f32>>)) -> ModelFile {
    let file = FITTED.method.to_file().unwrap();
    let (mut config, mut tensors) = (file.header().config.clone(), file.tensors().clone());
    change(&mut config, &mut tensors);
    let mut file = ModelFile::new(kind, DATA.schema.clone(), config);
    for (name, values) in tensors {
        file.insert(name, values);
    }
    ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap()
}

fn each_tensor() -> Vec<String> {
    FITTED.method.to_file().unwrap().tensors().keys().cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_truncated_file_is_an_error(part in 0_f64..1.) {
        let whole = bytes(&FITTED.method);
        let length = (whole.len() as f64 * part) as usize;
        prop_assert!(matches!(load(&whole[..length]), Err(PsadError::File(_))));
    }

    #[test]
    fn a_flipped_bit_is_an_error_wherever_it_is(place in 0_f64..1., early: bool, bit in 0_u32..8) {
        let mut whole = bytes(&FITTED.method);
        // Half of the flips hit length and header, which are a small part of the file.
        let range = if early { whole.len().min(6_000) } else { whole.len() };
        whole[(range as f64 * place) as usize] ^= 1 << bit;
        prop_assert!(matches!(load(&whole), Err(PsadError::File(_))));
    }

    #[test]
    fn noise_is_an_error(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load(&noise).is_err());
    }
}

#[test]
fn a_safetensors_file_of_someone_else_is_told_apart() {
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2], &[0; 8]).unwrap();
    let foreign = safetensors::serialize([("weight", view)], None).unwrap();
    assert!(matches!(load(&foreign), Err(PsadError::File(ModelFileError::NoHeader))));
}

#[test]
fn another_kind_and_another_version_are_told_apart() {
    let other = changed_kind("something else", |_, _| {});
    assert!(matches!(Psad::from_file(&other), Err(PsadError::File(ModelFileError::Kind { .. }))));

    let whole = bytes(&FITTED.method);
    let key = br#"format_version\":"#;
    let place = whole.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    let mut newer = whole;
    newer[place] = b'7';
    assert!(matches!(load(&newer), Err(PsadError::File(ModelFileError::Version { found: 7, .. }))));
}

#[test]
fn a_missing_tensor_is_named() {
    for name in each_tensor() {
        let error = Psad::from_file(&changed(|_, tensors| drop(tensors.remove(&name)))).unwrap_err();
        let missing = match &error {
            PsadError::File(ModelFileError::MissingTensor { name: missing }) => missing.clone(),
            PsadError::Parameter(ParameterError::Missing { path }) => format!("model.{path}"),
            other => panic!("{name}: {other}"),
        };
        assert_eq!(missing, name);
    }
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    for name in each_tensor() {
        let file = changed(|_, tensors| {
            let tensor = tensors.get_mut(&name).unwrap();
            let twice = ndarray::concatenate(Axis(0), &[tensor.view(), tensor.view()]).unwrap();
            *tensor = twice;
        });
        let error = Psad::from_file(&file).unwrap_err();
        let typed = matches!(
            &error,
            PsadError::File(ModelFileError::Shape { .. }) | PsadError::Parameter(ParameterError::Shape { .. })
        );
        assert!(typed && error.to_string().contains(name.trim_start_matches("model.")), "{name}: {error}");
    }
}

#[test]
fn a_weight_that_is_no_number_is_named() {
    for (name, value) in each_tensor().into_iter().zip([f32::NAN, f32::INFINITY].into_iter().cycle()) {
        let file = changed(|_, tensors| {
            if let Some(last) = tensors.get_mut(&name).and_then(|tensor| tensor.iter_mut().last()) {
                *last = value;
            }
        });
        let error = Psad::from_file(&file).unwrap_err();
        let typed = matches!(
            &error,
            PsadError::File(ModelFileError::NonFinite { .. }) | PsadError::Parameter(ParameterError::NonFinite { .. })
        );
        assert!(typed && error.to_string().contains(name.trim_start_matches("model.")), "{name}: {error}");
    }
}

#[test]
fn a_tensor_that_no_part_asks_for_is_an_error() {
    for name in ["model.spare", "tables.spare", "spare"] {
        let file = changed(|_, tensors| drop(tensors.insert(name.to_owned(), ndarray::arr1(&[1.]).into_dyn())));
        let error = Psad::from_file(&file).unwrap_err();
        assert!(error.to_string().contains("spare"), "{name}: {error}");
    }
}

#[test]
fn a_configuration_that_is_not_one_is_an_error() {
    let refused = |change: fn(&mut Value)| Psad::from_file(&changed(|config, _| change(config))).unwrap_err();
    for change in [
        |config: &mut Value| config["colour"] = "red".into(),
        |config: &mut Value| config["encoder"]["width"] = "wide".into(),
        |config: &mut Value| config["objective"]["temper"] = 1.into(),
        |config: &mut Value| *config = Value::Null,
    ] {
        assert!(matches!(refused(change), PsadError::File(ModelFileError::Config(_))), "{}", refused(change));
    }
    assert!(matches!(refused(|config| config["encoder"]["heads"] = 3.into()), PsadError::Encoder(_)));
    assert!(matches!(refused(|config| config["objective"]["decay"] = 0.into()), PsadError::Objective(_)));
}

#[test]
fn a_claim_beyond_the_file_is_refused_before_memory_is_asked_for() {
    for huge in [1_u64 << 40, u64::MAX - 1] {
        for field in ["embedding", "width", "feed_forward", "list_layers", "profile_hidden"] {
            let error = Psad::from_file(&changed(|config, _| config["encoder"][field] = huge.into())).unwrap_err();
            assert!(matches!(error, PsadError::File(_)), "{field}: {error}");
        }
        for (field, value) in [("pointer", Value::from(huge)), ("scorer_hidden", vec![huge, huge].into())] {
            let error = Psad::from_file(&changed(|config, _| config[field] = value)).unwrap_err();
            assert!(matches!(error, PsadError::File(_)), "{field}: {error}");
        }
        // Nor may the schema's limits, which decide the length of the position tables.
        for limit in ["max_history", "max_candidates"] {
            let mut schema = serde_json::to_value(&DATA.schema).unwrap();
            schema[limit] = huge.into();
            let file = FITTED.method.to_file().unwrap();
            let config = file.header().config.clone();
            let mut claim = ModelFile::new("psad", serde_json::from_value(schema).unwrap(), config);
            for (name, values) in file.tensors() {
                claim.insert(name, values.clone());
            }
            let error = Psad::from_file(&claim).unwrap_err();
            assert!(matches!(error, PsadError::File(_)), "{limit}: {error}");
        }
    }
}
