//! A process that is killed without warning loses no more than the steps since its last checkpoint.
//!
//! The test starts its own binary as a child, kills it again and again at odd moments, and resumes what is left.

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use burn::tensor::Device;
use common::{Clicks, lists, outcome, schema, tables};
use psad_core::LabeledList;
use psad_train::{CheckpointPlan, FitStart, Fitted, Observer, StepReport, TrainConfig, Trainer};

/// Names the checkpoint for the child; where it is not set, the child's test does nothing.
const CHECKPOINT: &str = "PSAD_TRAIN_KILL_TEST_CHECKPOINT";

/// Slows a run down, so that there is time to kill it, and remembers where it began.
#[derive(Default)]
struct Slow {
    pause: Duration,
    start: Option<FitStart>,
}

impl Observer for Slow {
    fn fit_started(&mut self, start: &FitStart) {
        self.start = Some(start.clone());
    }

    fn step(&mut self, _report: &StepReport) -> ControlFlow<()> {
        sleep(self.pause);
        ControlFlow::Continue(())
    }
}

fn fit(checkpoint: Option<PathBuf>, slow: &mut Slow) -> Fitted<Clicks> {
    let (train, device) = (lists(40, 31), Device::flex());
    let train: Vec<&LabeledList> = train.iter().collect();
    let config = TrainConfig { epochs: 20, batch_size: 10, shard_size: 4, workers: 2, ..TrainConfig::default() };
    let mut trainer = Trainer::new(config).unwrap().observe(slow);
    if let Some(file) = checkpoint {
        trainer = trainer.checkpoints(CheckpointPlan::new(file).every_steps(1));
    }
    let validate = |_: &Clicks, tables: &std::sync::Arc<psad_nn::Tables>| {
        Ok(f64::from(tables.as_slice()[0].rows().mapv(f32::abs).sum()))
    };
    trainer.fit(Clicks::init(5, &device), tables(), &schema(), &device, &train, validate).unwrap()
}

#[test]
fn child_that_trains_until_it_is_killed() {
    if let Some(file) = std::env::var_os(CHECKPOINT) {
        fit(Some(file.into()), &mut Slow { pause: Duration::from_millis(50), start: None });
    }
}

fn start_child(file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_trains_until_it_is_killed", "--nocapture"])
        .env(CHECKPOINT, file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the child has written a checkpoint of its own.
fn wait_for_a_write(file: &Path) {
    let written = || std::fs::metadata(file).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let (before, patience) = (written(), Instant::now());
    while written() == before {
        assert!(patience.elapsed() < Duration::from_mins(1), "the child writes no checkpoint");
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_killed_at_any_moment_ends_like_the_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.ckpt");
    for moment in [0, 7, 26, 41, 90] {
        let mut child = start_child(&file);
        wait_for_a_write(&file);
        sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "the child was done before it was killed");
    }
    let mut resumed = Slow::default();
    let fitted = fit(Some(file), &mut resumed);
    let start = resumed.start.unwrap();
    assert!((5..start.steps).contains(&start.steps_done), "{start:?}");
    let whole = fit(None, &mut Slow::default());
    assert_eq!(outcome(&fitted.model, &fitted.tables), outcome(&whole.model, &whole.tables));
    assert_eq!(fitted.best_epoch, whole.best_epoch);
}
