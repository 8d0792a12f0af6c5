//! From latent points to attraction, and from attraction to a ranker's score.

use ndarray_rand::rand::rngs::StdRng;

use crate::catalog::Item;
use crate::taste::{Taste, normal};

const TASTE_WEIGHT: f64 = 2.5;
const QUALITY_WEIGHT: f64 = 0.5;

/// The law of attraction, with its constants fitted to the lists of a world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Attraction {
    bias: f64,
    /// Mean appeal over the candidates of lists.
    centre: f64,
    /// Spread of appeal within lists.
    spread: f64,
}

/// What taste and quality make of an item, before the bias.
pub(crate) fn appeal(taste: &Taste, item: &Item) -> f64 {
    TASTE_WEIGHT * taste.dot(&item.taste) + QUALITY_WEIGHT * item.quality
}

impl Attraction {
    /// Fits the bias so that the mean attraction over `lists` (the appeal of each candidate) is `mean`, and the
    /// ranker's scale so that its accuracy is a correlation within lists.
    pub(crate) fn fit(lists: &[Vec<f64>], mean: f64) -> Self {
        let all: Vec<f64> = lists.iter().flatten().copied().collect();
        let centre = average(&all);
        let squares: Vec<f64> = lists
            .iter()
            .flat_map(|list| {
                // A list of one has no spread within; there the spread over all lists has to serve.
                let middle = if list.len() > 1 { average(list) } else { centre };
                list.iter().map(move |appeal| (appeal - middle).powi(2))
            })
            .collect();
        let spread = average(&squares).sqrt().max(1e-6);
        Self { bias: fitted_bias(&all, mean), centre, spread }
    }

    /// Probability of a click on an item that stands alone and is seen.
    pub(crate) fn of(&self, appeal: f64) -> f64 {
        sigmoid(appeal + self.bias)
    }

    /// The score of a ranker that knows the truth to a set degree.
    pub(crate) fn ranker_score(&self, appeal: f64, accuracy: f64, rng: &mut StdRng) -> f32 {
        let signal = (appeal - self.centre) / self.spread;
        (accuracy * signal + (1. - accuracy * accuracy).sqrt() * normal(rng)) as f32
    }
}

/// Mean attraction grows with the bias, so halving an interval finds it.
fn fitted_bias(appeals: &[f64], mean: f64) -> f64 {
    let (mut low, mut high) = (-50., 50.);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let reached = appeals.iter().map(|appeal| sigmoid(appeal + middle)).sum::<f64>() / appeals.len() as f64;
        if reached < mean { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

fn sigmoid(logit: f64) -> f64 {
    1. / (1. + (-logit).exp())
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bias_meets_the_mean() {
        let lists = vec![vec![-3., 0., 0.5], vec![2., 4., -1.]];
        for mean in [0.01, 0.3, 0.99] {
            let attraction = Attraction::fit(&lists, mean);
            let reached: f64 = lists.iter().flatten().map(|&appeal| attraction.of(appeal)).sum::<f64>() / 6.;
            assert!((reached - mean).abs() < 1e-9, "{reached} for {mean}");
        }
    }
}
