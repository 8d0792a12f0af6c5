//! What a training run is told to do.

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// How to fit. Checked once, when a [`Trainer`](crate::Trainer) or a [`Session`](crate::Session) is made.
///
/// ```
/// use psad_train::TrainConfig;
/// let config = TrainConfig { epochs: 20, patience: Some(3), seed: 7, ..TrainConfig::default() };
/// assert_eq!(config.batch_size, 256);
/// config.check()?;
/// # Ok::<(), psad_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training lists, at least 1 (default 10).
    pub epochs: usize,
    /// Lists per optimiser step, at least 1 (default 256).
    pub batch_size: usize,
    /// Lists per shard, at least 1 (default 64). A batch is cut into shards whatever the number of workers, so that
    /// the result does not depend on it; `batch_size / shard_size` workers is the most that are of use.
    pub shard_size: usize,
    /// The highest learning rate, reached when the warm-up ends; above 0 (default 0.001).
    pub learning_rate: f64,
    /// The rate of embedding rows as a multiple of it, above 0 (default 1). A row only moves when a batch touches it;
    /// with few lists, rows need longer steps to arrive anywhere.
    pub table_rate: f64,
    /// The part of all steps in which the rate rises, in [0, 1] (default 0.1).
    pub warm_up: f64,
    /// The rate of the last step as a part of the highest, in [0, 1] (default 0.05).
    pub final_rate: f64,
    /// Longest gradient, over dense parameters and touched rows together; longer ones are shortened to it. `None` for
    /// no limit (default 1). Parts of a loss share the limit: with one, PSAD's distillation shortens the steps of the
    /// teacher too, which learns nothing from it.
    pub clip_norm: Option<f64>,
    /// Decoupled weight decay, at least 0 (default 0). It acts on parameters of two or more dimensions: biases, norms
    /// and embedding rows are spared.
    pub weight_decay: f64,
    /// Memory of the gradient's mean, in [0, 1) (default 0.9).
    pub beta1: f64,
    /// Memory of the gradient's square, in [0, 1) (default 0.999).
    pub beta2: f64,
    /// Added to the root of the square, above 0 (default 1e-8).
    pub epsilon: f64,
    /// Stop after this many epochs without a better validation value, at least 1; `None` trains all epochs (default).
    pub patience: Option<usize>,
    /// Threads that share a batch's shards; 0 takes all cores (default). The result does not depend on it.
    pub workers: usize,
    /// Decides the order of the lists (default 42).
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 256,
            shard_size: 64,
            learning_rate: 1e-3,
            table_rate: 1.,
            warm_up: 0.1,
            final_rate: 0.05,
            clip_norm: Some(1.),
            weight_decay: 0.,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            patience: None,
            workers: 0,
            seed: 42,
        }
    }
}

impl TrainConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`TrainError::Config`] with the first field that is out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let counts = [("epochs", self.epochs), ("batch_size", self.batch_size), ("shard_size", self.shard_size)];
        let patience = self.patience.map(|patience| ("patience", patience));
        for (field, count) in counts.into_iter().chain(patience) {
            refuse_unless(count >= 1, field, &count, "at least 1")?;
        }
        for (field, part) in [("warm_up", self.warm_up), ("final_rate", self.final_rate)] {
            refuse_unless((0. ..=1.).contains(&part), field, &part, "a part of the whole, from 0 to 1")?;
        }
        for (field, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            // The kernel works in `f32`, where 0.99999999 is 1 and the moments would never move.
            refuse_unless(beta >= 0. && (beta as f32) < 1., field, &beta, "from 0 to below 1")?;
        }
        let positive =
            [("learning_rate", self.learning_rate), ("table_rate", self.table_rate), ("epsilon", self.epsilon)];
        for (field, value) in positive.into_iter().chain(self.clip_norm.map(|norm| ("clip_norm", norm))) {
            // What is zero or infinite as `f32` would divide by zero in the kernel.
            let usable = value > 0. && value as f32 > 0. && (value as f32).is_finite();
            refuse_unless(usable, field, &value, "above 0 and finite")?;
        }
        let decay = self.weight_decay;
        refuse_unless(decay >= 0. && decay.is_finite(), "weight_decay", &decay, "at least 0 and finite")
    }
}

fn refuse_unless(
    fits: bool,
    field: &'static str,
    value: &impl ToString,
    expected: &'static str,
) -> Result<(), TrainError> {
    if fits { Ok(()) } else { Err(TrainError::Config { field, value: value.to_string(), expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_named() {
        let fault = |change: fn(&mut TrainConfig)| {
            let mut config = TrainConfig::default();
            change(&mut config);
            match config.check() {
                Err(TrainError::Config { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(fault(|config| config.epochs = 0), "epochs");
        assert_eq!(fault(|config| config.batch_size = 0), "batch_size");
        assert_eq!(fault(|config| config.shard_size = 0), "shard_size");
        assert_eq!(fault(|config| config.patience = Some(0)), "patience");
        assert_eq!(fault(|config| config.learning_rate = f64::NAN), "learning_rate");
        assert_eq!(fault(|config| config.learning_rate = -1.), "learning_rate");
        assert_eq!(fault(|config| config.table_rate = 0.), "table_rate");
        assert_eq!(fault(|config| config.table_rate = f64::MAX), "table_rate");
        assert_eq!(fault(|config| config.warm_up = 1.1), "warm_up");
        assert_eq!(fault(|config| config.final_rate = -0.1), "final_rate");
        assert_eq!(fault(|config| config.clip_norm = Some(0.)), "clip_norm");
        assert_eq!(fault(|config| config.weight_decay = f64::INFINITY), "weight_decay");
        assert_eq!(fault(|config| config.beta1 = 1.), "beta1");
        assert_eq!(fault(|config| config.beta2 = 1. - 1e-12), "beta2");
        assert_eq!(fault(|config| config.epsilon = 1e-60), "epsilon");
        assert!(TrainConfig::default().check().is_ok());
    }

    #[test]
    fn a_configuration_survives_json_and_lacks_no_field_it_does_not_name() {
        let config: TrainConfig = serde_json::from_str(r#"{ "epochs": 3, "clip_norm": null }"#).unwrap();
        assert_eq!(config, TrainConfig { epochs: 3, clip_norm: None, ..TrainConfig::default() });
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), config);
        assert!(serde_json::from_str::<TrainConfig>(r#"{ "epoch": 3 }"#).is_err());
    }
}
