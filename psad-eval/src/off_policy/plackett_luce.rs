//! What a Plackett–Luce policy would have done with a logged slate.

use psad_core::Slate;

use super::error::{OffPolicyError, check_length};

/// Distance of the nodes in the logarithm of time. The integrand is analytic in a strip of half-width π/2, so the
/// trapezoidal rule errs by about `exp(−π² / STEP)`, here 1e-21 of it.
const STEP: f64 = 0.2;
/// Where the earliest arrival lies this far ahead in the logarithm, less than 1e-17 of the probability is left.
const BEFORE: f64 = 40.;
/// `exp(−exp(AFTER))` is 0.
const AFTER: f64 = 6.7;
/// `exp(−VANISHED)` is 0.
const VANISHED: f64 = 746.;

/// Per slot of `slate`, the probability that a Plackett–Luce policy puts that item there given the slots above: the
/// softmax of its logit over the candidates that are still free (Plackett, Applied Statistics 1975).
///
/// `logits` has one number per candidate, already divided by the temperature. Equal logits make the policy that
/// shuffles uniformly. The policy must be free to show everything: with constraints the free candidates are others.
///
/// ```
/// use psad_core::Slate;
/// let slate = Slate::new(vec![2, 0], 3)?;
/// let uniform = psad_eval::off_policy::plackett_luce_conditionals(&[0.; 3], &slate)?;
/// assert!((uniform[0] - 1. / 3.).abs() < 1e-12 && (uniform[1] - 0.5).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`OffPolicyError::Length`] for a slate of another list, [`OffPolicyError::Logit`] for one that is not finite.
pub fn plackett_luce_conditionals(logits: &[f64], slate: &Slate) -> Result<Vec<f64>, OffPolicyError> {
    check(logits, slate)?;
    let mut left = vec![true; logits.len()];
    slate.iter().for_each(|item| left[item] = false);
    let mut log_sum = f64::NEG_INFINITY;
    logits.iter().zip(left).filter(|(_, left)| *left).for_each(|(&logit, _)| log_sum = log_add(log_sum, logit));
    // From the last slot up, so that the sum over the free candidates only grows and nothing cancels.
    let slots = slate.as_slice().iter().rev().map(|&item| {
        log_sum = log_add(log_sum, logits[item]);
        (logits[item] - log_sum).exp()
    });
    let mut probabilities: Vec<f64> = slots.collect();
    probabilities.reverse();
    Ok(probabilities)
}

/// Per slot of `slate`, the probability that a Plackett–Luce policy puts that item there, whatever stands above: what
/// [IIPS](super::SlateEstimator::Iips) weighs by. To some twelve digits.
///
/// Plackett–Luce is the order of arrival of independent exponential times with the rates `exp(logit)`. So item `i`
/// stands in slot `k` (from 0) if exactly `k` others come before it, and the probability is an integral over its time
/// of arrival, done here by the trapezoidal rule in the logarithm of time. For `n` candidates and `k` slots that is
/// `n k²` steps at each of some 250 nodes (more where logits lie far apart), in place of a sum over `n^k` slates.
///
/// ```
/// use psad_core::Slate;
/// let slate = Slate::new(vec![2, 0], 3)?;
/// let uniform = psad_eval::off_policy::plackett_luce_marginals(&[0.; 3], &slate)?;
/// assert!(uniform.iter().all(|probability| (probability - 1. / 3.).abs() < 1e-12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`plackett_luce_conditionals`].
pub fn plackett_luce_marginals(logits: &[f64], slate: &Slate) -> Result<Vec<f64>, OffPolicyError> {
    check(logits, slate)?;
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut before = Vec::new();
    let slots = slate.iter().enumerate().map(|(slot, item)| {
        // In units of the item's own mean time; where its density is 0 in `f64`, nothing is left to integrate.
        let start = (logits[item] - largest - BEFORE).max(-VANISHED);
        let nodes = ((AFTER - start) / STEP).ceil() as usize;
        let density = |node: usize| {
            let time = start + node as f64 * STEP;
            let own = (time - time.exp()).exp();
            if own == 0. { 0. } else { own * exactly_before(logits, item, time, slot, &mut before) }
        };
        (STEP * (0..=nodes).map(density).sum::<f64>()).min(1.)
    });
    Ok(slots.collect())
}

/// Probability that exactly `count` others arrive before `exp(time)` mean times of `item`, by the recursion of the
/// Poisson binomial distribution; all its terms are positive. `before` is room to work in.
fn exactly_before(logits: &[f64], item: usize, time: f64, count: usize, before: &mut Vec<f64>) -> f64 {
    before.clear();
    before.resize(count + 1, 0.);
    before[0] = 1.;
    for (other, &logit) in logits.iter().enumerate() {
        if other != item {
            let hazard = (time + logit - logits[item]).exp();
            let (arrived, absent) = (-(-hazard).exp_m1(), (-hazard).exp());
            for earlier in (1..=count).rev() {
                before[earlier] = before[earlier] * absent + before[earlier - 1] * arrived;
            }
            before[0] *= absent;
        }
    }
    before[count]
}

fn check(logits: &[f64], slate: &Slate) -> Result<(), OffPolicyError> {
    check_length("candidates of the slate", logits.len(), slate.candidates())?;
    match logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()) {
        Some((item, &logit)) => Err(OffPolicyError::Logit { item, logit }),
        None => Ok(()),
    }
}

/// `ln(exp(a) + exp(b))` for a finite `b`.
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    high + (low - high).exp().ln_1p()
}
