//! Scaled dot-product attention with several heads (Vaswani et al. 2017), list by list and head by head.
//!
//! A head is a range of columns of queries, keys and values; nothing is copied but the transposes that a product needs,
//! a few kilobytes at a time.

use super::activation::exp;
use super::product::transposed;
use super::{Kernel, LANES, Left, Product, lanes, lanes_mut, padded, sum_lanes};

/// Keys that must not be read; 0 is open.
#[derive(Clone, Copy)]
pub(crate) enum Blocked<'a> {
    /// The same for every query, `[batch, keys]`. Where all are blocked the answer is zero.
    Keys(&'a [u8]),
    /// For each query, `[batch, queries, keys]`. Where all are blocked every key weighs the same.
    Pairs(&'a [u8]),
}

/// The sizes of an attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadSizes {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
}

impl HeadSizes {
    fn per_head(self) -> usize {
        self.width / self.heads
    }

    fn scale(self) -> f32 {
        1. / (self.per_head() as f32).sqrt()
    }

    /// Values of the weights of one head.
    fn matrix(self) -> usize {
        self.queries * padded(self.keys)
    }

    /// Values of all weights, `[batch, heads, queries, padded keys]`.
    pub(crate) fn weights(self) -> usize {
        self.batch * self.heads * self.matrix()
    }

    /// Where a list's rows of queries, and where its rows of keys stand.
    fn of_list(self, list: usize) -> [std::ops::Range<usize>; 2] {
        [self.queries, self.keys].map(|rows| list * rows * self.width..(list + 1) * rows * self.width)
    }
}

impl<'a> Blocked<'a> {
    /// The flags of a list, and how far those of a query are from those of the next; `None` where nothing is open to
    /// any query.
    #[inline(always)]
    fn of_list(self, list: usize, sizes: HeadSizes) -> Option<(&'a [u8], usize)> {
        match self {
            Self::Keys(flags) => {
                let flags = &flags[list * sizes.keys..(list + 1) * sizes.keys];
                flags.contains(&0).then_some((flags, 0))
            }
            Self::Pairs(flags) => {
                let list_size = sizes.queries * sizes.keys;
                Some((&flags[list * list_size..(list + 1) * list_size], sizes.keys))
            }
        }
    }
}

/// `softmax(Q Kᵀ / √d) V` of every head.
pub(crate) struct Attend<'a> {
    pub(crate) query: &'a [f32],
    pub(crate) key: &'a [f32],
    pub(crate) value: &'a [f32],
    pub(crate) blocked: Blocked<'a>,
    pub(crate) sizes: HeadSizes,
    /// Starts at zero.
    pub(crate) out: &'a mut [f32],
    /// The weights of every query, for the gradient; starts at zero.
    pub(crate) weights: &'a mut [f32],
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { sizes, .. } = self;
        let (width, per_head, scale) = (sizes.width, sizes.per_head(), sizes.scale());
        let mut keys = Vec::new();
        for list in 0..sizes.batch {
            let Some((flags, flag_stride)) = self.blocked.of_list(list, sizes) else { continue };
            let [queries, memory] = sizes.of_list(list);
            for head in 0..sizes.heads {
                let column = head * per_head;
                let start = (list * sizes.heads + head) * sizes.matrix();
                let weights = &mut self.weights[start..start + sizes.matrix()];
                let left = Left::Rows { values: &self.query[queries.clone()][column..], stride: width };
                let stride = transposed(&self.key[memory.clone()][column..], width, sizes.keys, per_head, &mut keys);
                let size = [sizes.queries, per_head, stride];
                let scores =
                    Product { left, right: &keys, right_stride: stride, out: weights, out_stride: stride, size };
                scores.run::<FMA>();
                for (query, row) in weights.chunks_exact_mut(stride).enumerate() {
                    let flags = &flags[query * flag_stride..query * flag_stride + sizes.keys];
                    softmax::<FMA>(row, flags, scale);
                }
                let mix = Product {
                    left: Left::Rows { values: weights, stride },
                    right: &self.value[memory.clone()][column..],
                    right_stride: width,
                    out: &mut self.out[queries.clone()][column..],
                    out_stride: width,
                    size: [sizes.queries, sizes.keys, per_head],
                };
                mix.run::<FMA>();
            }
        }
    }
}

/// Softmax of the open scores, in place. Where none is open all weigh the same.
#[inline(always)]
fn softmax<const FMA: bool>(row: &mut [f32], blocked: &[u8], scale: f32) {
    for (score, &blocked) in row.iter_mut().zip(blocked) {
        *score = if blocked == 0 { *score * scale } else { f32::NEG_INFINITY };
    }
    row[blocked.len()..].fill(f32::NEG_INFINITY);
    let mut highest = [f32::NEG_INFINITY; LANES];
    for chunk in lanes(row) {
        for lane in 0..LANES {
            highest[lane] = if chunk[lane] > highest[lane] { chunk[lane] } else { highest[lane] };
        }
    }
    let highest = highest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if highest == f32::NEG_INFINITY && !blocked.contains(&0) {
        row[..blocked.len()].fill(1. / blocked.len() as f32);
        row[blocked.len()..].fill(0.);
        return;
    }
    let mut sums = [0.; LANES];
    for chunk in lanes_mut(row) {
        for lane in 0..LANES {
            chunk[lane] = exp::<FMA>(chunk[lane] - highest);
            sums[lane] += chunk[lane];
        }
    }
    let share = 1. / sum_lanes(&sums);
    for value in row.iter_mut() {
        *value *= share;
    }
}

/// The gradients of [`Attend`] for queries, keys and values; all start at zero.
pub(crate) struct AttendGradient<'a> {
    pub(crate) query: &'a [f32],
    pub(crate) key: &'a [f32],
    pub(crate) value: &'a [f32],
    pub(crate) blocked: Blocked<'a>,
    pub(crate) sizes: HeadSizes,
    pub(crate) weights: &'a [f32],
    pub(crate) gradient: &'a [f32],
    pub(crate) for_query: &'a mut [f32],
    pub(crate) for_key: &'a mut [f32],
    pub(crate) for_value: &'a mut [f32],
}

impl Kernel for AttendGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self { sizes, .. } = self;
        let (width, per_head, scale) = (sizes.width, sizes.per_head(), sizes.scale());
        let (mut values, mut slopes) = (Vec::new(), vec![0.; sizes.matrix()]);
        for list in 0..sizes.batch {
            let Some((flags, flag_stride)) = self.blocked.of_list(list, sizes) else { continue };
            let [queries, memory] = sizes.of_list(list);
            for head in 0..sizes.heads {
                let column = head * per_head;
                let start = (list * sizes.heads + head) * sizes.matrix();
                let weights = &self.weights[start..start + sizes.matrix()];
                let gradient = &self.gradient[queries.clone()][column..];

                // What a weight is worth: the gradient's product with the value that it weighs.
                let stride =
                    transposed(&self.value[memory.clone()][column..], width, sizes.keys, per_head, &mut values);
                let size = [sizes.queries, per_head, stride];
                let left = Left::Rows { values: gradient, stride: width };
                slopes.fill(0.);
                let out = &mut slopes;
                Product { left, right: &values, right_stride: stride, out, out_stride: stride, size }.run::<FMA>();
                for (query, (slopes, weights)) in
                    slopes.chunks_exact_mut(stride).zip(weights.chunks_exact(stride)).enumerate()
                {
                    let flags = &flags[query * flag_stride..query * flag_stride + sizes.keys];
                    softmax_gradient(slopes, weights, flags, scale);
                }

                let transposed_by = |stride, values, right, out, size| Product {
                    left: Left::Columns { values, stride },
                    right,
                    right_stride: width,
                    out,
                    out_stride: width,
                    size,
                };
                let size = [sizes.keys, sizes.queries, per_head];
                let out = &mut self.for_value[memory.clone()][column..];
                transposed_by(stride, weights, gradient, out, size).run::<FMA>();
                let out = &mut self.for_key[memory.clone()][column..];
                transposed_by(stride, &slopes, &self.query[queries.clone()][column..], out, size).run::<FMA>();
                let for_query = Product {
                    left: Left::Rows { values: &slopes, stride },
                    right: &self.key[memory.clone()][column..],
                    right_stride: width,
                    out: &mut self.for_query[queries.clone()][column..],
                    out_stride: width,
                    size: [sizes.queries, sizes.keys, per_head],
                };
                for_query.run::<FMA>();
            }
        }
    }
}

/// From the slopes of weights to those of scores: `w (g − Σ w g) / √d`, none where a key is blocked.
#[inline(always)]
fn softmax_gradient(slopes: &mut [f32], weights: &[f32], blocked: &[u8], scale: f32) {
    let mut sums = [0.; LANES];
    for (slopes, weights) in lanes(slopes).iter().zip(lanes(weights)) {
        for lane in 0..LANES {
            sums[lane] += slopes[lane] * weights[lane];
        }
    }
    let level = sum_lanes(&sums);
    for (slope, &weight) in slopes.iter_mut().zip(weights) {
        *slope = weight * (*slope - level) * scale;
    }
    // Blocked keys weigh nothing, unless all of a row are blocked.
    for (slope, &blocked) in slopes.iter_mut().zip(blocked) {
        *slope = if blocked == 0 { *slope } else { 0. };
    }
}
