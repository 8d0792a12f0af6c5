//! The loop over epochs.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use psad_core::{LabeledList, Schema};
use psad_nn::{Objective, Tables};

use crate::checkpoint::{self, CheckpointPlan, Run};
use crate::identity::Identity;
use crate::observer::{EachEpoch, EachStep, Observers};
use crate::progress::{Best, Progress, order};
use crate::session::Place;
use crate::{EpochReport, FitStart, Fitted, Observer, Session, StepReport, TrainConfig, TrainError};

/// Fits anything that is an [`Objective`].
#[derive(Default)]
pub struct Trainer<'a> {
    config: TrainConfig,
    observers: Observers<'a>,
    plan: Option<CheckpointPlan>,
    objective: serde_json::Value,
}

impl<'a> Trainer<'a> {
    /// A trainer without observers and checkpoints.
    ///
    /// # Errors
    /// [`TrainError::Config`].
    pub fn new(config: TrainConfig) -> Result<Self, TrainError> {
        config.check()?;
        Ok(Self { config, ..Self::default() })
    }

    /// Adds an observer; all of them are told, in the order in which they were added.
    #[must_use]
    pub fn observe(mut self, observer: impl Observer + 'a) -> Self {
        self.observers.0.push(Box::new(observer));
        self
    }

    /// Shows every step to a closure.
    #[must_use]
    pub fn observe_steps(self, see: impl FnMut(&StepReport) + 'a) -> Self {
        self.observe(EachStep(see))
    }

    /// Shows every epoch to a closure.
    #[must_use]
    pub fn observe_epochs(self, see: impl FnMut(&EpochReport) + 'a) -> Self {
        self.observe(EachEpoch(see))
    }

    /// Writes checkpoints, and resumes from the one that is there.
    #[must_use]
    pub fn checkpoints(mut self, plan: CheckpointPlan) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Says what else decides the result and cannot be seen from the parameters' shapes: loss weights, switches, numbers
    /// of heads. A checkpoint whose run was told another value is refused.
    #[must_use]
    pub fn describe(mut self, objective: serde_json::Value) -> Self {
        self.objective = objective;
        self
    }

    /// Fits `model` and its `tables` to the lists of `train`, and gives back how they were after the epoch with the
    /// highest value of `validate`.
    ///
    /// `validate` gets the model in its inference form, and the tables; it is the only thing that decides which epoch
    /// is the best and when patience ends. Of equals the earliest is the best, so a constant would choose the first.
    /// Let it look at lists that are neither trained on nor tested with, and drop the tables before it returns, or the
    /// next step copies them.
    ///
    /// With checkpoints, a run that finds its file there continues from it and ends bit for bit as if it had never
    /// been interrupted; a run that finds a finished one gives its result back at once.
    ///
    /// # Errors
    /// A [`TrainError`]: for a list that does not fit `schema`, a loss or gradient that is no number, a validation
    /// that fails, a checkpoint that cannot be read or written or belongs to another run, or an observer's wish.
    ///
    /// # Panics
    /// If the objective, an observer or `validate` panics.
    pub fn fit<O: Objective>(
        mut self,
        model: O,
        tables: Tables,
        schema: &Schema,
        device: &Device,
        train: &[&LabeledList],
        mut validate: impl FnMut(&O, &Arc<Tables>) -> Result<f64, Box<dyn Error + Send + Sync>>,
    ) -> Result<Fitted<O>, TrainError> {
        let mut run = self.start(model, tables, schema, device, train)?;
        while !run.progress.is_over(&self.config) {
            self.train_epoch(&mut run, train)?;
            let epoch = run.progress.epoch();
            let validation = validate(&run.session.inference(), run.session.tables())
                .map_err(|source| TrainError::Validation { epoch, source })?;
            self.end_epoch(&mut run, validation)?;
        }
        self.finish(run)
    }

    fn start<O: Objective>(
        &mut self,
        model: O,
        tables: Tables,
        schema: &Schema,
        device: &Device,
        train: &[&LabeledList],
    ) -> Result<Run<O>, TrainError> {
        if train.is_empty() {
            return Err(TrainError::NoLists);
        }
        self.plan.as_ref().map_or(Ok(()), CheckpointPlan::check)?;
        let batches = train.len().div_ceil(self.config.batch_size);
        let steps = self.config.epochs.saturating_mul(batches);
        let session = Session::new(model, tables, schema, &self.config, steps, device)?;
        let identity = Identity::new(&self.config, &self.objective, &session, train);
        let mut run = Run { session, identity, progress: Progress::default(), best: None };
        if let Some(file) = self.file().filter(|file| file.exists()) {
            checkpoint::load(file, &mut run)?;
            tracing::info!(file = %file.display(), step = run.session.steps_done(), "resumed");
        }
        let steps_done = run.session.steps_done();
        let epochs = self.config.epochs;
        self.observers.fit_started(&FitStart { steps, steps_done, batches, epochs, lists: train.len() });
        Ok(run)
    }

    /// The batches of the epoch under way that are not done yet.
    fn train_epoch<O: Objective>(&mut self, run: &mut Run<O>, train: &[&LabeledList]) -> Result<(), TrainError> {
        let epoch = run.progress.epoch();
        let order = order(self.config.seed, epoch, train.len());
        for batch in order.chunks(self.config.batch_size).skip(run.progress.batches_done) {
            let lists: Vec<&LabeledList> = batch.iter().map(|&list| train[list]).collect();
            run.session.set_place(Place { epoch, batch: run.progress.batches_done + 1 });
            let report = run.session.step(&lists).map_err(|error| in_training_set(error, batch))?;
            run.progress.add_step(&report);
            let stop = self.observers.step(&report).is_break();
            if stop || self.plan.as_ref().is_some_and(|plan| plan.is_due(report.step)) {
                self.save(run)?;
            }
            if stop {
                return Err(TrainError::Interrupted { step: report.step });
            }
        }
        Ok(())
    }

    fn end_epoch<O: Objective>(&mut self, run: &mut Run<O>, validation: f64) -> Result<(), TrainError> {
        if !validation.is_finite() {
            return Err(TrainError::NonFiniteValidation { epoch: run.progress.epoch(), value: validation });
        }
        if run.progress.close_epoch(validation) {
            let parameters = run.session.dense.iter().map(|parameter| parameter.values.clone()).collect();
            run.best = Some(Best { parameters, tables: run.session.tables().clone() });
        }
        self.save(run)?;
        let report = run.progress.epochs.last();
        if report.is_some_and(|report| self.observers.epoch(report).is_break()) {
            return Err(TrainError::Interrupted { step: run.session.steps_done() });
        }
        Ok(())
    }

    fn finish<O: Objective>(&mut self, run: Run<O>) -> Result<Fitted<O>, TrainError> {
        let Run { session, progress, best, .. } = run;
        // A checked configuration asks for an epoch at least, and the first one is the best so far.
        let (Some(best), Some(end)) = (best, progress.end(&self.config)) else { return Err(TrainError::NoLists) };
        self.observers.finished(&end);
        Ok(Fitted {
            model: session.inference_with(best.parameters.iter().map(Vec::as_slice)),
            tables: best.tables,
            epochs: progress.epochs,
            best_epoch: end.best_epoch,
            stopped_early: end.stopped_early,
        })
    }

    fn file(&self) -> Option<&Path> {
        self.plan.as_ref().map(CheckpointPlan::file)
    }

    fn save<O: Objective>(&self, run: &Run<O>) -> Result<(), TrainError> {
        self.file().map_or(Ok(()), |file| checkpoint::save(file, run))
    }
}

/// A session counts lists within its batch; who reads the error knows them by their place among all.
fn in_training_set(mut error: TrainError, batch: &[usize]) -> TrainError {
    if let TrainError::NonFiniteLoss { list, .. } = &mut error {
        *list = batch[*list];
    }
    error
}

impl fmt::Debug for Trainer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Trainer")
            .field("config", &self.config)
            .field("observers", &self.observers.0.len())
            .field("plan", &self.plan)
            .finish()
    }
}
