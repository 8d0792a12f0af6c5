//! How large the study is; the one place that says so.

use serde::Serialize;

/// Learning rates that every trained method may choose from on simulated users, on the validation lists of the first seed.
pub(crate) const RATES: [f64; 4] = [1e-3, 3e-3, 1.2e-2, 2.4e-2];

/// The same on lists of eight, whose fits are too long to choose.
pub(crate) const SHORT_RATES: [f64; 1] = [1.2e-2];

/// The same on ratings, which are few and come in smaller batches.
pub(crate) const RATINGS_RATES: [f64; 3] = [3e-4, 1e-3, 3e-3];

/// Sizes of worlds and fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Scale {
    /// Items of a world.
    pub(crate) items: usize,
    /// Users of a world.
    pub(crate) users: usize,
    /// Categories of a world.
    pub(crate) categories: usize,
    /// Simulated lists to train on.
    pub(crate) train_lists: usize,
    /// The same where lists are short, and the best slate is asked for.
    pub(crate) short_train_lists: usize,
    /// Simulated lists to validate on.
    pub(crate) validation_lists: usize,
    /// Simulated lists to test on.
    pub(crate) test_lists: usize,
    /// Seeds of the variants of PSAD, the first of all.
    pub(crate) variant_seeds: usize,
    /// The same of those that claims speak of.
    pub(crate) claimed_seeds: usize,
    /// The same of one slot per step, which takes longest.
    pub(crate) autoregressive_seeds: usize,
    /// The same where lists are short.
    pub(crate) short_seeds: usize,
    /// Passes over simulated training lists.
    pub(crate) epochs: usize,
    /// Passes of those fits that show what more of them would be worth.
    pub(crate) long_epochs: usize,
    /// Passes over the ratings, of which there are far fewer.
    pub(crate) ratings_epochs: usize,
    /// Simulated lists per optimiser step.
    pub(crate) batch_size: usize,
    /// The same of ratings.
    pub(crate) ratings_batch_size: usize,
    /// Test lists whose answers are timed.
    pub(crate) timed_lists: usize,
    /// How often each of them is timed.
    pub(crate) timed_rounds: usize,
}

impl Scale {
    /// As published.
    pub(crate) fn full() -> Self {
        Self {
            items: 300,
            users: 1_000,
            categories: 12,
            train_lists: 25_000,
            short_train_lists: 400_000,
            validation_lists: 300,
            test_lists: 1_000,
            variant_seeds: 1,
            claimed_seeds: 5,
            autoregressive_seeds: 3,
            short_seeds: 2,
            epochs: 1,
            long_epochs: 2,
            ratings_epochs: 8,
            batch_size: 64,
            ratings_batch_size: 32,
            timed_lists: 300,
            timed_rounds: 3,
        }
    }

    /// To see that everything works; its numbers say nothing.
    pub(crate) fn quick() -> Self {
        Self {
            items: 60,
            users: 40,
            train_lists: 64,
            short_train_lists: 64,
            validation_lists: 16,
            test_lists: 40,
            epochs: 1,
            long_epochs: 2,
            ratings_epochs: 1,
            batch_size: 32,
            timed_lists: 20,
            timed_rounds: 1,
            ..Self::full()
        }
    }
}
