//! Exponentials, and what is made of them.

use super::{Kernel, mul_add};

/// Below, `exp` is smaller than any normal number and counts as zero.
const LOWEST: f32 = -87.33;
/// Above, `exp` is infinite.
const HIGHEST: f32 = 88.72;
/// Adding it rounds to a whole number, which then stands in the lowest bits of the sum.
const ROUNDER: f32 = 12_582_912.; // 1.5 · 2²³

/// `exp(x)` to about two units in the last place, without branches; NaN stays NaN.
///
/// `x = n ln 2 + r` with whole `n` and `|r| ≤ ½ ln 2`, where a polynomial of degree six is `exp(r)` to the precision of
/// `f32` (the coefficients are those of Cephes' `expf`, by S. Moshier).
#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    let shifted = mul_add::<FMA>(x, std::f32::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    // ln 2 in two parts, of which the first has few enough bits that its product with `n` is exact.
    let r = mul_add::<FMA>(n, -0.693_359_4, x);
    let r = mul_add::<FMA>(n, 2.121_944_4e-4, r);
    let mut polynomial = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        polynomial = mul_add::<FMA>(polynomial, r, coefficient);
    }
    let fraction = mul_add::<FMA>(polynomial, r * r, r) + 1.;
    // 2ⁿ is written into the exponent, in two steps because n may be 128.
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32);
    let half = n >> 1;
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    let value = fraction * power(half) * power(n.wrapping_sub(half));
    let value = if x < LOWEST { 0. } else { value };
    if x > HIGHEST { f32::INFINITY } else { value }
}

/// `σ(x) = 1 / (1 + exp(−x))`.
#[inline(always)]
pub(crate) fn sigmoid<const FMA: bool>(x: f32) -> f32 {
    1. / (1. + exp::<FMA>(-x))
}

/// `2 σ(z) ⊙ x`, value by value.
pub(crate) struct Gate<'a> {
    pub(crate) z: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) out: &'a mut [f32],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for ((out, &z), &x) in self.out.iter_mut().zip(self.z).zip(self.x) {
            *out = 2. * sigmoid::<FMA>(z) * x;
        }
    }
}

/// The gradients of [`Gate`] for `z` and `x`.
pub(crate) struct GateGradient<'a> {
    pub(crate) z: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) gradient: &'a [f32],
    pub(crate) for_z: &'a mut [f32],
    pub(crate) for_x: &'a mut [f32],
}

impl Kernel for GateGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inputs = self.z.iter().zip(self.x).zip(self.gradient);
        let outputs = self.for_z.iter_mut().zip(self.for_x);
        for (((&z, &x), &gradient), (for_z, for_x)) in inputs.zip(outputs) {
            let sigmoid = sigmoid::<FMA>(z);
            *for_x = 2. * sigmoid * gradient;
            *for_z = *for_x * x * (1. - sigmoid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn exp_is_that_of_the_library(x in prop_oneof![-100_f32..100., -1_f32..1., any::<f32>()]) {
            let expected = f64::from(x).exp();
            for found in [exp::<true>(x), exp::<false>(x)] {
                if x.is_nan() {
                    prop_assert!(found.is_nan());
                } else if expected > f64::from(f32::MAX) {
                    prop_assert!(found > 3.3e38);
                } else {
                    let room = 3e-7 * expected + 2e-38;
                    prop_assert!((f64::from(found) - expected).abs() <= room, "exp({x}) = {found}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn exp_at_the_ends() {
        for (x, expected) in
            [(0., 1.), (f32::NEG_INFINITY, 0.), (f32::MIN, 0.), (-200., 0.), (f32::INFINITY, f32::INFINITY)]
        {
            assert_eq!(exp::<true>(x), expected);
            assert_eq!(exp::<false>(x), expected);
        }
    }
}
