//! The policy that made the logs: Plackett–Luce around the ranker's scores.

use ndarray_rand::rand::{Rng, rngs::StdRng};
use ndarray_rand::rand_distr::Exp1;

/// Shows the first `len` of an order drawn from Plackett–Luce over `scores / temperature`; with each slot's
/// probability given the slots before.
pub(crate) fn plackett_luce(scores: &[f32], temperature: f64, len: usize, rng: &mut StdRng) -> (Vec<usize>, Vec<f64>) {
    let logits: Vec<f64> = scores.iter().map(|&score| f64::from(score) / temperature).collect();
    let mut noisy: Vec<(f64, usize)> = logits.iter().map(|logit| logit + gumbel(rng)).zip(0..).collect();
    noisy.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut order: Vec<usize> = noisy.into_iter().map(|(_, item)| item).collect();
    let mut propensities = conditionals(&logits, &order);
    order.truncate(len);
    propensities.truncate(len);
    (order, propensities)
}

/// Sorting logits plus Gumbel noise draws from Plackett–Luce; minus the log of an exponential number is Gumbel.
fn gumbel(rng: &mut StdRng) -> f64 {
    let exponential: f64 = rng.sample(Exp1);
    // The smallest positive number stands in for a zero, whose log would be infinite.
    -exponential.max(f64::MIN_POSITIVE).ln()
}

/// Per slot, the softmax of its item over what was still free; from the back, so that the sum grows by one at a time.
fn conditionals(logits: &[f64], order: &[usize]) -> Vec<f64> {
    let mut log_sum = f64::NEG_INFINITY;
    let mut propensities: Vec<f64> = order
        .iter()
        .rev()
        .map(|&item| {
            let (small, large) = if logits[item] < log_sum { (logits[item], log_sum) } else { (log_sum, logits[item]) };
            log_sum = large + (small - large).exp().ln_1p();
            (logits[item] - log_sum).exp()
        })
        .collect();
    propensities.reverse();
    propensities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    #[test]
    fn orders_come_as_often_as_their_propensities_say() {
        let scores = [1., 0., 0.5];
        let mut rng = Stream::Clicks.rng(0, 0);
        let mut counted = std::collections::BTreeMap::<Vec<usize>, (f64, f64)>::new();
        for _ in 0..20_000 {
            let (order, propensities) = plackett_luce(&scores, 0.5, 3, &mut rng);
            let entry = counted.entry(order).or_insert((0., propensities.iter().product()));
            entry.0 += 1. / 20_000.;
        }
        assert_eq!(counted.len(), 6);
        for (order, (share, probability)) in counted {
            let error = 4. * (probability * (1. - probability) / 20_000.).sqrt();
            assert!((share - probability).abs() < error, "{order:?}: {share} of {probability}");
        }
    }

    #[test]
    fn extreme_temperatures_keep_propensities_in_range() {
        let scores = [6., -6., 0., 3.];
        for temperature in [0.01, 1_000.] {
            for index in 0..200 {
                let (_, propensities) = plackett_luce(&scores, temperature, 4, &mut Stream::Clicks.rng(1, index));
                assert!(propensities.iter().all(|p| *p > 0. && *p <= 1.), "{propensities:?}");
                assert_eq!(propensities[3], 1.);
            }
        }
    }
}
