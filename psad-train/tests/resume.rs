//! A run that is interrupted and resumed ends like one that is not, bit for bit.

mod common;

use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use common::{Clicks, lists, outcome, schema, tables};
use psad_core::LabeledList;
use psad_train::{
    CheckpointPlan, EpochReport, FitStart, Fitted, Observer, StepReport, TrainConfig, TrainError, Trainer,
};

const STEPS: usize = 9;

fn config() -> TrainConfig {
    TrainConfig {
        epochs: 3,
        batch_size: 8,
        shard_size: 3,
        learning_rate: 0.05,
        workers: 2,
        weight_decay: 0.01,
        patience: Some(2),
        ..TrainConfig::default()
    }
}

/// Stops where it is told to, and remembers where the run began.
#[derive(Default)]
struct Stop {
    after_step: Option<usize>,
    after_epoch: Option<usize>,
    began_at: usize,
}

impl Observer for Stop {
    fn fit_started(&mut self, start: &FitStart) {
        self.began_at = start.steps_done;
    }

    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        if self.after_step == Some(report.step) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.after_epoch == Some(report.epoch) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn train() -> Vec<LabeledList> {
    lists(20, 21)
}

/// The second epoch is the best, so that a resumed run needs the snapshot of an epoch that it has not done itself.
fn fit(config: TrainConfig, plan: Option<CheckpointPlan>, stop: &mut Stop) -> Result<Fitted<Clicks>, TrainError> {
    let (train, device) = (train(), Device::flex());
    let train: Vec<&LabeledList> = train.iter().collect();
    let trainer = Trainer::new(config)?.observe(&mut *stop);
    let trainer = match plan {
        Some(plan) => trainer.checkpoints(plan),
        None => trainer,
    };
    let start = tables();
    // A function of the state alone: how far the rows have come, best when it is nearest to 0.1.
    trainer.fit(Clicks::init(5, &device), start.clone(), &schema(), &device, &train, |_, tables| {
        let moved = (&tables.as_slice()[0].rows().view() - start.as_slice()[0].rows()).mapv(f32::abs).mean();
        Ok(-f64::from((moved.unwrap() - 0.1).abs()))
    })
}

fn assert_alike(resumed: &Fitted<Clicks>, whole: &Fitted<Clicks>) {
    assert_eq!(outcome(&resumed.model, &resumed.tables), outcome(&whole.model, &whole.tables));
    assert_eq!((resumed.best_epoch, resumed.stopped_early), (whole.best_epoch, whole.stopped_early));
    let timeless = |epochs: &[EpochReport]| -> Vec<EpochReport> {
        epochs.iter().map(|epoch| EpochReport { seconds: 0., ..epoch.clone() }).collect()
    };
    assert_eq!(timeless(&resumed.epochs), timeless(&whole.epochs));
}

fn plan(folder: &Path) -> CheckpointPlan {
    CheckpointPlan::new(folder.join("run.ckpt"))
}

#[test]
fn a_run_interrupted_after_any_step_ends_like_the_whole_one() {
    let whole = fit(config(), None, &mut Stop::default()).unwrap();
    assert_eq!(whole.best_epoch, 2, "{:?}", whole.epochs);
    for step in 1..=STEPS {
        let folder = tempfile::tempdir().unwrap();
        let mut stop = Stop { after_step: Some(step), ..Stop::default() };
        let interrupted = fit(config(), Some(plan(folder.path())), &mut stop).unwrap_err();
        assert!(matches!(interrupted, TrainError::Interrupted { step: at } if at == step));
        let mut resumed = Stop::default();
        let fitted = fit(config(), Some(plan(folder.path())), &mut resumed).unwrap();
        assert_eq!(resumed.began_at, step);
        assert_alike(&fitted, &whole);
    }
}

#[test]
fn a_run_interrupted_after_every_single_step_ends_like_the_whole_one() {
    let whole = fit(config(), None, &mut Stop::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for step in 1..=STEPS {
        let mut stop = Stop { after_step: Some(step), ..Stop::default() };
        assert!(fit(config(), Some(plan(folder.path()).every_steps(2)), &mut stop).is_err());
    }
    assert_alike(&fit(config(), Some(plan(folder.path())), &mut Stop::default()).unwrap(), &whole);
}

#[test]
fn a_run_interrupted_after_an_epoch_ends_like_the_whole_one() {
    let whole = fit(config(), None, &mut Stop::default()).unwrap();
    for epoch in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let mut stop = Stop { after_epoch: Some(epoch), ..Stop::default() };
        assert!(fit(config(), Some(plan(folder.path())), &mut stop).is_err());
        assert_alike(&fit(config(), Some(plan(folder.path())), &mut Stop::default()).unwrap(), &whole);
    }
}

#[test]
fn a_finished_run_gives_its_result_back_without_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fit(config(), Some(plan(folder.path())), &mut Stop::default()).unwrap();
    let mut again = Stop { after_step: Some(1), ..Stop::default() };
    let fitted = fit(config(), Some(plan(folder.path())), &mut again).unwrap();
    assert_eq!(again.began_at, STEPS);
    assert_alike(&fitted, &whole);
}

#[test]
fn another_number_of_workers_may_resume_a_run() {
    let whole = fit(config(), None, &mut Stop::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut stop = Stop { after_step: Some(4), ..Stop::default() };
    assert!(fit(config(), Some(plan(folder.path())), &mut stop).is_err());
    let config = TrainConfig { workers: 3, ..config() };
    assert_alike(&fit(config, Some(plan(folder.path())), &mut Stop::default()).unwrap(), &whole);
}

#[test]
fn the_checkpoint_of_another_run_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let mut stop = Stop { after_step: Some(2), ..Stop::default() };
    assert!(fit(config(), Some(plan(folder.path())), &mut stop).is_err());

    let other = TrainConfig { learning_rate: 0.04, ..config() };
    let error = fit(other, Some(plan(folder.path())), &mut Stop::default()).unwrap_err();
    match &error {
        TrainError::CheckpointMismatch { what, expected, found, .. } => {
            assert_eq!((what.as_str(), expected.as_str(), found.as_str()), ("config.learning_rate", "0.04", "0.05"));
        }
        other => panic!("{other}"),
    }

    let device = Device::flex();
    let what = |train: Vec<LabeledList>, tables: psad_nn::Tables| {
        let train: Vec<&LabeledList> = train.iter().collect();
        let trainer = Trainer::new(config()).unwrap().checkpoints(plan(folder.path()));
        match trainer.fit(Clicks::init(5, &device), tables, &schema(), &device, &train, |_, _| Ok(0.)) {
            Err(TrainError::CheckpointMismatch { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(what(lists(19, 21), tables()), "lists");
    assert_eq!(what(lists(20, 22), tables()), "lists_digest");
    assert_eq!(what(train(), psad_nn::Tables::seeded(&schema(), 5, 1).unwrap()), "table_width");
}

#[test]
fn a_damaged_checkpoint_is_an_error_and_not_a_fresh_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut stop = Stop { after_step: Some(2), ..Stop::default() };
    assert!(fit(config(), Some(plan(folder.path())), &mut stop).is_err());
    let file = folder.path().join("run.ckpt");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() - bytes.len() / 4;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = fit(config(), Some(plan(folder.path())), &mut Stop::default()).unwrap_err();
    assert!(matches!(error, TrainError::Checkpoint { .. }), "{error}");
    std::fs::write(&file, b"something else").unwrap();
    let error = fit(config(), Some(plan(folder.path())), &mut Stop::default()).unwrap_err();
    assert!(matches!(error, TrainError::Checkpoint { .. }), "{error}");
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let nowhere = CheckpointPlan::new(folder.path().join("file").join("run.ckpt"));
    let error = fit(config(), Some(nowhere), &mut Stop::default()).unwrap_err();
    assert!(matches!(error, TrainError::Checkpoint { .. }), "{error}");
}
