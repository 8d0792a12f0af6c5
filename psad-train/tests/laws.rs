//! Laws of a run as a whole.

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::Device;
use common::{Clicks, Outcome, lists, outcome, schema, tables};
use proptest::prelude::*;
use psad_core::LabeledList;
use psad_nn::{Batcher, Objective, Tables};
use psad_train::{EpochReport, FitEnd, FitStart, Fitted, Observer, Session, StepReport};
use psad_train::{TrainConfig, TrainError, Trainer};

fn config() -> TrainConfig {
    TrainConfig { epochs: 3, batch_size: 12, shard_size: 5, learning_rate: 0.05, workers: 2, ..TrainConfig::default() }
}

fn fit(config: TrainConfig, train: &[LabeledList]) -> Result<Fitted<Clicks>, TrainError> {
    let train: Vec<&LabeledList> = train.iter().collect();
    let device = Device::flex();
    let mut value = 0.;
    Trainer::new(config)?.fit(Clicks::init(5, &device), tables(), &schema(), &device, &train, |_, _| {
        value += 1.;
        Ok(value)
    })
}

fn fitted_outcome(config: TrainConfig, train: &[LabeledList]) -> Outcome {
    let fitted = fit(config, train).unwrap();
    outcome(&fitted.model, &fitted.tables)
}

/// Mean click loss on lists, as a validation would compute it.
fn click_loss(model: &Clicks, tables: &Arc<Tables>, on: &[LabeledList]) -> f64 {
    let on: Vec<&LabeledList> = on.iter().collect();
    let batch = Batcher::new(&schema()).lists(&on, tables, &Device::flex()).unwrap();
    let values = model.losses(&batch).parts[0].per_list.clone().try_into_vec_as::<f32>().unwrap();
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

#[test]
fn the_same_run_gives_the_same_bits() {
    let train = lists(40, 1);
    assert_eq!(fitted_outcome(config(), &train), fitted_outcome(config(), &train));
    let other = TrainConfig { seed: 43, ..config() };
    assert_ne!(fitted_outcome(other, &train), fitted_outcome(config(), &train));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn the_number_of_workers_never_changes_a_bit(
        count in 1_usize..30,
        batch_size in 1_usize..20,
        shard_size in 1_usize..8,
        seed: u64,
    ) {
        let train = lists(count, seed);
        let config = TrainConfig { epochs: 2, batch_size, shard_size, seed, ..config() };
        let one = fitted_outcome(TrainConfig { workers: 1, ..config.clone() }, &train);
        for workers in [2, 3] {
            prop_assert_eq!(&fitted_outcome(TrainConfig { workers, ..config.clone() }, &train), &one);
        }
    }
}

#[test]
fn a_device_with_autodiff_or_without_and_a_model_in_either_form_train_alike() {
    let train = lists(20, 2);
    let train: Vec<&LabeledList> = train.iter().collect();
    let run = |device: Device, of: Device| {
        let fitted = Trainer::new(config())
            .unwrap()
            .fit(Clicks::init(5, &of), tables(), &schema(), &device, &train, |_, _| Ok(0.))
            .unwrap();
        outcome(&fitted.model, &fitted.tables)
    };
    let plain = run(Device::flex(), Device::flex());
    assert_eq!(run(Device::flex().autodiff(), Device::flex()), plain);
    assert_eq!(run(Device::flex(), Device::flex().autodiff()), plain);
}

#[test]
fn training_really_learns_what_is_clicked() {
    let (train, held_out) = (lists(300, 3), lists(60, 4));
    let before = click_loss(&Clicks::init(5, &Device::flex()), &Arc::new(tables()), &held_out);
    let config = TrainConfig { epochs: 20, batch_size: 30, shard_size: 15, ..config() };
    let fitted = fit(config, &train).unwrap();
    let after = click_loss(&fitted.model, &fitted.tables, &held_out);
    assert!(before > 0.5 && after < 0.1, "{before} -> {after}");
    let totals: Vec<f64> = fitted.epochs.iter().map(|epoch| epoch.total).collect();
    assert!(totals[19] < 0.5 * totals[0], "{totals:?}");
    assert_eq!(fitted.best_epoch, 20);
}

#[test]
fn a_step_changes_exactly_the_rows_it_touches_and_no_idle_parameter() {
    let train = lists(9, 6);
    let train: Vec<&LabeledList> = train.iter().collect();
    let device = Device::flex();
    let before = outcome(&Clicks::init(5, &device), &Arc::new(tables()));
    let mut session = Session::new(Clicks::init(5, &device), tables(), &schema(), &config(), 1, &device).unwrap();
    let report = session.step(&train).unwrap();
    assert_eq!((report.step, report.lists, session.steps_done()), (1, 9, 1));
    let after = outcome(&session.inference(), session.tables());
    let batch = Batcher::new(&schema()).lists(&train, &tables(), &device).unwrap();
    let touched: BTreeSet<(usize, u32)> = batch.touched.iter().map(|touched| (touched.table, touched.row)).collect();
    for (table, (old, new)) in before.1.as_slice().iter().zip(after.1.as_slice()).enumerate() {
        for row in 0..old.vocabulary() as u32 {
            assert_eq!(old.row(row) != new.row(row), touched.contains(&(table, row)), "table {table}, row {row}");
        }
    }
    for (path, old) in &before.0 {
        assert_eq!(*old != after.0[path], !path.starts_with("idle"), "{path}");
    }
}

#[test]
fn a_validation_that_dropped_its_tables_costs_no_copy() {
    let train = lists(9, 6);
    let train: Vec<&LabeledList> = train.iter().collect();
    let device = Device::flex();
    let mut session = Session::new(Clicks::init(5, &device), tables(), &schema(), &config(), 9, &device).unwrap();
    let before = Arc::as_ptr(session.tables());
    session.step(&train).unwrap();
    assert_eq!(Arc::as_ptr(session.tables()), before);
    let held = session.tables().clone();
    session.step(&train).unwrap();
    assert_ne!(*held, **session.tables());
}

#[test]
fn weight_decay_shrinks_weights_and_spares_biases_and_rows() {
    let train = lists(9, 6);
    let run = |weight_decay| fitted_outcome(TrainConfig { weight_decay, epochs: 1, ..config() }, &train);
    let (without, with) = (run(0.), run(0.1));
    assert_ne!(without.0["items.weight"], with.0["items.weight"]);
    assert_eq!(without.0["items.bias"], with.0["items.bias"]);
    assert_eq!(without.1, with.1);
}

#[test]
fn the_validation_alone_decides_which_epoch_is_the_best_and_when_to_stop() {
    let train = lists(24, 7);
    let train: Vec<&LabeledList> = train.iter().collect();
    let device = Device::flex();
    // Training goes on getting better; only the validation says otherwise.
    let script = [0.2, 0.7, 0.4, 0.7, 0.9];
    let mut seen = Vec::new();
    let fitted = Trainer::new(TrainConfig { epochs: 5, patience: Some(2), ..config() })
        .unwrap()
        .fit(Clicks::init(5, &device), tables(), &schema(), &device, &train, |model, tables| {
            // A deep copy: holding the tables themselves would be no snapshot of ours.
            seen.push(outcome(model, &Arc::new((**tables).clone())));
            Ok(script[seen.len() - 1])
        })
        .unwrap();
    assert_eq!((fitted.best_epoch, fitted.stopped_early, fitted.epochs.len()), (2, true, 4));
    assert_eq!(outcome(&fitted.model, &fitted.tables), seen[1]);
    assert_ne!(seen[1], seen[3]);
    let totals: Vec<f64> = fitted.epochs.iter().map(|epoch| epoch.total).collect();
    assert!(totals[3] < totals[1], "{totals:?}");
}

#[derive(Default)]
struct Log {
    start: Option<FitStart>,
    steps: Vec<StepReport>,
    epochs: Vec<EpochReport>,
    end: Option<FitEnd>,
}

impl Observer for Log {
    fn fit_started(&mut self, start: &FitStart) {
        self.start = Some(start.clone());
    }

    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.steps.push(report.clone());
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.epochs.push(report.clone());
        ControlFlow::Continue(())
    }

    fn finished(&mut self, end: &FitEnd) {
        self.end = Some(end.clone());
    }
}

#[test]
fn observers_see_every_step_and_epoch_and_change_nothing() {
    let train = lists(30, 10);
    let refs: Vec<&LabeledList> = train.iter().collect();
    let device = Device::flex();
    let (mut log, mut steps, mut epochs) = (Log::default(), 0, 0);
    let fitted = Trainer::new(config())
        .unwrap()
        .observe(&mut log)
        .observe(psad_train::ProgressBar::new())
        .observe_steps(|_| steps += 1)
        .observe_epochs(|report| epochs = report.epoch)
        .fit(Clicks::init(5, &device), tables(), &schema(), &device, &refs, |_, _| Ok(0.5))
        .unwrap();
    let start = FitStart { steps: 9, steps_done: 0, batches: 3, epochs: 3, lists: 30 };
    assert_eq!((log.start, steps, epochs), (Some(start), 9, 3));
    assert_eq!(log.epochs, fitted.epochs);
    let places: Vec<_> = log.steps.iter().map(|step| (step.step, step.epoch, step.batch, step.lists)).collect();
    assert_eq!(places[..4], [(1, 1, 1, 12), (2, 1, 2, 12), (3, 1, 3, 6), (4, 2, 1, 12)]);
    let names: Vec<&str> = log.steps[0].parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["click", "size", "room"]);
    let mean: f64 = log.steps[..3].iter().map(|step| step.total * step.lists as f64).sum::<f64>() / 30.;
    assert!((mean - fitted.epochs[0].total).abs() < 1e-9);
    let end = FitEnd { epochs: 3, best_epoch: 1, best_validation: 0.5, stopped_early: false };
    assert_eq!(log.end, Some(end));

    let unseen = Trainer::new(config())
        .unwrap()
        .fit(Clicks::init(5, &device), tables(), &schema(), &device, &refs, |_, _| Ok(0.5))
        .unwrap();
    assert_eq!(outcome(&unseen.model, &unseen.tables), outcome(&fitted.model, &fitted.tables));
}
