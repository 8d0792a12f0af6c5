//! A reranker of one's own, without any learning: it lifts candidates of categories that the user has clicked before,
//! and the fresher the click, the more.
//!
//! ```text
//! cargo run --release --example custom_reranker
//! ```

use std::collections::HashMap;

use anyhow::Result;
use psad::eval::{BootstrapConfig, Gain, InitialOrder, Measure, evaluate, paired_clustered};
use psad::sim::{SimConfig, SimulatedList, Split, World};
use psad::{Request, RerankError, Reranker, Schema, Slate};

/// Column of the category among the simulator's item fields, and the simulator's code for a click.
const CATEGORY: usize = 1;
const CLICKED: u32 = 1;

struct CategoryBoost {
    schema: Schema,
    weight: f32,
}

impl Reranker for CategoryBoost {
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        // Whatever fits the schema has the columns that are read below, so nothing can panic.
        self.schema.check(request)?;
        let (history, offered) = (request.history(), request.candidates());
        let mut clicks = HashMap::<u32, f32>::new();
        for (item, &category) in history.items().sparse().column(CATEGORY).iter().enumerate() {
            let age = history.ages().map_or(0., |days| days[item]);
            let clicked = f32::from(u8::from(history.feedback()[item] == CLICKED));
            *clicks.entry(category).or_default() += clicked * 0.9_f32.powf(age);
        }
        let categories = offered.items().sparse().column(CATEGORY).to_vec();
        let lift = |category: &u32| self.weight * clicks.get(category).map_or(0., |clicks| clicks.ln_1p());
        let scores: Vec<f32> = offered.scores().iter().zip(&categories).map(|(score, c)| score + lift(c)).collect();
        request.top_by_score(&scores, len)
    }
}

/// NDCG@10 on the logged clicks and the expected clicks on ten slots, list by list.
fn measure(reranker: &impl Reranker, lists: &[SimulatedList]) -> Result<[Vec<Option<f64>>; 2]> {
    let ndcg = [Measure::Ndcg(Gain::Exponential).at(10)];
    let report = evaluate(reranker, lists.iter().map(|simulated| &simulated.list), &ndcg, 10)?;
    let utility = |simulated: &SimulatedList| {
        let slate = reranker.rerank(simulated.list.request(), 10)?;
        Ok(Some(simulated.truth.expected_utility(&slate)?))
    };
    Ok([report.summaries()[0].values().to_vec(), lists.iter().map(utility).collect::<Result<_>>()?])
}

fn main() -> Result<()> {
    let world = World::new(SimConfig::default())?;
    let lists = world.lists(Split::Test);
    let users: Vec<u32> = lists.iter().map(|simulated| simulated.user).collect();
    // Of 0.1, 0.25, 0.5, 1, 2 and 4 the weight that did best on the validation lists.
    let boost = CategoryBoost { schema: world.schema().clone(), weight: 0.5 };
    let (ours, initial) = (measure(&boost, &lists)?, measure(&InitialOrder, &lists)?);
    for (name, (ours, initial)) in ["NDCG@10", "expected clicks"].iter().zip(ours.iter().zip(&initial)) {
        let mean = initial.iter().flatten().sum::<f64>() / initial.iter().flatten().count() as f64;
        let found = paired_clustered(ours, initial, &users, &BootstrapConfig::default())?;
        println!("{name}: ranker {mean:.4}, boosted {:.4} ({:+.4}, p = {:.4})", mean + found.diff, found.diff, found.p);
    }
    Ok(())
}

// Output:
//
//     NDCG@10: ranker 0.5962, boosted 0.6023 (+0.0062, p = 0.0013)
//     expected clicks: ranker 2.4270, boosted 2.4357 (+0.0087, p = 0.0006)
