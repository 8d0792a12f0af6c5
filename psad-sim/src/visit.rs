//! One visit of a user: the interest of the moment, what retrieval offers, what the ranker and the policy make of it.

use std::error::Error;

use ndarray::Array1;
use ndarray_rand::rand::{Rng, rngs::StdRng, seq::index};
use psad_core::{Candidates, History, LabeledList, Request, Shown, Slate};

use crate::attraction::appeal;
use crate::catalog::Catalog;
use crate::history::Past;
use crate::population::Population;
use crate::scan::{Context, Scan};
use crate::taste::{Taste, normal};
use crate::{ListTruth, SimConfig, SimulatedList, World, logging};

/// Items that retrieval looks at, per candidate.
const POOL: usize = 4;
/// How far retrieval errs about affinity.
const RETRIEVAL_NOISE: f64 = 0.3;

/// One visit, before anything is ranked or shown.
#[derive(Debug)]
pub(crate) struct Visit {
    user: usize,
    /// Direction of the interest of the moment: a category's centre.
    mood: Taste,
    /// Taste at the time of the visit.
    pub(crate) taste: Taste,
    /// What retrieval offers, in no order.
    pub(crate) candidates: Vec<usize>,
}

impl Visit {
    pub(crate) fn draw(config: &SimConfig, catalog: &Catalog, population: &Population, rng: &mut StdRng) -> Self {
        let user = rng.random_range(0..population.people.len());
        let mood = catalog.centres[rng.random_range(0..catalog.centres.len())];
        let taste = population.people[user].taste.plus(config.drift, &mood);
        let candidates = retrieve(config.candidates, catalog, &taste, rng);
        Self { user, mood, taste, candidates }
    }

    /// The list that the logs keep of this visit, with its truth.
    pub(crate) fn logged(&self, world: &World, rng: &mut StdRng) -> SimulatedList {
        self.try_logged(world, rng).expect("a world makes finite features, ids in range and lengths that agree")
    }

    fn try_logged(&self, world: &World, rng: &mut StdRng) -> Result<SimulatedList, Box<dyn Error>> {
        let history = self.history(world, rng)?;
        let (items, scores) = self.ranked(world, rng);
        let (temperature, shown) = (world.config.logging_temperature, world.config.shown());
        let (slate, propensities) = logging::plackett_luce(&scores, temperature, shown, rng);
        let truth = self.truth(world, &items);
        // Clicks come last, so that worlds which differ in clicks alone agree on everything else.
        let mut labels = Array1::zeros(items.len());
        for (&item, clicked) in slate.iter().zip(truth.draw_clicks(&slate, rng)) {
            labels[item] = f32::from(u8::from(clicked));
        }
        let candidates = Candidates::new(world.catalog.features(&items)?, scores.into())?;
        let request = Request::new(world.population.features(self.user)?, history, candidates)?;
        let shown = Shown { slate: Slate::new(slate, items.len())?, propensities };
        let list = LabeledList::new(request, labels)?.with_shown(shown)?;
        Ok(SimulatedList { list, user: self.user as u32, truth })
    }

    fn history(&self, world: &World, rng: &mut StdRng) -> Result<History, Box<dyn Error>> {
        let person = &world.population.people[self.user];
        let interest = |weight: f64| person.taste.plus(world.config.drift * weight, &self.mood);
        let past = Past::draw(person.history, &world.catalog, &world.attraction, interest, rng);
        let history = History::new(world.catalog.features(&past.items)?, past.feedback.into())?;
        Ok(history.with_ages(past.ages.into())?)
    }

    /// Candidates and scores in the ranker's order.
    fn ranked(&self, world: &World, rng: &mut StdRng) -> (Vec<usize>, Vec<f32>) {
        let accuracy = world.config.ranker_accuracy;
        let score = |&item: &usize| {
            let appeal = appeal(&self.taste, &world.catalog.items[item]);
            (item, world.attraction.ranker_score(appeal, accuracy, rng))
        };
        let mut ranked: Vec<(usize, f32)> = self.candidates.iter().map(score).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.into_iter().unzip()
    }

    fn truth(&self, world: &World, items: &[usize]) -> ListTruth {
        let person = &world.population.people[self.user];
        let strength = world.config.interactions.strength();
        let items = || items.iter().map(|&item| &world.catalog.items[item]);
        let attraction = items().map(|item| world.attraction.of(appeal(&self.taste, item))).collect();
        let scan = Scan { law: world.config.examination, patience: person.patience, loyalty: person.loyalty };
        let context = Context {
            window: world.config.window,
            substitute: 1. - strength * person.satiation,
            complement: 1. + strength * person.boost,
        };
        ListTruth::new(attraction, items().map(|item| item.kind).collect(), scan, context)
    }
}

/// Half of the candidates are those that retrieval thinks the user likes best in a random pool, the rest is random.
/// It looks at nothing that a user did in this visit.
fn retrieve(count: usize, catalog: &Catalog, taste: &Taste, rng: &mut StdRng) -> Vec<usize> {
    let pool = index::sample(rng, catalog.items.len(), catalog.items.len().min(POOL * count));
    let mut pool: Vec<(f64, usize)> = pool
        .into_iter()
        .map(|item| (taste.dot(&catalog.items[item].taste) + RETRIEVAL_NOISE * normal(rng), item))
        .collect();
    let liked = count / 2;
    if liked > 0 {
        pool.select_nth_unstable_by(liked - 1, |a, b| b.0.total_cmp(&a.0));
    }
    // What stands behind the liked ones is no longer in random order, so the rest is drawn anew.
    let rest = index::sample(rng, pool.len() - liked, count - liked);
    let rest = rest.into_iter().map(|behind| pool[liked + behind].1);
    pool[..liked].iter().map(|&(_, item)| item).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    #[test]
    fn retrieval_offers_distinct_items_even_when_it_must_offer_all() {
        for items in [1, 2, 7, 30] {
            let config = SimConfig { items, categories: 1, candidates: items, ..SimConfig::default() };
            let catalog = Catalog::draw(&config, &mut Stream::Catalog.rng(0, 0));
            for count in 1..=items {
                let rng = &mut Stream::Calibration.rng(0, count as u64);
                let taste = Taste::draw(rng);
                let mut offered = retrieve(count, &catalog, &taste, rng);
                offered.sort_unstable();
                offered.dedup();
                assert_eq!(offered.len(), count);
            }
        }
    }
}
