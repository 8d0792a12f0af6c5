//! The users: what they are like, and what of it a model may see.

use ndarray::{Array1, Array2};
use ndarray_rand::rand::{Rng, rngs::StdRng};
use psad_core::{RequestError, SchemaBuilder, User};

use crate::SimConfig;
use crate::catalog::Catalog;
use crate::taste::{Taste, normal};

/// One user as they truly are.
#[derive(Debug)]
pub(crate) struct Person {
    /// Long-term taste.
    pub(crate) taste: Taste,
    /// In (0, 1): how much an item loses below another of its category.
    pub(crate) satiation: f64,
    /// In (0, 1): how much an item gains below one that goes with it.
    pub(crate) boost: f64,
    /// Probability to go on to the next slot.
    pub(crate) patience: f64,
    /// Further factor on that after a click, in the dependent click model.
    pub(crate) loyalty: f64,
    /// Number of history items.
    pub(crate) history: usize,
}

/// All users, and their features.
#[derive(Debug)]
pub(crate) struct Population {
    pub(crate) people: Vec<Person>,
    sparse: Array2<u32>,
    dense: Array2<f32>,
}

impl Population {
    pub(crate) fn draw(config: &SimConfig, catalog: &Catalog, rng: &mut StdRng) -> Self {
        let mut population = Self {
            people: Vec::with_capacity(config.users),
            sparse: Array2::zeros((config.users, 2)),
            dense: Array2::zeros((config.users, 2)),
        };
        for id in 0..config.users {
            let favourite = rng.random_range(0..config.categories);
            let person = Person::draw(config, catalog, favourite, rng);
            // Who puts users into segments is wrong about one in five.
            let segment = if rng.random_bool(0.8) { favourite } else { rng.random_range(0..config.categories) };
            population.sparse.row_mut(id).assign(&Array1::from_iter([id, segment].map(|id| id as u32 + 1)));
            let variety = standardised(person.satiation, 2. / 3., 1. / 18_f64.sqrt()) + 0.5 * normal(rng);
            let patience = standardised(person.patience, 0.89, 0.052) + 0.5 * normal(rng);
            population.dense.row_mut(id).assign(&Array1::from_iter([variety as f32, patience as f32]));
            population.people.push(person);
        }
        population
    }

    /// Adds the users' fields to a schema.
    pub(crate) fn declare(config: &SimConfig, schema: SchemaBuilder) -> SchemaBuilder {
        let schema = schema.user_sparse("user", config.users + 1).user_sparse("segment", config.categories + 1);
        schema.user_dense("variety").user_dense("patience")
    }

    /// What a model sees of a user.
    pub(crate) fn features(&self, user: usize) -> Result<User, RequestError> {
        User::new(self.sparse.row(user).to_owned(), self.dense.row(user).to_owned())
    }
}

impl Person {
    /// Someone who likes their favourite category, what goes with it, and a third one.
    fn draw(config: &SimConfig, catalog: &Catalog, favourite: usize, rng: &mut StdRng) -> Self {
        let third = rng.random_range(0..config.categories);
        let taste = catalog.centres[favourite]
            .scaled(rng.random_range(0.6..1.))
            .plus(rng.random_range(0.3..0.7), &catalog.centres[catalog.helps[favourite] as usize])
            .plus(rng.random_range(0.3..0.7), &catalog.centres[third])
            .plus(0.4, &Taste::draw(rng));
        let newcomer = rng.random_bool(0.05);
        let length = rng.random_range(0..=config.max_history).max(1.min(config.max_history));
        Self {
            taste,
            // The root of a uniform number is Beta(2, 1): mean 2/3, and some users hardly satiate.
            satiation: rng.random::<f64>().sqrt(),
            boost: rng.random::<f64>().sqrt(),
            patience: rng.random_range(0.8..0.98),
            loyalty: rng.random_range(0.3..0.9),
            history: if newcomer { 0 } else { length },
        }
    }
}

fn standardised(value: f64, mean: f64, deviation: f64) -> f64 {
    (value - mean) / deviation
}
