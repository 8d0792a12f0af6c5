//! Products of matrices whose width is that of a model.
//!
//! Operands are read where they stand, without packing: the right one is a weight or a head's keys and fits into the
//! first cache, and of the left one a few rows at a time do.

use super::{Kernel, LANES, mul_add, padded};

/// Rows that share a sweep over the right operand.
const ROWS: usize = 6;
/// Left rows that stay in the first cache while the right operand's columns pass by.
const ROW_BLOCK: usize = 8 * ROWS;
/// Length of the sums that are kept in registers before they are added to what is there.
const DEPTH_BLOCK: usize = 256;

/// The left operand, as it stands or transposed.
#[derive(Clone, Copy)]
pub(crate) enum Left<'a> {
    /// Row `i` starts at `i · stride`.
    Rows {
        /// The values.
        values: &'a [f32],
        /// From a row to the next.
        stride: usize,
    },
    /// Column `i` starts at `i · stride`: the transpose of what stands there.
    Columns {
        /// The values.
        values: &'a [f32],
        /// From a column to the next.
        stride: usize,
    },
}

/// `out[i, j] += Σ_k left[i, k] right[k, j]`.
pub(crate) struct Product<'a> {
    pub(crate) left: Left<'a>,
    pub(crate) right: &'a [f32],
    /// From a row of the right operand to the next.
    pub(crate) right_stride: usize,
    pub(crate) out: &'a mut [f32],
    /// From a row of the answer to the next.
    pub(crate) out_stride: usize,
    /// Rows, length of the sums, columns.
    pub(crate) size: [usize; 3],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Product { left, right, right_stride, out, out_stride, size: [rows, depth, columns] } = self;
        let whole = columns - columns % LANES;
        let tail = if whole < columns { tail_of(right, right_stride, depth, whole..columns) } else { Vec::new() };
        let mut edge = [0.; ROWS * LANES];
        for from in (0..depth).step_by(DEPTH_BLOCK) {
            let depth = DEPTH_BLOCK.min(depth - from);
            for block in (0..rows).step_by(ROW_BLOCK) {
                let end = rows.min(block + ROW_BLOCK);
                for column in (0..whole).step_by(LANES) {
                    let right = &right[from * right_stride + column..];
                    let mut strip = Strip { left, right, right_stride, from, depth };
                    strip.rows::<FMA>(block, end, &mut out[column..], out_stride);
                }
                if whole < columns {
                    let mut strip = Strip { left, right: &tail[from * LANES..], right_stride: LANES, from, depth };
                    let mut row = block;
                    while row < end {
                        let count = ROWS.min(end - row);
                        edge.fill(0.);
                        strip.rows_onto::<FMA>(row, row + count, &mut edge, LANES, row);
                        for (index, values) in edge.chunks_exact(LANES).take(count).enumerate() {
                            let start = (row + index) * out_stride;
                            let place = &mut out[start + whole..start + columns];
                            for (out, value) in place.iter_mut().zip(values) {
                                *out += value;
                            }
                        }
                        row += count;
                    }
                }
            }
        }
    }
}

/// Some columns of the right operand, padded with zeros to [`LANES`].
#[inline(always)]
fn tail_of(right: &[f32], stride: usize, depth: usize, columns: std::ops::Range<usize>) -> Vec<f32> {
    let mut tail = vec![0.; depth * LANES];
    for (row, copy) in tail.chunks_exact_mut(LANES).enumerate() {
        let values = &right[row * stride + columns.start..row * stride + columns.end];
        copy[..values.len()].copy_from_slice(values);
    }
    tail
}

/// [`LANES`] columns of a product, over a part of the sums' length.
struct Strip<'a> {
    left: Left<'a>,
    right: &'a [f32],
    right_stride: usize,
    from: usize,
    depth: usize,
}

impl Strip<'_> {
    #[inline(always)]
    fn rows<const FMA: bool>(&mut self, first: usize, end: usize, out: &mut [f32], stride: usize) {
        self.rows_onto::<FMA>(first, end, out, stride, 0);
    }

    /// Adds to rows `first..end`; row `origin` of the product is the first row of `out`.
    #[inline(always)]
    fn rows_onto<const FMA: bool>(&mut self, first: usize, end: usize, out: &mut [f32], stride: usize, origin: usize) {
        let mut row = first;
        while row + ROWS <= end {
            self.tile::<FMA, ROWS>(row, &mut out[(row - origin) * stride..], stride);
            row += ROWS;
        }
        while row + 2 <= end {
            self.tile::<FMA, 2>(row, &mut out[(row - origin) * stride..], stride);
            row += 2;
        }
        if row < end {
            self.tile::<FMA, 1>(row, &mut out[(row - origin) * stride..], stride);
        }
    }

    /// `M` rows whose sums stay in registers.
    #[inline(always)]
    fn tile<const FMA: bool, const M: usize>(&mut self, row: usize, out: &mut [f32], stride: usize) {
        let mut sums = [[0_f32; LANES]; M];
        let steps = self.right.chunks(self.right_stride).take(self.depth);
        match self.left {
            Left::Rows { values, stride } => {
                let start = row * stride + self.from;
                let rows: [&[f32]; M] = std::array::from_fn(|i| &values[start + i * stride..][..self.depth]);
                for (k, right) in steps.enumerate() {
                    let Some(right) = right.first_chunk::<LANES>() else { break };
                    step::<FMA, M>(&mut sums, std::array::from_fn(|i| rows[i][k]), right);
                }
            }
            Left::Columns { values, stride } => {
                let columns = values[self.from * stride..].chunks(stride);
                for (right, column) in steps.zip(columns) {
                    let Some(right) = right.first_chunk::<LANES>() else { break };
                    let Some(left) = column[row..].first_chunk::<M>() else { break };
                    step::<FMA, M>(&mut sums, *left, right);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            let Some(out) = out[i * stride..].first_chunk_mut::<LANES>() else { break };
            for lane in 0..LANES {
                out[lane] += sums[lane];
            }
        }
    }
}

#[inline(always)]
fn step<const FMA: bool, const M: usize>(sums: &mut [[f32; LANES]; M], left: [f32; M], right: &[f32; LANES]) {
    for i in 0..M {
        for lane in 0..LANES {
            sums[i][lane] = mul_add::<FMA>(left[i], right[lane], sums[i][lane]);
        }
    }
}

/// `[rows, columns]` transposed, its rows padded with zeros to a multiple of [`LANES`].
pub(super) fn transposed(values: &[f32], stride: usize, rows: usize, columns: usize, out: &mut Vec<f32>) -> usize {
    let width = padded(rows);
    out.clear();
    out.resize(columns * width, 0.);
    for row in 0..rows {
        for (column, &value) in values[row * stride..row * stride + columns].iter().enumerate() {
            out[column * width + row] = value;
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch;
    use proptest::prelude::*;

    fn values(count: usize, seed: u32) -> Vec<f32> {
        (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 8e6 - 1.).collect()
    }

    proptest! {
        #[test]
        fn a_product_is_the_sum_of_products(
            rows in 1_usize..80, depth in 1_usize..300, columns in 1_usize..70, gap in 0_usize..5, seed: u32,
            transposed: bool,
        ) {
            let (height, width) = if transposed { (depth, rows) } else { (rows, depth) };
            let left = values(height * (width + gap), seed);
            let right = values(depth * (columns + gap), seed ^ 7);
            let mut out = values(rows * (columns + gap), 1);
            let mut expected: Vec<f64> = out.iter().map(|&value| f64::from(value)).collect();
            for i in 0..rows {
                for j in 0..columns {
                    for k in 0..depth {
                        let at = if transposed { k * (rows + gap) + i } else { i * (depth + gap) + k };
                        let product = f64::from(left[at]) * f64::from(right[k * (columns + gap) + j]);
                        expected[i * (columns + gap) + j] += product;
                    }
                }
            }
            let stride = width + gap;
            let left = if transposed {
                Left::Columns { values: &left, stride }
            } else {
                Left::Rows { values: &left, stride }
            };
            let (right_stride, out_stride) = (columns + gap, columns + gap);
            let size = [rows, depth, columns];
            dispatch(Product { left, right: &right, right_stride, out: &mut out, out_stride, size });
            for (found, expected) in out.iter().zip(expected) {
                prop_assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
            }
        }
    }
}
