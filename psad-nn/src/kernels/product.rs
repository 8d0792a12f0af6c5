//! Products of matrices whose width is that of a model.
//!
//! The left operand is read where it stands, a few rows at a time; the right one is a weight or a head's keys, small
//! enough that packing it costs next to nothing.

use super::{Kernel, LANES, lanes, lanes_mut, mul_add, padded};

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
        self.run_with::<FMA>(&mut Vec::new());
    }
}

impl Product<'_> {
    /// As `run`, with memory for the packed operand that is used again by the next product.
    #[inline(always)]
    pub(super) fn run_with<const FMA: bool>(self, packed: &mut Vec<f32>) {
        let Product { left, right, right_stride, out, out_stride, size: [rows, depth, columns] } = self;
        let depth_block = match left {
            Left::Rows { .. } => DEPTH_BLOCK,
            // Of a transposed operand whole rows pass through the first cache.
            Left::Columns { .. } => DEPTH_BLOCK / 4,
        };
        for from in (0..depth).step_by(depth_block) {
            let depth = depth_block.min(depth - from);
            pack(&right[from * right_stride..], right_stride, depth, columns, packed);
            for block in (0..rows).step_by(ROW_BLOCK) {
                let end = rows.min(block + ROW_BLOCK);
                for (panel, right) in packed.chunks_exact(depth * LANES).enumerate() {
                    let column = panel * LANES;
                    let strip = Strip { left, right: lanes(right), from, width: LANES.min(columns - column) };
                    strip.rows::<FMA>(block, end, &mut out[column..], out_stride);
                }
            }
        }
    }
}

/// Copies the right operand so that each [`LANES`] columns stand together, the last ones padded with zeros: rows of a
/// wide matrix lie so far apart that they would drive each other from the cache.
#[inline(always)]
fn pack(right: &[f32], stride: usize, depth: usize, columns: usize, packed: &mut Vec<f32>) {
    packed.clear();
    packed.resize(padded(columns) * depth, 0.);
    for (panel, copy) in packed.chunks_exact_mut(depth * LANES).enumerate() {
        let column = panel * LANES;
        let width = LANES.min(columns - column);
        for (row, copy) in lanes_mut(copy).iter_mut().enumerate() {
            let values = &right[row * stride + column..];
            match values.first_chunk::<LANES>() {
                Some(values) if width == LANES => *copy = *values,
                _ => copy[..width].copy_from_slice(&values[..width]),
            }
        }
    }
}

/// [`LANES`] columns of a product, over a part of the sums' length.
#[derive(Clone, Copy)]
struct Strip<'a> {
    left: Left<'a>,
    right: &'a [[f32; LANES]],
    from: usize,
    /// Columns that are more than padding.
    width: usize,
}

impl Strip<'_> {
    #[inline(always)]
    fn rows<const FMA: bool>(self, first: usize, end: usize, out: &mut [f32], stride: usize) {
        let mut row = first;
        while row + ROWS <= end {
            self.tile::<FMA, ROWS>(row, &mut out[row * stride..], stride);
            row += ROWS;
        }
        while row + 2 <= end {
            self.tile::<FMA, 2>(row, &mut out[row * stride..], stride);
            row += 2;
        }
        if row < end {
            self.tile::<FMA, 1>(row, &mut out[row * stride..], stride);
        }
    }

    /// `M` rows whose sums stay in registers.
    #[inline(always)]
    fn tile<const FMA: bool, const M: usize>(self, row: usize, out: &mut [f32], stride: usize) {
        let mut sums = [[0_f32; LANES]; M];
        match self.left {
            Left::Rows { values, stride } => {
                let start = row * stride + self.from;
                let depth = self.right.len();
                let rows: [&[f32]; M] = std::array::from_fn(|i| &values[start + i * stride..][..depth]);
                for (k, right) in self.right.iter().enumerate() {
                    step::<FMA, M>(&mut sums, std::array::from_fn(|i| rows[i][k]), right);
                }
            }
            Left::Columns { values, stride } => {
                let columns = values[self.from * stride + row..].chunks(stride);
                for (right, column) in self.right.iter().zip(columns) {
                    let Some(left) = column.first_chunk::<M>() else { break };
                    step::<FMA, M>(&mut sums, *left, right);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            let out = &mut out[i * stride..][..self.width];
            // Plain loops: a closure here would be compiled for itself, and the sums leave their registers for it.
            if let Some(out) = out.first_chunk_mut::<LANES>() {
                for lane in 0..LANES {
                    out[lane] += sums[lane];
                }
            } else {
                for (lane, out) in out.iter_mut().enumerate() {
                    *out += sums[lane % LANES];
                }
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
