//! What a user may choose, checked before anything is read.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How ratings become lists. Missing fields of a serialized form take their defaults.
///
/// ```
/// use psad_data::RatingsConfig;
/// let config = RatingsConfig { list_length: 10, min_list_length: 5, ..RatingsConfig::default() };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RatingsConfig {
    /// Films per list: consecutive ratings of one user (default 20).
    pub list_length: usize,
    /// A user's last chunk of a split is dropped if it is shorter than this (default 10): by length, never by label.
    pub min_list_length: usize,
    /// Most recent ratings that a list carries as history (default 50).
    pub max_history: usize,
    /// A rating of at least this is a like, label 1 (default 4.0).
    pub like_threshold: f32,
    /// Shares of the ratings that go to each split, oldest first.
    pub splits: SplitFractions,
    /// A film with fewer ratings in both training splits together reads the unknown row 0 of the `movie` field
    /// (default 5): it could not train a row of its own, and row 0 would otherwise never be trained at all.
    pub min_movie_ratings: usize,
    /// The initial ranker.
    pub ranker: RankerConfig,
    /// Orders what has the same timestamp or score, and starts the ranker's factors.
    pub seed: u64,
    /// Skip and count faulty rows instead of refusing the file (default false).
    pub lenient: bool,
}

impl Default for RatingsConfig {
    fn default() -> Self {
        Self {
            list_length: 20,
            min_list_length: 10,
            max_history: 50,
            like_threshold: 4.0,
            splits: SplitFractions::default(),
            min_movie_ratings: 5,
            ranker: RankerConfig::default(),
            seed: 0,
            lenient: false,
        }
    }
}

/// Shares of all ratings by time; each split ends where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitFractions {
    /// What the initial ranker and every statistic are fitted on (default 0.4).
    pub ranker_train: f64,
    /// What rerankers learn from (default 0.35).
    pub reranker_train: f64,
    /// For model selection and early stopping (default 0.1).
    pub validation: f64,
    /// Opened once, by the final evaluation (default 0.15).
    pub test: f64,
}

impl Default for SplitFractions {
    fn default() -> Self {
        Self { ranker_train: 0.4, reranker_train: 0.35, validation: 0.1, test: 0.15 }
    }
}

/// The initial ranker: matrix factorisation with biases and a prior from genres and year.
///
/// The defaults were chosen on the ranker's own split: fitted on its older part, compared on lists of its newer part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RankerConfig {
    /// Factors of each film and user (default 32).
    pub factors: usize,
    /// Alternations between users and films (default 20).
    pub sweeps: usize,
    /// Ridge penalty of the factors (default 8.0).
    pub regularisation: f64,
    /// Ridge penalty of the biases: so many ratings at the prior are imagined for each film and user (default 2.0).
    pub bias_regularisation: f64,
}

impl Default for RankerConfig {
    fn default() -> Self {
        Self { factors: 32, sweeps: 20, regularisation: 8.0, bias_regularisation: 2.0 }
    }
}

impl RatingsConfig {
    /// Says whether the values make sense.
    ///
    /// # Errors
    /// A [`ConfigError`] with the first field that does not, and its value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        within("list_length", self.list_length as f64, 1., 10_000.)?;
        within("min_list_length", self.min_list_length as f64, 1., self.list_length as f64)?;
        within("max_history", self.max_history as f64, 0., 100_000.)?;
        within("like_threshold", f64::from(self.like_threshold), 0.5, 5.)?;
        self.splits.validate()?;
        self.ranker.validate()
    }
}

impl SplitFractions {
    fn validate(&self) -> Result<(), ConfigError> {
        within("splits.ranker_train", self.ranker_train, f64::MIN_POSITIVE, 1.)?;
        within("splits.reranker_train", self.reranker_train, 0., 1.)?;
        within("splits.validation", self.validation, 0., 1.)?;
        within("splits.test", self.test, 0., 1.)?;
        let sum = self.ranker_train + self.reranker_train + self.validation + self.test;
        if (sum - 1.).abs() > 1e-6 {
            return Err(ConfigError::Sum { found: sum });
        }
        Ok(())
    }
}

impl RankerConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        within("ranker.factors", self.factors as f64, 0., 512.)?;
        within("ranker.sweeps", self.sweeps as f64, 1., 1_000.)?;
        // Zero would leave a film with one rating without a unique solution.
        within("ranker.regularisation", self.regularisation, 1e-6, 1e6)?;
        within("ranker.bias_regularisation", self.bias_regularisation, 1e-6, 1e6)
    }
}

/// NaN is outside of every range.
fn within(field: &'static str, value: f64, minimum: f64, maximum: f64) -> Result<(), ConfigError> {
    if value >= minimum && value <= maximum {
        return Ok(());
    }
    Err(ConfigError::OutOfRange { field, value, minimum, maximum })
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value outside its range.
    #[error("`{field}` is {value}; it must lie in {minimum}..={maximum}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f64,
        /// Smallest allowed value.
        minimum: f64,
        /// Largest allowed value.
        maximum: f64,
    },
    /// Shares that leave ratings over or give some twice.
    #[error("the shares of `splits` sum to {found}; they must sum to 1")]
    Sum {
        /// Their sum.
        found: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_survive_json() {
        let config = RatingsConfig::default();
        config.validate().unwrap();
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<RatingsConfig>(&json).unwrap(), config);
        assert_eq!(serde_json::from_str::<RatingsConfig>("{}").unwrap(), config);
        assert!(serde_json::from_str::<RatingsConfig>(r#"{"list_lenght": 3}"#).is_err());
    }

    #[test]
    fn a_bad_value_is_named_with_its_field() {
        let refused = |config: RatingsConfig| config.validate().unwrap_err().to_string();
        let base = RatingsConfig::default;
        assert!(refused(RatingsConfig { list_length: 0, ..base() }).contains("`list_length` is 0"));
        assert!(refused(RatingsConfig { min_list_length: 21, ..base() }).contains("`min_list_length` is 21"));
        assert!(refused(RatingsConfig { like_threshold: f32::NAN, ..base() }).contains("`like_threshold` is NaN"));
        let splits = SplitFractions { test: 0.5, ..SplitFractions::default() };
        assert!(refused(RatingsConfig { splits, ..base() }).contains("sum to 1.35"));
        let splits = SplitFractions { validation: -0.1, ..SplitFractions::default() };
        assert!(refused(RatingsConfig { splits, ..base() }).contains("`splits.validation` is -0.1"));
        let ranker = RankerConfig { regularisation: 0., ..RankerConfig::default() };
        assert!(refused(RatingsConfig { ranker, ..base() }).contains("`ranker.regularisation` is 0"));
    }
}
