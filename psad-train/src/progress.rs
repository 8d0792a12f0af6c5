//! How far a run has come; with the session, all that a checkpoint has to keep.

use std::sync::Arc;

use psad_nn::Tables;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::losses::{LossSums, total};
use crate::{EpochReport, FitEnd, StepReport, TrainConfig};

/// The position in a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Batches done in the epoch under way.
    pub(crate) batches_done: usize,
    /// Losses of the epoch under way.
    losses: LossSums,
    seconds: f64,
    learning_rate: f64,
    /// Finished epochs.
    pub(crate) epochs: Vec<EpochReport>,
}

/// The model after the best epoch so far.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    /// Values of the dense parameters, in visiting order.
    pub(crate) parameters: Vec<Vec<f32>>,
    pub(crate) tables: Arc<Tables>,
}

impl Progress {
    /// The epoch under way, from 1.
    pub(crate) fn epoch(&self) -> usize {
        self.epochs.len() + 1
    }

    /// Takes note of a step.
    pub(crate) fn add_step(&mut self, report: &StepReport) {
        self.batches_done += 1;
        self.seconds += report.seconds;
        self.learning_rate = report.learning_rate;
        let mut losses = LossSums::of_lists(report.lists);
        for part in &report.parts {
            losses.add_part(&part.name, part.weight, part.mean * report.lists as f64);
        }
        self.losses.add(&losses);
    }

    /// Closes the epoch under way and says whether it is the best so far.
    pub(crate) fn close_epoch(&mut self, validation: f64) -> bool {
        let parts = self.losses.means();
        let best = self.best().is_none_or(|best| validation > best.validation);
        self.epochs.push(EpochReport {
            epoch: self.epoch(),
            total: total(&parts),
            parts,
            validation,
            learning_rate: self.learning_rate,
            lists: self.losses.lists,
            seconds: self.seconds,
        });
        (self.batches_done, self.losses, self.seconds) = (0, LossSums::default(), 0.);
        best
    }

    /// The earliest epoch with the highest validation value.
    pub(crate) fn best(&self) -> Option<&EpochReport> {
        self.epochs.iter().reduce(|best, epoch| if epoch.validation > best.validation { epoch } else { best })
    }

    /// Whether too many epochs have passed since the best one.
    pub(crate) fn out_of_patience(&self, config: &TrainConfig) -> bool {
        let stale = self.best().map_or(0, |best| self.epochs.len() - best.epoch);
        config.patience.is_some_and(|patience| stale >= patience)
    }

    /// Whether there is no epoch left to do.
    pub(crate) fn is_over(&self, config: &TrainConfig) -> bool {
        self.epochs.len() >= config.epochs || self.out_of_patience(config)
    }

    /// The end of a run, `None` before the first epoch has ended.
    pub(crate) fn end(&self, config: &TrainConfig) -> Option<FitEnd> {
        self.best().map(|best| FitEnd {
            epochs: self.epochs.len(),
            best_epoch: best.epoch,
            best_validation: best.validation,
            stopped_early: self.epochs.len() < config.epochs,
        })
    }
}

/// The order of an epoch's lists. It follows from seed and epoch alone, so a checkpoint needs no generator's state.
pub(crate) fn order(seed: u64, epoch: usize, lists: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch as u64);
    let mut order: Vec<usize> = (0..lists).collect();
    order.shuffle(&mut rng);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(values: &[f64]) -> Progress {
        let mut progress = Progress::default();
        for &value in values {
            progress.close_epoch(value);
        }
        progress
    }

    proptest! {
        #[test]
        fn the_best_epoch_is_the_earliest_of_the_highest(values in prop::collection::vec(-3_i8..3, 1..12)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let best = after(&values).best().unwrap().epoch - 1;
            prop_assert!(values[..best].iter().all(|value| *value < values[best]));
            prop_assert!(values[best..].iter().all(|value| *value <= values[best]));
        }

        #[test]
        fn an_epoch_meets_every_list_once_in_an_order_of_its_own(seed in any::<u64>(), epoch in 1_usize..9) {
            let mut this = order(seed, epoch, 60);
            prop_assert_eq!(&this, &order(seed, epoch, 60));
            prop_assert_ne!(&this, &order(seed, epoch + 1, 60));
            prop_assert_ne!(&this, &order(seed.wrapping_add(1), epoch, 60));
            this.sort_unstable();
            prop_assert_eq!(this, (0..60).collect::<Vec<_>>());
        }
    }

    #[test]
    fn patience_counts_epochs_without_a_better_value() {
        let config = TrainConfig { patience: Some(2), ..TrainConfig::default() };
        assert!(!after(&[]).is_over(&config));
        assert!(!after(&[1., 3., 2.]).is_over(&config));
        assert!(after(&[1., 3., 2., 3.]).is_over(&config));
        assert!(after(&[1., 3., 2., 3.]).end(&config).unwrap().stopped_early);
        assert!(!after(&[1., 3., 2., 4.]).is_over(&config));
        let patient = TrainConfig { patience: None, epochs: 4, ..config };
        assert!(after(&[4., 3., 2., 1.]).is_over(&patient));
        assert!(!after(&[4., 3., 2., 1.]).end(&patient).unwrap().stopped_early);
    }
}
