//! What goes wrong is said with its place.

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use common::{Clicks, lists, schema, tables};
use psad_core::LabeledList;
use psad_nn::{ListBatch, LossParts, Objective, named_parameters};
use psad_train::{Fitted, TrainConfig, TrainError, Trainer};

fn config() -> TrainConfig {
    TrainConfig { epochs: 3, batch_size: 12, shard_size: 5, workers: 2, ..TrainConfig::default() }
}

fn fit<O: Objective>(model: O, config: TrainConfig, train: &[LabeledList]) -> Result<Fitted<O>, TrainError> {
    let train: Vec<&LabeledList> = train.iter().collect();
    Trainer::new(config)?.fit(model, tables(), &schema(), &Device::flex(), &train, |_, _| Ok(0.))
}

fn clicks() -> Clicks {
    Clicks::init(5, &Device::flex())
}

/// A loss of 0 with a slope that is infinite.
#[derive(Module, Debug)]
struct Root {
    inner: Clicks,
}

impl Objective for Root {
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let logits = self.inner.logits(batch);
        let flat = (logits.clone() - logits.detach()).sqrt().sum_dim(1);
        let lists = flat.dims()[0];
        LossParts::default().with("root", 1., flat.reshape([lists]))
    }
}

/// A loss that does not depend on the model, with as many values as asked for; none of it where that is 0.
#[derive(Module, Debug)]
struct Constant {
    inner: Clicks,
    values: usize,
}

impl Objective for Constant {
    fn losses(&self, batch: &ListBatch) -> LossParts {
        if self.values == 0 {
            return LossParts::default();
        }
        LossParts::default().with("constant", 1., Tensor::ones([self.values], &batch.rows.device()))
    }
}

#[test]
fn a_loss_that_is_no_number_is_reported_with_part_batch_and_list() {
    let mut train = lists(30, 8);
    train[17] = common::list(&[2, 3], &[0., 2. * common::TOO_DEAR], 1);
    match fit(clicks(), TrainConfig { shard_size: 3, ..config() }, &train).unwrap_err() {
        TrainError::NonFiniteLoss { part: "room", epoch: 1, batch, list: 17, value } => {
            assert!((1..=3).contains(&batch) && value.is_nan());
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_gradient_that_is_no_number_is_reported_with_its_parameter() {
    let mut train = lists(3, 8);
    // The root of exactly 0 has a finite value and an infinite slope, but a price is no parameter; so this trains.
    train[1] = common::list(&[2, 3], &[0., common::TOO_DEAR], 1);
    assert!(fit(clicks(), config(), &train).is_ok());

    let fault = fit(Root { inner: clicks() }, config(), &train);
    match fault.unwrap_err() {
        TrainError::NonFiniteGradient { parameter, epoch: 1, batch: 1, .. } => {
            assert!(parameter.starts_with("inner."), "{parameter}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn faults_of_lists_and_configurations_are_told_apart() {
    assert!(matches!(fit(clicks(), config(), &[]), Err(TrainError::NoLists)));
    let long = common::list(&[1; 9], &[0.; 9], 0);
    assert!(matches!(fit(clicks(), config(), &[long]), Err(TrainError::List(_))));
    assert!(matches!(Trainer::new(TrainConfig { epochs: 0, ..config() }), Err(TrainError::Config { .. })));
}

#[test]
fn an_objective_without_loss_or_with_a_misshapen_one_is_refused() {
    let train = lists(5, 9);
    let constant = |values| Constant { inner: clicks(), values };
    assert!(matches!(fit(constant(0), config(), &train), Err(TrainError::NoLoss)));
    let fault = fit(constant(3), config(), &train).unwrap_err();
    assert!(matches!(fault, TrainError::LossShape { part: "constant", expected: 5, found: 3 }));
}

#[test]
fn a_loss_that_depends_on_nothing_changes_nothing() {
    let fitted = fit(Constant { inner: clicks(), values: 5 }, config(), &lists(5, 9)).unwrap();
    assert_eq!(named_parameters(&fitted.model.inner).unwrap(), named_parameters(&clicks()).unwrap());
    assert_eq!(*fitted.tables, tables());
    assert_eq!(fitted.epochs[0].total, 1.);
}

#[test]
fn frozen_parameters_stay_while_rows_learn() {
    let fitted = fit(clicks().no_grad(), config(), &lists(5, 9)).unwrap();
    assert_eq!(named_parameters(&fitted.model).unwrap(), named_parameters(&clicks()).unwrap());
    assert_ne!(*fitted.tables, tables());
}

#[test]
fn a_validation_that_fails_or_gives_no_number_ends_the_run() {
    let (train, device) = (lists(5, 9), Device::flex());
    let train: Vec<&LabeledList> = train.iter().collect();
    let trainer = || Trainer::new(config()).unwrap();
    let fault = trainer().fit(clicks(), tables(), &schema(), &device, &train, |_, _| Err("no lists left".into()));
    assert!(fault.unwrap_err().to_string().contains("after epoch 1: no lists left"));
    let fault = trainer().fit(clicks(), tables(), &schema(), &device, &train, |_, _| Ok(f64::NAN));
    assert!(matches!(fault, Err(TrainError::NonFiniteValidation { epoch: 1, .. })));
}
