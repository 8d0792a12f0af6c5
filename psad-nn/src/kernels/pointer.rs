//! The pointer's comparison of every slot with every candidate (Vinyals et al. 2015).
//!
//! `[slots, candidates, pointer]` is the widest thing of a training step; it never exists. With `tanh(x + q) = 1 − 2 r`
//! and `r = 1 / (1 + e^{2x} e^{2q})` the exponentials are of items and of queries, not of their pairs.

use super::activation::exp;
use super::{Kernel, LANES, lanes, lanes_mut, mul_add, padded, sum_lanes};

/// Up to here neither exponential is zero or infinite. Their product may be, which is `tanh = ∓1`, but it is a number.
const SPLIT: f32 = 43.;

/// The sizes of a pointer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PointSizes {
    pub(crate) batch: usize,
    pub(crate) slots: usize,
    pub(crate) candidates: usize,
    pub(crate) width: usize,
}

/// `out[s, i] = Σ_p v_p tanh(item[i, p] + query[s, p])` of every list.
pub(crate) struct Point<'a> {
    pub(crate) item: &'a [f32],
    pub(crate) query: &'a [f32],
    pub(crate) compare: &'a [f32],
    pub(crate) sizes: PointSizes,
    pub(crate) out: &'a mut [f32],
}

/// Exponentials of one list.
struct Exponentials {
    /// `e^{2x}` transposed, `[width, padded candidates]`.
    items: Vec<f32>,
    /// `e^{2q}`, `[slots, width]`.
    queries: Vec<f32>,
}

impl Exponentials {
    fn new(sizes: PointSizes) -> Self {
        Self { items: vec![1.; sizes.width * padded(sizes.candidates)], queries: vec![1.; sizes.slots * sizes.width] }
    }

    /// False where an exponential would be zero or infinite.
    #[inline(always)]
    fn fill<const FMA: bool>(&mut self, item: &[f32], query: &[f32], sizes: PointSizes) -> bool {
        // NaN counts as far.
        let far = |values: &[f32]| values.iter().fold(false, |far, value| far | !(value.abs() <= SPLIT));
        if far(item) || far(query) {
            return false;
        }
        for (out, &value) in self.queries.iter_mut().zip(query) {
            *out = exp::<FMA>(2. * value);
        }
        let stride = padded(sizes.candidates);
        for (candidate, row) in item.chunks_exact(sizes.width).enumerate() {
            for (p, &value) in row.iter().enumerate() {
                self.items[p * stride + candidate] = value;
            }
        }
        for row in self.items.chunks_exact_mut(stride) {
            for value in &mut row[..sizes.candidates] {
                *value = exp::<FMA>(2. * *value);
            }
        }
        true
    }
}

impl Kernel for Point<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { sizes, compare, .. } = self;
        let total: f32 = compare.iter().sum();
        let mut exponentials = Exponentials::new(sizes);
        let mut row = vec![0.; padded(sizes.candidates)];
        for list in 0..sizes.batch {
            let item = &self.item[list * sizes.candidates * sizes.width..][..sizes.candidates * sizes.width];
            let query = &self.query[list * sizes.slots * sizes.width..][..sizes.slots * sizes.width];
            let out = &mut self.out[list * sizes.slots * sizes.candidates..][..sizes.slots * sizes.candidates];
            if !exponentials.fill::<FMA>(item, query, sizes) {
                point_directly::<FMA>(item, query, compare, sizes, out);
                continue;
            }
            for (query, out) in
                exponentials.queries.chunks_exact(sizes.width).zip(out.chunks_exact_mut(sizes.candidates))
            {
                row.fill(total);
                for ((items, &query), &v) in exponentials.items.chunks_exact(row.len()).zip(query).zip(compare) {
                    for (sums, items) in lanes_mut(&mut row).iter_mut().zip(lanes(items)) {
                        for lane in 0..LANES {
                            let ratio = 1. / mul_add::<FMA>(items[lane], query, 1.);
                            sums[lane] = mul_add::<FMA>(-2. * v, ratio, sums[lane]);
                        }
                    }
                }
                out.copy_from_slice(&row[..sizes.candidates]);
            }
        }
    }
}

/// For values so large that their exponentials are zero or infinite.
#[inline(always)]
fn point_directly<const FMA: bool>(item: &[f32], query: &[f32], compare: &[f32], sizes: PointSizes, out: &mut [f32]) {
    for (query, out) in query.chunks_exact(sizes.width).zip(out.chunks_exact_mut(sizes.candidates)) {
        for (item, out) in item.chunks_exact(sizes.width).zip(out) {
            *out = item.iter().zip(query).zip(compare).map(|((x, q), v)| v * tanh::<FMA>(x + q)).sum();
        }
    }
}

/// The gradients of [`Point`]; all start at zero.
pub(crate) struct PointGradient<'a> {
    pub(crate) item: &'a [f32],
    pub(crate) query: &'a [f32],
    pub(crate) compare: &'a [f32],
    pub(crate) sizes: PointSizes,
    pub(crate) gradient: &'a [f32],
    pub(crate) for_item: &'a mut [f32],
    pub(crate) for_query: &'a mut [f32],
    pub(crate) for_compare: &'a mut [f32],
}

impl Kernel for PointGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { sizes, compare, .. } = self;
        let stride = padded(sizes.candidates);
        let mut exponentials = Exponentials::new(sizes);
        let mut slopes = vec![0.; sizes.slots * stride];
        let mut for_items = vec![0.; stride];
        for list in 0..sizes.batch {
            let items = list * sizes.candidates * sizes.width..(list + 1) * sizes.candidates * sizes.width;
            let queries = list * sizes.slots * sizes.width..(list + 1) * sizes.slots * sizes.width;
            let gradient = &self.gradient[list * sizes.slots * sizes.candidates..][..sizes.slots * sizes.candidates];
            let (item, query) = (&self.item[items.clone()], &self.query[queries.clone()]);
            let (for_item, for_query) = (&mut self.for_item[items], &mut self.for_query[queries]);
            if !exponentials.fill::<FMA>(item, query, sizes) {
                let for_inputs = [for_item, for_query, &mut *self.for_compare];
                point_gradient_directly::<FMA>([item, query, compare], gradient, sizes, for_inputs);
                continue;
            }
            for (padded, gradient) in slopes.chunks_exact_mut(stride).zip(gradient.chunks_exact(sizes.candidates)) {
                padded[..gradient.len()].copy_from_slice(gradient);
            }
            for (p, (items, &v)) in exponentials.items.chunks_exact(stride).zip(compare).enumerate() {
                for_items.fill(0.);
                let mut for_v = [0.; LANES];
                for (slot, slopes) in slopes.chunks_exact(stride).enumerate() {
                    let at = slot * sizes.width + p;
                    let query = exponentials.queries[at];
                    let mut for_q = [0.; LANES];
                    let outputs = lanes_mut(&mut for_items).iter_mut().zip(lanes(slopes));
                    for ((for_item, slopes), items) in outputs.zip(lanes(items)) {
                        for lane in 0..LANES {
                            let ratio = 1. / mul_add::<FMA>(items[lane], query, 1.);
                            // tanh = 1 − 2 r, and its slope is 4 r (1 − r).
                            let tanh = mul_add::<FMA>(-2., ratio, 1.);
                            for_v[lane] = mul_add::<FMA>(slopes[lane], tanh, for_v[lane]);
                            let slope = slopes[lane] * mul_add::<FMA>(-ratio, ratio, ratio);
                            for_item[lane] += slope;
                            for_q[lane] += slope;
                        }
                    }
                    for_query[at] = 4. * v * sum_lanes(&for_q);
                }
                for (candidate, &slope) in for_items[..sizes.candidates].iter().enumerate() {
                    for_item[candidate * sizes.width + p] = 4. * v * slope;
                }
                self.for_compare[p] += sum_lanes(&for_v);
            }
        }
    }
}

/// As [`point_directly`]; inputs and outputs are those of items, queries and comparison.
#[inline(always)]
fn point_gradient_directly<const FMA: bool>(
    inputs: [&[f32]; 3],
    gradient: &[f32],
    sizes: PointSizes,
    outputs: [&mut [f32]; 3],
) {
    let ([item, query, compare], [for_item, for_query, for_compare]) = (inputs, outputs);
    for slot in 0..sizes.slots {
        for candidate in 0..sizes.candidates {
            let gradient = gradient[slot * sizes.candidates + candidate];
            for p in 0..sizes.width {
                let (x, q) = (candidate * sizes.width + p, slot * sizes.width + p);
                let tanh = tanh::<FMA>(item[x] + query[q]);
                let slope = gradient * compare[p] * (1. - tanh * tanh);
                for_item[x] += slope;
                for_query[q] += slope;
                for_compare[p] += gradient * tanh;
            }
        }
    }
}

/// Without a call of the C library in the loop, to the precision of 1, not of the answer.
#[inline(always)]
fn tanh<const FMA: bool>(x: f32) -> f32 {
    1. - 2. / (1. + exp::<FMA>(2. * x))
}
