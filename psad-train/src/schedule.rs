//! The learning rate over a run: a linear warm-up, then half a cosine.

use std::f64::consts::PI;

use crate::TrainConfig;

/// Learning rates of a run of known length.
///
/// ```
/// use psad_train::{LearningRate, TrainConfig};
/// let config = TrainConfig { learning_rate: 1., warm_up: 0.5, final_rate: 0.1, ..TrainConfig::default() };
/// let schedule = LearningRate::new(&config, 4);
/// assert_eq!(schedule.of_step(1), 0.5);
/// assert_eq!(schedule.of_step(2), 1.);
/// assert!((schedule.of_step(4) - 0.1).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LearningRate {
    peak: f64,
    warm_up: f64,
    final_rate: f64,
    steps: usize,
}

impl LearningRate {
    /// The schedule that `config` asks for, over `steps` steps.
    pub fn new(config: &TrainConfig, steps: usize) -> Self {
        Self { peak: config.learning_rate, warm_up: config.warm_up, final_rate: config.final_rate, steps }
    }

    /// The rate of a step, counted from 1. Steps after the last one keep its rate.
    pub fn of_step(&self, step: usize) -> f64 {
        self.at(step as f64 / self.steps.max(1) as f64)
    }

    /// The rate when the given part of the run is over; what lies outside [0, 1] is taken as the nearer end.
    pub fn at(&self, progress: f64) -> f64 {
        let progress = progress.clamp(0., 1.);
        if progress < self.warm_up {
            return self.peak * progress / self.warm_up;
        }
        // A warm-up that takes the whole run leaves nothing to descend.
        let descent = if self.warm_up < 1. { (progress - self.warm_up) / (1. - self.warm_up) } else { 0. };
        let height = 0.5 * (1. + (PI * descent).cos());
        self.peak * (self.final_rate + (1. - self.final_rate) * height)
    }

    /// Steps of the run.
    pub fn steps(&self) -> usize {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_schedule() -> impl Strategy<Value = LearningRate> {
        (1e-6..10., 0. ..=1., 0. ..=1., 1_usize..500).prop_map(|(peak, warm_up, final_rate, steps)| LearningRate {
            peak,
            warm_up,
            final_rate,
            steps,
        })
    }

    proptest! {
        #[test]
        fn the_rate_is_never_negative_and_never_above_its_peak(schedule in any_schedule(), at in -0.5..1.5) {
            let rate = schedule.at(at);
            prop_assert!((0. ..=schedule.peak * (1. + 1e-12)).contains(&rate), "{rate}");
        }

        #[test]
        fn the_peak_is_where_the_warm_up_ends(schedule in any_schedule()) {
            prop_assert!((schedule.at(schedule.warm_up) - schedule.peak).abs() <= 1e-9 * schedule.peak);
        }

        #[test]
        fn the_last_step_has_the_final_rate(mut schedule in any_schedule(), warm_up in 0. ..0.99) {
            schedule.warm_up = warm_up;
            let last = schedule.of_step(schedule.steps);
            prop_assert!((last - schedule.peak * schedule.final_rate).abs() <= 1e-9 * schedule.peak);
            prop_assert_eq!(schedule.of_step(schedule.steps + 7), last);
        }

        #[test]
        fn the_rate_has_no_jump(mut schedule in any_schedule(), warm_up in 0.05..0.95, at in 0. ..1.) {
            schedule.warm_up = warm_up;
            let step = 1e-7;
            let change = (schedule.at(at + step) - schedule.at(at)).abs();
            prop_assert!(change <= schedule.peak * step * 100., "{change}");
        }

        #[test]
        fn the_rate_rises_in_the_warm_up_and_falls_after_it(schedule in any_schedule(), a in 0. ..1., b in 0. ..1.) {
            let (early, late) = (f64::min(a, b), f64::max(a, b));
            let (first, second) = (schedule.at(early), schedule.at(late));
            if late <= schedule.warm_up {
                prop_assert!(first <= second + 1e-12);
            } else if early >= schedule.warm_up {
                prop_assert!(second <= first + 1e-12);
            }
        }
    }

    #[test]
    fn no_step_is_wasted_on_a_rate_of_zero() {
        let schedule = LearningRate::new(&TrainConfig::default(), 1000);
        assert!(schedule.of_step(1) > 0.);
    }
}
