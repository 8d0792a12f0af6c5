//! What a run tells about itself while it goes and when it ends.

use std::sync::Arc;

use psad_nn::Tables;
use serde::{Deserialize, Serialize};

use crate::PartLoss;

/// What is known before the first step.
#[derive(Debug, Clone, PartialEq)]
pub struct FitStart {
    /// Steps of all epochs together.
    pub steps: usize,
    /// Steps that a resumed run has behind it; 0 for a fresh one.
    pub steps_done: usize,
    /// Steps per epoch.
    pub batches: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Training lists.
    pub lists: usize,
}

/// One optimiser step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The batch within the epoch, from 1.
    pub batch: usize,
    /// Lists in the batch.
    pub lists: usize,
    /// Parts of the loss before the step.
    pub parts: Vec<PartLoss>,
    /// Their weighted sum.
    pub total: f64,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Length of the gradient before it was clipped.
    pub gradient_norm: f64,
    /// Seconds that the step took.
    pub seconds: f64,
}

/// One epoch and its validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Parts of the loss, each the mean over the epoch's lists at the time of their step.
    pub parts: Vec<PartLoss>,
    /// Their weighted sum.
    pub total: f64,
    /// What the validation said; higher is better.
    pub validation: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Training lists.
    pub lists: usize,
    /// Seconds spent in steps, validation and checkpoints left out.
    pub seconds: f64,
}

impl EpochReport {
    /// Training lists per second; 0 where no time passed.
    pub fn lists_per_second(&self) -> f64 {
        if self.seconds > 0. { self.lists as f64 / self.seconds } else { 0. }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FitEnd {
    /// Epochs done.
    pub epochs: usize,
    /// The epoch with the highest validation value, from 1; the earliest of equals.
    pub best_epoch: usize,
    /// Its validation value.
    pub best_validation: f64,
    /// Whether the run ended because nothing got better.
    pub stopped_early: bool,
}

/// A fitted model: the one after the epoch with the best validation value.
#[derive(Debug, Clone)]
pub struct Fitted<O> {
    /// The model in its inference form, without autodiff.
    pub model: O,
    /// Its embedding tables.
    pub tables: Arc<Tables>,
    /// All epochs, in order.
    pub epochs: Vec<EpochReport>,
    /// The epoch that the model is of, from 1.
    pub best_epoch: usize,
    /// Whether the run ended because nothing got better.
    pub stopped_early: bool,
}
