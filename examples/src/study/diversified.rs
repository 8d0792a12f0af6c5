//! Rows that mix categories: by the ranker's scores, and by a trained scorer's. How much they mix is chosen on validation
//! lists.

use std::sync::Arc;

use anyhow::{Context, Result};
use psad::Reranker;
use psad::core::{CandidateScorer, RankerScores};
use psad::decode::{Diversified, Diversifier, category_vectors};
use serde::Serialize;

use super::lists::Lists;
use super::stats::rounded;

/// Rows of the main table that diversify the ranker's scores.
pub(crate) const OF_RANKER: [&str; 3] = ["MMR", "DPP", "SSD"];
/// The row that diversifies the scores of the pointwise network.
pub(crate) const OF_MLP: &str = "MLP + MMR";

/// Fields that say what kind an item is, of the simulator and of ratings.
const CATEGORY: [&str; 2] = ["category", "genre"];
/// Slots that SSD sees together.
const WINDOW: usize = 5;

/// From nothing but scores to nearly nothing but difference.
fn strengths(name: &str) -> [f32; 7] {
    match name {
        "DPP" => [64., 16., 8., 4., 2., 1., 0.5],
        "SSD" => [0., 0.02, 0.05, 0.1, 0.2, 0.4, 0.8],
        _ => [1., 0.95, 0.9, 0.8, 0.7, 0.6, 0.5],
    }
}

fn diversifier(name: &str, strength: f32) -> Diversifier {
    match name {
        "DPP" => Diversifier::Dpp { theta: strength },
        "SSD" => Diversifier::Ssd { gamma: strength, window: WINDOW },
        _ => Diversifier::Mmr { lambda: strength },
    }
}

/// A row with the strength that was chosen for it.
pub(crate) struct Mixed {
    /// θ of DPP, γ of SSD, λ of MMR.
    pub(crate) strength: f64,
    /// The row.
    pub(crate) reranker: Arc<dyn Reranker>,
}

/// What was chosen for a row on an input: a strength, or a number of proposals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Strengths {
    /// Name of the input.
    pub(crate) input: &'static str,
    /// Name of the row.
    pub(crate) name: &'static str,
    /// In the order of seeds.
    pub(crate) by_seed: Vec<f64>,
}

/// The rows that need no fit.
pub(crate) fn of_ranker(lists: &Lists) -> Result<Vec<(&'static str, Mixed)>> {
    OF_RANKER.iter().map(|&name| Ok((name, best(name, || RankerScores, lists)?))).collect()
}

/// A method with the strength that is best on the validation lists; of equals the weakest.
pub(crate) fn best<S>(name: &str, scorer: impl Fn() -> S, lists: &Lists) -> Result<Mixed>
where
    S: CandidateScorer + 'static,
{
    let fields = lists.schema.item_sparse().iter();
    let category = fields.map(|field| field.name.as_str()).position(|name| CATEGORY.contains(&name));
    let category = category.with_context(|| format!("{}: no field says of which kind items are", lists.kind.name()))?;
    let mut found: Option<(f64, Mixed)> = None;
    for strength in strengths(name) {
        let diversifier = diversifier(name, strength);
        let reranker: Arc<dyn Reranker> =
            Arc::new(Diversified::new(scorer(), diversifier, category_vectors(category))?);
        let value = lists.validated(&reranker)?;
        if found.as_ref().is_none_or(|(best, _)| value > *best) {
            found = Some((value, Mixed { strength: rounded(strength.into()), reranker }));
        }
    }
    found.map(|(_, mixed)| mixed).context("no strength to choose from")
}
