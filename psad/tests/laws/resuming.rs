//! An interrupted fit ends like one that was not.

use std::ops::ControlFlow;

use psad::train::{CheckpointPlan, Observer, StepReport, TrainError, Trainer};
use psad::{FittedPsad, PsadError};

use crate::common::{DATA, FITTED, bytes, model, plan, refs};

struct StopAfter(usize);

impl Observer for StopAfter {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        if report.step == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn fit(trainer: Trainer<'_>) -> Result<FittedPsad, PsadError> {
    model(7).fit(trainer, &refs(&DATA.train), &refs(&DATA.validation))
}

#[test]
fn a_fit_interrupted_after_any_of_its_steps_ends_like_the_whole_one() {
    let whole = bytes(&FITTED.method);
    // Two epochs of four batches: within the first, at its end, within the second.
    for step in [1, 4, 6] {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = CheckpointPlan::new(folder.path().join("fit.ckpt"));
        let trainer = || Trainer::new(plan(7, 1)).unwrap().checkpoints(checkpoints.clone());
        let error = fit(trainer().observe(StopAfter(step))).unwrap_err();
        assert!(matches!(error, PsadError::Train(TrainError::Interrupted { step: at }) if at == step), "{error}");
        let resumed = fit(trainer()).unwrap();
        assert_eq!(bytes(&resumed.method), whole, "after step {step}");
        assert_eq!(resumed.best_epoch, FITTED.best_epoch);
        let validations = |fitted: &FittedPsad| fitted.epochs.iter().map(|epoch| epoch.validation).collect::<Vec<_>>();
        assert_eq!(validations(&resumed), validations(&FITTED));
        let again = fit(trainer()).unwrap();
        assert_eq!(bytes(&again.method), whole);
    }
}

#[test]
fn a_checkpoint_of_another_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = CheckpointPlan::new(folder.path().join("fit.ckpt"));
    let trainer = || Trainer::new(plan(7, 1)).unwrap().checkpoints(checkpoints.clone());
    assert!(fit(trainer().observe(StopAfter(1))).is_err());
    let refused = |change: fn(&mut psad::PsadConfig), seed| {
        let mut config = crate::common::config();
        change(&mut config);
        let other = psad::Psad::new(&DATA.schema, config, seed).unwrap();
        let error = other.fit(trainer(), &refs(&DATA.train), &refs(&DATA.validation)).unwrap_err();
        assert!(matches!(error, PsadError::Train(TrainError::CheckpointMismatch { .. })), "{error}");
        error.to_string()
    };
    refused(|config| config.scorer_hidden = vec![9], 7);
    assert!(refused(|config| config.objective.distillation += 1., 7).contains("distillation"));
    assert!(refused(|config| config.encoder.heads = 1, 7).contains("heads"));
    refused(|_| (), 8);
}
