//! Exponentials of many logits at once: no branch and no call in the loop, so that the compiler can use whole vector
//! registers. With `f64::exp` the normaliser of a row was most of what a slot costs.

use std::f64::consts::{LN_2, LOG2_E};

/// Adding it to a small number leaves the nearest whole number in the low bits of the sum.
const ROUND: f64 = 3. * (1_u64 << 51) as f64;
/// `ln 2` in two parts: a multiple of the first by a whole number below 2²⁰ is exact.
const LN_2_HIGH: f64 = f64::from_bits(LN_2.to_bits() & !0xffff_ffff);
const LN_2_LOW: f64 = LN_2 - LN_2_HIGH;
/// Its exponential is a normal number, and nothing beside the 1 that every normaliser holds.
const LOWEST: f64 = -708.;

/// `exp(x)` for `x <= 0`, to about `1e-13` of its value; below −708 it is `exp(-708)`, about `3e-308`.
///
/// `x = k ln 2 + r` with a whole `k`; `exp(r)` is the fourth power of the Taylor polynomial at `r / 4`, whose first
/// term left out is below `1e-15`. `exp(0)` is 1 exactly, and NaN stays NaN.
#[inline]
fn exp(x: f64) -> f64 {
    let x = if x < LOWEST { LOWEST } else { x };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let quarter = 0.25 * ((x - k * LN_2_HIGH) - k * LN_2_LOW);
    let mut root = 1. / 40320.;
    for inverse in [1. / 5040., 1. / 720., 1. / 120., 1. / 24., 1. / 6., 1. / 2., 1., 1.] {
        root = root * quarter + inverse;
    }
    let square = root * root;
    // The low bits of `shifted` are `k`; with the bias of exponents added they are those of 2^k.
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    square * square * power
}

/// `exp(logit − max)` of each logit into `weights`, and their sum, which is NaN if one of them is; `max` is at
/// least as great as each of them.
pub(crate) fn exp_all(logits: &[f32], max: f32, weights: &mut Vec<f64>) -> f64 {
    let max = f64::from(max);
    weights.clear();
    weights.extend(logits.iter().map(|&logit| exp(f64::from(logit) - max)));
    sum(weights)
}

/// `1 / (1 + exp(−x))`, to about `2e-7` of 1; NaN stays NaN. Beyond ±87 it stays as it is there.
///
/// As [`exp`], in single precision: `exp(r)` is a Taylor polynomial whose first term left out is below `6e-9`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    /// Adding it to a small number leaves the nearest whole number in the low bits of the sum.
    const ROUND: f32 = 3. * (1_u32 << 22) as f32;
    const LN_2_HIGH: f32 = f32::from_bits(std::f32::consts::LN_2.to_bits() & !0xfff);
    const LN_2_LOW: f32 = std::f32::consts::LN_2 - LN_2_HIGH;
    let x = -x;
    let x = if x > 87. { 87. } else { x };
    let x = if x < -87. { -87. } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let rest = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut value = 1. / 5040.;
    for inverse in [1. / 720., 1. / 120., 1. / 24., 1. / 6., 1. / 2., 1., 1.] {
        value = value * rest + inverse;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    1. / (1. + value * power)
}

/// A sum in four lanes, in the same order on every machine.
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.; 4];
    let fours = values.chunks_exact(4);
    let rest: f64 = fours.remainder().iter().sum();
    for four in fours {
        for (lane, value) in lanes.iter_mut().zip(four) {
            *lane += value;
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(x: f64) -> f64 {
        (exp(x) / x.exp() - 1.).abs()
    }

    proptest! {
        #[test]
        fn it_is_the_exponential(x in -708_f64..=0.) {
            prop_assert!(error(x) < 1e-12, "{x}: {}", error(x));
        }

        #[test]
        fn a_sum_is_that_of_the_standard_library(logits in prop::collection::vec(-50_f32..=50., 1..40)) {
            let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let expected: f64 = logits.iter().map(|&logit| (f64::from(logit) - f64::from(max)).exp()).sum();
            let found = exp_all(&logits, max, &mut Vec::new());
            prop_assert!((found / expected - 1.).abs() < 1e-12);
        }
    }

    #[test]
    fn sigmoids_are_those_of_the_standard_library() {
        for step in -1_000_000..=1_000_000_i32 {
            let x = step as f32 * 1e-4;
            let (expected, found) = (1. / (1. + (-f64::from(x)).exp()), f64::from(sigmoid(x)));
            assert!((found - expected).abs() < 2e-7, "{x}: {found} for {expected}");
        }
        assert_eq!(sigmoid(0.), 0.5);
        assert!(sigmoid(f32::NEG_INFINITY) < 1e-37 && sigmoid(f32::INFINITY) == 1. && sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn it_is_the_exponential_everywhere() {
        let worst = (0..=7_080_000).map(|step| error(f64::from(step) * -1e-4)).fold(0., f64::max);
        assert!(worst < 1e-12, "{worst}");
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(exp(0.), 1.);
        assert_eq!(exp(-0.), 1.);
        for x in [-709., -1e6, f64::from(f32::MIN) * 2., f64::NEG_INFINITY] {
            assert!(exp(x) > 0. && exp(x) < 1e-307, "{x}");
        }
        assert!(exp(f64::NAN).is_nan());
        assert!(exp(-1e-17) <= 1. && exp(-f64::EPSILON) <= 1.);
    }
}
