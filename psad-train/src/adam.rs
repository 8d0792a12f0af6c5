//! Adam, for dense parameters and for single rows of embedding tables alike.
//!
//! Why not a library's: none offers the row-sparse form. A step of the usual Adam passes over the whole table, though
//! a batch touches a hundredth of it; here ("lazy Adam") a row is updated when a batch touches it, and only then, so
//! that neither a step's cost nor the memory of the moments grows with the vocabulary. And since everything that is
//! trained goes through this one kernel on plain slices, a checkpoint is a list of plain arrays and resuming
//! continues bit for bit.
//!
//! The bias correction counts the updates of the slot itself (a row, or a dense parameter), not the steps of the run.
//! The moments start at zero and take in one gradient per update; the correction makes up for exactly that. With the
//! run's step a row that is first met at step 10,000 would get `0.1 g / √(0.001 g²)`: more than three times the
//! learning rate, on the noisiest gradient that the row will ever see. For a dense parameter both counts agree.

use crate::TrainConfig;

/// The constants of a run.
#[derive(Debug, Clone)]
pub(crate) struct Adam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

/// The running averages of one slot, and how many updates they hold.
#[derive(Debug)]
pub(crate) struct Moments<'a> {
    pub(crate) first: &'a mut [f32],
    pub(crate) second: &'a mut [f32],
    pub(crate) updates: &'a mut u32,
}

impl Adam {
    pub(crate) fn new(config: &TrainConfig) -> Self {
        Self { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon }
    }

    /// One update of `value` against `gradient`. `decay` is the decoupled weight decay.
    pub(crate) fn update(&self, rate: f64, decay: f64, value: &mut [f32], moments: Moments<'_>, gradient: &[f32]) {
        *moments.updates = moments.updates.saturating_add(1);
        let count = i32::try_from(*moments.updates).unwrap_or(i32::MAX);
        let step = (rate / (1. - self.beta1.powi(count))) as f32;
        let root = (1. / (1. - self.beta2.powi(count)).sqrt()) as f32;
        let keep = (1. - rate * decay) as f32;
        let (beta1, beta2, epsilon) = (self.beta1 as f32, self.beta2 as f32, self.epsilon as f32);
        let (fresh1, fresh2) = ((1. - self.beta1) as f32, (1. - self.beta2) as f32);
        let slots = value.iter_mut().zip(moments.first).zip(moments.second).zip(gradient);
        for (((value, first), second), &gradient) in slots {
            *first = beta1 * *first + fresh1 * gradient;
            *second = beta2 * *second + fresh2 * gradient * gradient;
            *value = keep * *value - step * *first / (second.sqrt() * root + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Adam as the paper has it, in `f64` and value by value.
    fn reference(config: &TrainConfig, start: f32, gradients: &[f32]) -> f64 {
        let (mut value, mut first, mut second) = (f64::from(start), 0., 0.);
        for (index, &gradient) in gradients.iter().enumerate() {
            let gradient = f64::from(gradient);
            first = config.beta1 * first + (1. - config.beta1) * gradient;
            second = config.beta2 * second + (1. - config.beta2) * gradient * gradient;
            let count = index as i32 + 1;
            let mean = first / (1. - config.beta1.powi(count));
            let square = second / (1. - config.beta2.powi(count));
            value -= config.learning_rate * config.weight_decay * value;
            value -= config.learning_rate * mean / (square.sqrt() + config.epsilon);
        }
        value
    }

    proptest! {
        #[test]
        fn the_kernel_agrees_with_the_paper(
            start in -2_f32..2.,
            gradients in prop::collection::vec(-3_f32..3., 1..40),
            learning_rate in 1e-4..0.1,
            beta1 in 0. ..0.95,
            beta2 in 0.5..0.9999,
            weight_decay in 0. ..0.1,
        ) {
            let config =
                TrainConfig { learning_rate, beta1, beta2, weight_decay, epsilon: 1e-6, ..TrainConfig::default() };
            let adam = Adam::new(&config);
            let (mut value, mut first, mut second, mut updates) = ([start; 3], [0.; 3], [0.; 3], 0);
            for &gradient in &gradients {
                let moments = Moments { first: &mut first, second: &mut second, updates: &mut updates };
                adam.update(learning_rate, weight_decay, &mut value, moments, &[gradient; 3]);
            }
            let expected = reference(&config, start, &gradients);
            for value in value {
                let room = 1e-4 * (1. + expected.abs()) * learning_rate.max(0.01) * gradients.len() as f64;
                prop_assert!((f64::from(value) - expected).abs() < room, "{value} instead of {expected}");
            }
            prop_assert_eq!(updates as usize, gradients.len());
        }

        #[test]
        fn the_first_update_moves_by_the_learning_rate(gradient in prop_oneof![-9_f32..-0.01, 0.01_f32..9.]) {
            let adam = Adam::new(&TrainConfig::default());
            let (mut value, mut first, mut second, mut updates) = ([0.], [0.], [0.], 0);
            let moments = Moments { first: &mut first, second: &mut second, updates: &mut updates };
            adam.update(0.01, 0., &mut value, moments, &[gradient]);
            prop_assert!((value[0] + 0.01 * gradient.signum()).abs() < 1e-6, "{}", value[0]);
        }
    }
}
