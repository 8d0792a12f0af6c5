//! Layer normalisation (Ba et al. 2016), row by row.

use super::{Kernel, LANES, sum_lanes};

/// `(x − mean) / √(variance + ε) · γ + β` of every row.
pub(crate) struct Normalise<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) gamma: &'a [f32],
    pub(crate) beta: &'a [f32],
    pub(crate) epsilon: f32,
    pub(crate) out: &'a mut [f32],
}

impl Kernel for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let width = self.gamma.len();
        for (x, out) in self.x.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, self.epsilon);
            let affine = self.gamma.iter().zip(self.beta);
            for ((out, &x), (&gamma, &beta)) in out.iter_mut().zip(x).zip(affine) {
                *out = (x - mean) * scale * gamma + beta;
            }
        }
    }
}

/// The gradients of [`Normalise`]; those of `γ` and `β` are added to what is there.
pub(crate) struct NormaliseGradient<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) gamma: &'a [f32],
    pub(crate) epsilon: f32,
    pub(crate) gradient: &'a [f32],
    pub(crate) for_x: &'a mut [f32],
    pub(crate) for_gamma: &'a mut [f32],
    pub(crate) for_beta: &'a mut [f32],
}

impl Kernel for NormaliseGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let width = self.gamma.len();
        // Products of the incoming gradient with γ, and normalised values, of one row.
        let (mut slopes, mut normed) = (vec![0.; width], vec![0.; width]);
        let rows = self.x.chunks_exact(width).zip(self.gradient.chunks_exact(width));
        for ((x, gradient), for_x) in rows.zip(self.for_x.chunks_exact_mut(width)) {
            let (mean, scale) = moments(x, self.epsilon);
            for ((normed, &x), (slope, (&gamma, &gradient))) in
                normed.iter_mut().zip(x).zip(slopes.iter_mut().zip(self.gamma.iter().zip(gradient)))
            {
                *normed = (x - mean) * scale;
                *slope = gamma * gradient;
            }
            for ((sum, &gradient), &normed) in self.for_gamma.iter_mut().zip(gradient).zip(&normed) {
                *sum += gradient * normed;
            }
            for (sum, &gradient) in self.for_beta.iter_mut().zip(gradient) {
                *sum += gradient;
            }
            let level = sum(&slopes, |slope| slope) / width as f32;
            let tilt = sum_products(&slopes, &normed) / width as f32;
            for ((out, &slope), &normed) in for_x.iter_mut().zip(&slopes).zip(&normed) {
                *out = scale * (slope - level - normed * tilt);
            }
        }
    }
}

/// Mean, and the inverse of the deviation.
#[inline(always)]
fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let mean = sum(row, |value| value) / row.len() as f32;
    let variance = sum(row, |value| (value - mean) * (value - mean)) / row.len() as f32;
    (mean, 1. / (variance + epsilon).sqrt())
}

#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += of(chunk[lane]);
        }
    }
    rest.iter().fold(sum_lanes(&sums), |sum, &value| sum + of(value))
}

#[inline(always)]
fn sum_products(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    a_rest.iter().zip(b_rest).fold(sum_lanes(&sums), |sum, (a, b)| sum + a * b)
}
