//! Sampling for models that give one score per candidate.

use psad_core::{Slate, SlateError};
use rand::RngExt;
use rand_distr::Exp1;

use crate::{Decoded, search::stream};

/// Draws a slate of `min(len, scores.len())` candidates by Gumbel top-k, with its exact log-probability.
///
/// The draw is that of a Plackett–Luce model with the logits `scores`: each slot takes a free candidate with a
/// probability proportional to `exp(score)`. No network is asked and nothing is drawn twice, so it costs one sort.
///
/// # Errors
/// [`SlateError::NonFiniteScore`]: NaN and infinities are an error, never an order.
///
/// # Examples
/// ```
/// let drawn = psad_decode::plackett_luce(&[0.3, 2., -1.], 2, 7)?;
/// assert_eq!(drawn.slate.len(), 2);
/// assert_eq!(drawn, psad_decode::plackett_luce(&[0.3, 2., -1.], 2, 7)?);
/// # Ok::<(), psad_core::SlateError>(())
/// ```
pub fn plackett_luce(scores: &[f32], len: usize, seed: u64) -> Result<Decoded, SlateError> {
    if let Some((item, &score)) = scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        return Err(SlateError::NonFiniteScore { item, score });
    }
    let mut stream = stream(seed, 0);
    // Minus the logarithm of an exponential variate is a Gumbel one.
    let mut gumbel = || -stream.sample::<f64, _>(Exp1).ln();
    let mut noisy: Vec<(usize, f64)> =
        scores.iter().enumerate().map(|(item, &score)| (item, f64::from(score) + gumbel())).collect();
    noisy.sort_by(|a, b| b.1.total_cmp(&a.1));
    let order: Vec<usize> = noisy.into_iter().map(|(item, _)| item).collect();
    let len = len.min(order.len());
    let log_probability = log_probability(scores, &order, len);
    let slate = Slate::new(order[..len].to_vec(), scores.len())?;
    Ok(Decoded { slate, log_probability })
}

/// Log-probability of the first `len` of `order`, which holds every candidate.
///
/// It runs from the end, so that the sum over the free candidates only ever grows and nothing cancels.
fn log_probability(scores: &[f32], order: &[usize], len: usize) -> f64 {
    let mut free = f64::NEG_INFINITY;
    let mut total = 0.;
    for (slot, &item) in order.iter().enumerate().rev() {
        let score = f64::from(scores[item]);
        free = log_add(free, score);
        if slot < len {
            total += score - free;
        }
    }
    total
}

/// `ln(exp(a) + exp(b))` for a finite `b`.
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    high + (low - high).exp().ln_1p()
}
