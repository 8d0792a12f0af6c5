//! A configuration that cannot work is refused with its field.

use psad::distill::DistillationForm;
use psad::{Psad, PsadConfig, PsadError};

use crate::common::{DATA, config};

fn refused(change: impl FnOnce(&mut PsadConfig)) -> PsadError {
    let mut config = config();
    change(&mut config);
    Psad::new(&DATA.schema, config, 1).unwrap_err()
}

#[test]
fn a_size_of_zero_is_refused() {
    for change in [
        |config: &mut PsadConfig| config.encoder.embedding = 0,
        |config: &mut PsadConfig| config.encoder.width = 0,
        |config: &mut PsadConfig| config.encoder.heads = 0,
        |config: &mut PsadConfig| config.encoder.feed_forward = 0,
        |config: &mut PsadConfig| config.encoder.list_layers = 0,
        |config: &mut PsadConfig| config.encoder.profile_hidden = 0,
        |config: &mut PsadConfig| config.encoder.decay_groups = 0,
    ] {
        let error = refused(change);
        assert!(matches!(error, PsadError::Encoder(_)), "{error:?}");
    }
    assert!(matches!(refused(|config| config.pointer = 0), PsadError::Generator(_)));
    assert!(matches!(refused(|config| config.scorer_hidden = vec![8, 0]), PsadError::Scorer { layer: 1 }));
}

#[test]
fn heads_and_groups_must_divide_the_width() {
    assert!(refused(|config| config.encoder.heads = 3).to_string().contains("`heads` = 3"));
    assert!(refused(|config| config.encoder.decay_groups = 5).to_string().contains("`decay_groups` = 5"));
}

#[test]
fn an_objective_outside_its_range_is_refused() {
    let fault = |change: fn(&mut PsadConfig)| match refused(change) {
        PsadError::Objective(error) => error.field,
        other => panic!("{other}"),
    };
    assert_eq!(fault(|config| config.objective.block_size = 0), "block_size");
    assert_eq!(fault(|config| config.objective.slots = Some(0)), "slots");
    assert_eq!(fault(|config| config.objective.decay = 0.), "decay");
    assert_eq!(fault(|config| config.objective.decay = 1.1), "decay");
    assert_eq!(fault(|config| config.objective.distillation = f64::NAN), "distillation");
    assert_eq!(fault(|config| config.objective.hinge = f64::INFINITY), "hinge");
    assert_eq!(fault(|config| config.objective.hinge = -1.), "hinge");
    assert_eq!(fault(|config| config.objective.temperature = 0.), "temperature");
    assert_eq!(fault(|config| config.objective.max_label = f64::NAN), "max_label");
}

#[test]
fn a_configuration_survives_json_and_a_misspelt_field_does_not() {
    let mut config = config();
    config.objective.form = DistillationForm::RowWise;
    let json = serde_json::to_string(&config).unwrap();
    let read: PsadConfig = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    assert!(serde_json::from_str::<PsadConfig>(r#"{ "pointr": 8 }"#).is_err());
    assert!(serde_json::from_str::<PsadConfig>(r#"{ "objective": { "block": 8 } }"#).is_err());
    assert_eq!(serde_json::from_str::<PsadConfig>("{}").unwrap().pointer, PsadConfig::default().pointer);
}
