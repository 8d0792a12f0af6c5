//! What a user did before a visit.

use ndarray_rand::rand::{Rng, rngs::StdRng};
use ndarray_rand::rand_distr::Exp1;

use crate::attraction::{Attraction, appeal};
use crate::catalog::Catalog;
use crate::taste::Taste;

/// Items that a user comes across before one of them enters the history.
const ENCOUNTERS: usize = 4;
/// Mean age of a history item, in days.
const MEAN_AGE: f64 = 20.;
/// Looking back, half of the interest of the moment is gone after this many days.
const HALF_LIFE: f64 = 10.;

/// A history in columns, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) items: Vec<usize>,
    /// 0 for skipped, 1 for clicked.
    pub(crate) feedback: Vec<u32>,
    /// In days.
    pub(crate) ages: Vec<f32>,
}

impl Past {
    /// Draws `len` items. `interest` gives the taste of a time from the weight, in (0, 1], that the interest of the
    /// moment had then.
    pub(crate) fn draw(
        len: usize,
        catalog: &Catalog,
        attraction: &Attraction,
        interest: impl Fn(f64) -> Taste,
        rng: &mut StdRng,
    ) -> Self {
        let mut ages: Vec<f64> = (0..len).map(|_| MEAN_AGE * rng.sample::<f64, _>(Exp1)).collect();
        ages.sort_by(|a, b| b.total_cmp(a));
        let mut past = Self::default();
        for age in ages {
            let taste = interest((-age / HALF_LIFE).exp2());
            let item = encountered(catalog, &taste, rng);
            let clicked = rng.random_bool(attraction.of(appeal(&taste, &catalog.items[item])));
            past.items.push(item);
            past.feedback.push(u32::from(clicked));
            past.ages.push(age as f32);
        }
        past
    }
}

/// The item that suits the taste best among a few random ones.
fn encountered(catalog: &Catalog, taste: &Taste, rng: &mut StdRng) -> usize {
    let mut best = (f64::NEG_INFINITY, 0);
    for _ in 0..ENCOUNTERS {
        let item = rng.random_range(0..catalog.items.len());
        let affinity = taste.dot(&catalog.items[item].taste);
        if affinity > best.0 {
            best = (affinity, item);
        }
    }
    best.1
}
