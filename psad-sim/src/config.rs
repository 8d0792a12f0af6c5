//! What a world is made from.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::SimError;

/// Users, items and lists are kept in memory; more than this is surely a slip of the keyboard.
const MOST: usize = 10_000_000;
/// Every list holds a history.
const LONGEST_HISTORY: usize = 10_000;

/// How much the items of a slate change each other's clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interactions {
    /// Strength 0.1: sorting by attraction comes within a few per cent of the best order.
    Weak,
    /// Strength 0.4: the best order differs noticeably from sorting by attraction.
    #[default]
    Medium,
    /// Strength 0.8: what stands above decides as much as the item itself.
    Strong,
}

impl Interactions {
    /// The factor in (0, 1) on each user's own satiation and boost.
    pub fn strength(self) -> f64 {
        match self {
            Self::Weak => 0.1,
            Self::Medium => 0.4,
            Self::Strong => 0.8,
        }
    }
}

/// How a user goes down a slate. All three leave the slate with probability `1 − patience` after every slot; they
/// differ in what a click does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Examination {
    /// A click changes nothing: slot `j` (from 0) is seen with probability `patience^j`.
    #[default]
    PositionBased,
    /// A click ends the visit: no slate is worth more than one click, and orders differ little.
    Cascade,
    /// After a click in slot `j` the user goes on with a probability of their own, which falls with `j`.
    DependentClick,
}

/// What a world is made from; checked by [`World::new`](crate::World::new).
///
/// ```
/// use psad_sim::{Interactions, SimConfig, World};
/// let config = SimConfig { seed: 7, users: 50, items: 80, interactions: Interactions::Strong, ..SimConfig::default() };
/// let world = World::new(config)?;
/// assert_eq!(world.schema().max_candidates(), 20);
///
/// let error = World::new(SimConfig { ranker_accuracy: 1.5, ..SimConfig::default() }).unwrap_err();
/// assert_eq!(error.to_string(), "`ranker_accuracy` is 1.5; it must be from 0 to 1");
/// # Ok::<(), psad_sim::SimError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimConfig {
    /// Seed of everything; the same seed gives the same world (default 0).
    pub seed: u64,
    /// Number of users (default 2,000).
    pub users: usize,
    /// Number of items (default 1,000).
    pub items: usize,
    /// Number of categories, at most one per item (default 12).
    pub categories: usize,
    /// Candidates of each list, at most the number of items (default 20).
    pub candidates: usize,
    /// Slots that the logging policy fills; `None`, the default, shows every candidate.
    pub shown: Option<usize>,
    /// Longest history; each user has a length of their own, and one in twenty has none (default 30).
    pub max_history: usize,
    /// Lists of the training split (default 8,000).
    pub train_lists: usize,
    /// Lists of the validation split (default 1,000).
    pub validation_lists: usize,
    /// Lists of the test split (default 2,000).
    pub test_lists: usize,
    /// How much the items of a slate change each other's clicks (default medium).
    pub interactions: Interactions,
    /// How a user goes down a slate (default position-based).
    pub examination: Examination,
    /// How many slots above an item count as its context; 0 switches every interaction off (default 5).
    pub window: usize,
    /// Mean attraction over the candidates that lists offer, from 0.01 to 0.99 (default 0.3).
    pub mean_attraction: f64,
    /// How far the interest of the moment leads away from the long-term taste, from 0 to 2 (default 0.5).
    ///
    /// It shows in recent history items and not in old ones, so histories hold what no user id can.
    pub drift: f64,
    /// Correlation, within lists, of the ranker's score with the true attraction logit, from 0 to 1 (default 0.6).
    pub ranker_accuracy: f64,
    /// Temperature of the logging policy over the ranker's scores, which spread by about 1; from 0.01 (nearly the
    /// ranker's order) to 1,000 (nearly uniform) (default 1).
    pub logging_temperature: f64,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            users: 2_000,
            items: 1_000,
            categories: 12,
            candidates: 20,
            shown: None,
            max_history: 30,
            train_lists: 8_000,
            validation_lists: 1_000,
            test_lists: 2_000,
            interactions: Interactions::default(),
            examination: Examination::default(),
            window: 5,
            mean_attraction: 0.3,
            drift: 0.5,
            ranker_accuracy: 0.6,
            logging_temperature: 1.,
        }
    }
}

impl SimConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`SimError::Config`] with the first field that is not what it must be.
    pub fn check(&self) -> Result<(), SimError> {
        within("users", self.users, 1..=MOST)?;
        within("items", self.items, 1..=MOST)?;
        within("categories", self.categories, 1..=self.items)?;
        within("candidates", self.candidates, 1..=self.items)?;
        within("shown", self.shown(), 1..=self.candidates)?;
        within("max_history", self.max_history, 0..=LONGEST_HISTORY)?;
        for (field, lists) in [
            ("train_lists", self.train_lists),
            ("validation_lists", self.validation_lists),
            ("test_lists", self.test_lists),
        ] {
            within(field, lists, 0..=MOST)?;
        }
        within("mean_attraction", self.mean_attraction, 0.01..=0.99)?;
        within("drift", self.drift, 0. ..=2.)?;
        within("ranker_accuracy", self.ranker_accuracy, 0. ..=1.)?;
        within("logging_temperature", self.logging_temperature, 0.01..=1_000.)
    }

    /// Slots that the logging policy fills.
    pub(crate) fn shown(&self) -> usize {
        self.shown.unwrap_or(self.candidates)
    }
}

/// NaN lies in no range, so it is refused like any other value outside.
fn within<T: Copy + PartialOrd + Display>(
    field: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), SimError> {
    if range.contains(&value) {
        return Ok(());
    }
    let allowed = format!("from {} to {}", range.start(), range.end());
    Err(SimError::Config { field, value: value.to_string(), allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut SimConfig)) -> String {
        let mut config = SimConfig::default();
        change(&mut config);
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn the_default_is_valid() {
        assert_eq!(SimConfig::default().check(), Ok(()));
    }

    #[test]
    fn every_bad_value_is_named_with_its_field() {
        assert!(refused(|config| config.users = 0).starts_with("`users` is 0"));
        assert!(refused(|config| config.items = usize::MAX).starts_with(&format!("`items` is {}", usize::MAX)));
        assert!(refused(|config| config.categories = 1_001).starts_with("`categories` is 1001"));
        assert_eq!(refused(|config| config.candidates = 0), "`candidates` is 0; it must be from 1 to 1000");
        assert_eq!(refused(|config| config.shown = Some(21)), "`shown` is 21; it must be from 1 to 20");
        assert!(refused(|config| config.max_history = LONGEST_HISTORY + 1).starts_with("`max_history`"));
        assert!(refused(|config| config.train_lists = MOST + 1).starts_with("`train_lists` is 10000001"));
        assert!(refused(|config| config.test_lists = usize::MAX).starts_with("`test_lists`"));
        assert!(refused(|config| config.mean_attraction = 0.).starts_with("`mean_attraction` is 0"));
        assert!(refused(|config| config.drift = f64::INFINITY).starts_with("`drift` is inf"));
        assert!(refused(|config| config.ranker_accuracy = f64::NAN).starts_with("`ranker_accuracy` is NaN"));
        assert!(refused(|config| config.logging_temperature = -1.).starts_with("`logging_temperature` is -1"));
    }

    #[test]
    fn a_config_survives_json_and_a_misspelt_field_does_not() {
        let config = SimConfig { seed: 3, examination: Examination::DependentClick, ..SimConfig::default() };
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<SimConfig>(&json).unwrap(), config);
        assert_eq!(serde_json::from_str::<SimConfig>("{\"interactions\":\"strong\"}").unwrap().users, 2_000);
        assert!(serde_json::from_str::<SimConfig>("{\"user\":5}").is_err());
    }
}
