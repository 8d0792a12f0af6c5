//! Users and items, and the lists that come from them.

use psad_core::Schema;

use crate::attraction::{Attraction, appeal};
use crate::catalog::Catalog;
use crate::population::Population;
use crate::seed::Stream;
use crate::visit::Visit;
use crate::{Dataset, SimConfig, SimError, SimulatedList, Split};

/// Lists that the constants of attraction are fitted to.
const CALIBRATION_LISTS: u64 = 400;

/// Users and items with known truth.
///
/// Worlds of one seed that differ only in interactions, examination or window hold the same users and items, and
/// their lists the same requests and the same shown slates; only the clicks differ.
#[derive(Debug)]
pub struct World {
    pub(crate) config: SimConfig,
    pub(crate) catalog: Catalog,
    pub(crate) population: Population,
    pub(crate) attraction: Attraction,
    schema: Schema,
}

impl World {
    /// Draws users and items.
    ///
    /// # Errors
    /// [`SimError::Config`] for a value that is not what it must be.
    pub fn new(config: SimConfig) -> Result<Self, SimError> {
        config.check()?;
        let catalog = Catalog::draw(&config, &mut Stream::Catalog.rng(config.seed, 0));
        let population = Population::draw(&config, &catalog, &mut Stream::Population.rng(config.seed, 0));
        let attraction = calibrated(&config, &catalog, &population);
        let schema = schema(&config);
        Ok(Self { config, catalog, population, attraction, schema })
    }

    /// What the world was made from.
    pub fn config(&self) -> &SimConfig {
        &self.config
    }

    /// Fields and limits of every request of this world.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// One list of a split. It depends on the seed, the split and the index, never on other lists; an index beyond
    /// the configured number gives a further list of the same kind.
    pub fn list(&self, split: Split, index: usize) -> SimulatedList {
        let mut rng = Stream::Lists(split).rng(self.config.seed, index as u64);
        Visit::draw(&self.config, &self.catalog, &self.population, &mut rng).logged(self, &mut rng)
    }

    /// All lists of a split.
    pub fn lists(&self, split: Split) -> Vec<SimulatedList> {
        let count = match split {
            Split::Train => self.config.train_lists,
            Split::Validation => self.config.validation_lists,
            Split::Test => self.config.test_lists,
        };
        (0..count).map(|index| self.list(split, index)).collect()
    }

    /// All lists.
    pub fn generate(&self) -> Dataset {
        let [train, validation, test] = [Split::Train, Split::Validation, Split::Test].map(|split| self.lists(split));
        Dataset { train, validation, test }
    }
}

fn schema(config: &SimConfig) -> Schema {
    let schema = Catalog::declare(config, Population::declare(config, Schema::builder()));
    let schema = schema.feedback(["skipped", "clicked"]);
    let schema = schema.max_history(config.max_history).max_candidates(config.candidates).build();
    schema.expect("names are distinct, and a checked config has no empty limit")
}

/// Fits attraction to lists as the world will offer them, drawn from a stream of their own.
fn calibrated(config: &SimConfig, catalog: &Catalog, population: &Population) -> Attraction {
    let lists: Vec<Vec<f64>> = (0..CALIBRATION_LISTS)
        .map(|index| {
            let mut rng = Stream::Calibration.rng(config.seed, index);
            let visit = Visit::draw(config, catalog, population, &mut rng);
            visit.candidates.iter().map(|&item| appeal(&visit.taste, &catalog.items[item])).collect()
        })
        .collect();
    Attraction::fit(&lists, config.mean_attraction)
}
