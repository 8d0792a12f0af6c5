//! The items: what they are, and what of it a model may see.

use ndarray::{Array1, Array2, Axis};
use ndarray_rand::rand::{Rng, rngs::StdRng};
use psad_core::{Items, RequestError, SchemaBuilder};

use crate::SimConfig;
use crate::taste::{Taste, normal};

/// How many noisy projections of an item's latent point a model sees.
const PROJECTIONS: usize = 4;
/// Items per maker, about.
const ITEMS_PER_MAKER: usize = 25;

/// One item as it truly is.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) taste: Taste,
    pub(crate) quality: f64,
}

/// What decides how an item acts on others of its slate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) category: u32,
    /// The category whose items gain from standing below this one; the item's own if there is no other.
    pub(crate) helps: u32,
}

/// All items, and their features.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) items: Vec<Item>,
    pub(crate) centres: Vec<Taste>,
    /// Per category, the one that it helps.
    pub(crate) helps: Vec<u32>,
    sparse: Array2<u32>,
    dense: Array2<f32>,
}

impl Catalog {
    pub(crate) fn draw(config: &SimConfig, rng: &mut StdRng) -> Self {
        let centres: Vec<Taste> = (0..config.categories).map(|_| Taste::draw(rng)).collect();
        let helps = one_cycle(config.categories, rng);
        let makers: Vec<f64> = (0..makers(config.items)).map(|_| normal(rng)).collect();
        let projections: [Taste; PROJECTIONS] = std::array::from_fn(|_| Taste::draw(rng));
        let mut catalog = Self {
            items: Vec::with_capacity(config.items),
            centres,
            helps,
            sparse: Array2::zeros((config.items, 3)),
            dense: Array2::zeros((config.items, 2 + PROJECTIONS)),
        };
        for id in 0..config.items {
            // The first items take one category each, so none is empty.
            let category = if id < config.categories { id } else { rng.random_range(0..config.categories) };
            let maker = rng.random_range(0..makers.len());
            let taste = catalog.centres[category].scaled(0.8).plus(0.6, &Taste::draw(rng));
            let quality = 0.6 * makers[maker] + 0.8 * normal(rng);
            let price = 0.5 * quality + normal(rng);
            // Id 0 is reserved for what a model does not know.
            catalog.sparse.row_mut(id).assign(&Array1::from_iter([id, category, maker].map(|id| id as u32 + 1)));
            let seen = [quality + 0.5 * normal(rng), price].into_iter();
            let seen = seen.chain(projections.iter().map(|p| 2. * p.dot(&taste) + 0.5 * normal(rng)));
            catalog.dense.row_mut(id).assign(&seen.map(|value| value as f32).collect::<Array1<f32>>());
            let kind = Kind { category: category as u32, helps: catalog.helps[category] };
            catalog.items.push(Item { kind, taste, quality });
        }
        catalog
    }

    /// Adds the items' fields to a schema.
    pub(crate) fn declare(config: &SimConfig, schema: SchemaBuilder) -> SchemaBuilder {
        let schema = schema
            .item_sparse("item", config.items + 1)
            .item_sparse("category", config.categories + 1)
            .item_sparse("maker", makers(config.items) + 1)
            .item_dense("quality")
            .item_dense("price");
        (0..PROJECTIONS).fold(schema, |schema, k| schema.item_dense(format!("taste_{k}")))
    }

    /// What a model sees of some items.
    pub(crate) fn features(&self, ids: &[usize]) -> Result<Items, RequestError> {
        Items::new(self.sparse.select(Axis(0), ids), self.dense.select(Axis(0), ids))
    }
}

fn makers(items: usize) -> usize {
    items.div_ceil(ITEMS_PER_MAKER)
}

/// A random permutation of one cycle (Sattolo): with two categories or more, none helps itself.
fn one_cycle(len: usize, rng: &mut StdRng) -> Vec<u32> {
    let mut helps: Vec<u32> = (0..len as u32).collect();
    for last in (1..len).rev() {
        helps.swap(last, rng.random_range(0..last));
    }
    helps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    #[test]
    fn no_category_helps_itself_and_each_is_helped_once() {
        for categories in 2..9 {
            let mut helps = one_cycle(categories, &mut Stream::Catalog.rng(1, categories as u64));
            assert!(helps.iter().enumerate().all(|(category, &helped)| category as u32 != helped));
            helps.sort_unstable();
            assert_eq!(helps, (0..categories as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_id_lies_between_the_reserved_row_and_the_vocabulary() {
        let config = SimConfig { items: 60, categories: 60, ..SimConfig::default() };
        let catalog = Catalog::draw(&config, &mut Stream::Catalog.rng(0, 0));
        let schema = Catalog::declare(&config, psad_core::Schema::builder()).build().unwrap();
        let items = catalog.features(&(0..60).collect::<Vec<_>>()).unwrap();
        for (field, ids) in schema.item_sparse().iter().zip(items.sparse().columns()) {
            assert!(ids.iter().all(|&id| id > 0 && (id as usize) < field.vocabulary), "{}", field.name);
        }
        assert_eq!(items.dense().ncols(), schema.item_dense().len());
    }
}
