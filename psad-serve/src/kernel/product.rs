//! Products of matrices.

use super::lanes::Lanes;

/// `C[i, j] = Σ_p A[i, p] B[p, j] + bias[j]`, as raw parts; see [`run`] for what they must keep.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    /// `[rows, depth]`, a row every `a_row` values.
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    /// Panels of two registers' columns, the next one after `b_panel` values; within a panel a row every `b_row` values.
    pub(super) b: *const f32,
    pub(super) b_row: usize,
    pub(super) b_panel: usize,
    /// Whether the last panel is as wide as the others in memory, whatever its columns.
    pub(super) b_padded: bool,
    /// `[columns]`, or null for zeros.
    pub(super) bias: *const f32,
    /// `[rows, columns]`, a row every `c_row` values.
    pub(super) c: *mut f32,
    pub(super) c_row: usize,
    /// Whether the product is added to what stands in `C`.
    pub(super) onto: bool,
    /// Whether what is below zero becomes zero in the end.
    pub(super) relu: bool,
}

/// Computes the product.
///
/// # Safety
/// The processor has the instructions of `L`. All elements of `A`, `B`, `C` and the bias that the sizes name are there
/// (of `B` whole panels where it is padded), and `C` overlaps none of the others.
#[inline(always)]
pub(super) unsafe fn run<L: Lanes>(product: &Product) {
    let wide = 2 * L::N;
    let tiles = product.rows.div_ceil(L::ROWS).max(1);
    // Rows are spread evenly: a last tile of one or two rows would leave most of the registers idle.
    let (base, more) = (product.rows / tiles, product.rows % tiles);
    for panel in 0..product.columns.div_ceil(wide) {
        let columns = wide.min(product.columns - panel * wide);
        let mut row = 0;
        for tile in 0..tiles {
            let rows = base + usize::from(tile < more);
            let place = Place { row, rows, panel, columns };
            // SAFETY: row and panel lie within the product.
            unsafe {
                if columns < wide && !product.b_padded {
                    dispatch_rows::<L, true>(product, place);
                } else {
                    dispatch_rows::<L, false>(product, place);
                }
            }
            row += rows;
        }
    }
}

/// Where a tile stands.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    rows: usize,
    panel: usize,
    columns: usize,
}

/// A copy of the loop for each number of rows, so that all sums are registers.
///
/// # Safety
/// As [`run`], for the part at `place`.
#[inline(always)]
unsafe fn dispatch_rows<L: Lanes, const PART: bool>(product: &Product, place: Place) {
    // SAFETY: handed on.
    unsafe {
        match place.rows {
            1 => tile::<L, PART, 1>(product, place),
            2 => tile::<L, PART, 2>(product, place),
            3 => tile::<L, PART, 3>(product, place),
            4 => tile::<L, PART, 4>(product, place),
            5 if L::ROWS >= 5 => tile::<L, PART, 5>(product, place),
            6 if L::ROWS >= 6 => tile::<L, PART, 6>(product, place),
            7 if L::ROWS >= 7 => tile::<L, PART, 7>(product, place),
            8 if L::ROWS >= 8 => tile::<L, PART, 8>(product, place),
            9 if L::ROWS >= 9 => tile::<L, PART, 9>(product, place),
            10 if L::ROWS >= 10 => tile::<L, PART, 10>(product, place),
            11 if L::ROWS >= 11 => tile::<L, PART, 11>(product, place),
            12 if L::ROWS >= 12 => tile::<L, PART, 12>(product, place),
            // No rows, no work; more than `L::ROWS` never come together.
            _ => {}
        }
    }
}

/// `R` rows of two registers.
///
/// # Safety
/// As [`run`], for the part at `place`.
#[inline(always)]
unsafe fn tile<L: Lanes, const PART: bool, const R: usize>(product: &Product, place: Place) {
    let Product { depth, a_row, b_row, c_row, .. } = *product;
    let first = L::N.min(place.columns);
    let second = place.columns - first;
    // SAFETY: the caller's promise; `PART` reads no more columns than the panel has.
    unsafe {
        let column = place.panel * 2 * L::N;
        // Without depth there may be no such panel; nothing is read there then.
        let b = product.b.wrapping_add(place.panel * product.b_panel);
        let a = product.a.add(place.row * a_row);
        let start = if product.bias.is_null() {
            [L::splat(0.); 2]
        } else {
            [load::<L>(product.bias.add(column), first), load::<L>(product.bias.add(column + first), second)]
        };
        let mut sums = [start; R];
        for p in 0..depth {
            let row = b.add(p * b_row);
            let (left, right) = if PART {
                (load::<L>(row, first), load::<L>(row.add(first), second))
            } else {
                (L::load(row), L::load(row.add(L::N)))
            };
            for (r, [first, second]) in sums.iter_mut().enumerate() {
                let value = L::splat(*a.add(r * a_row + p));
                *first = L::mul_add(value, left, *first);
                *second = L::mul_add(value, right, *second);
            }
        }
        let c = product.c.add(place.row * c_row + column);
        if second == L::N {
            // Loops so short that they are unrolled, and the sums stay in their registers.
            if product.onto {
                for (r, [first, second]) in sums.iter_mut().enumerate() {
                    *first = L::add(*first, L::load(c.add(r * c_row)));
                    *second = L::add(*second, L::load(c.add(r * c_row + L::N)));
                }
            }
            if product.relu {
                // Zero stands first, so that a sum that is no number stays so.
                for [first, second] in &mut sums {
                    *first = L::max(L::splat(0.), *first);
                    *second = L::max(L::splat(0.), *second);
                }
            }
            for (r, &[first, second]) in sums.iter().enumerate() {
                L::store(c.add(r * c_row), first);
                L::store(c.add(r * c_row + L::N), second);
            }
        } else {
            let sums = sums;
            for (r, &[left, right]) in sums.iter().enumerate() {
                finish::<L>(product, c.add(r * c_row), left, first);
                finish::<L>(product, c.add(r * c_row + first), right, second);
            }
        }
    }
}

/// Brings the sums of a narrow panel to their place.
///
/// # Safety
/// The processor has the instructions of `L`, and `count` values may be read and written at `to`.
#[inline(always)]
unsafe fn finish<L: Lanes>(product: &Product, to: *mut f32, sum: L::V, count: usize) {
    // SAFETY: the caller lets us read and write `count` lanes.
    unsafe {
        let sum = if product.onto { L::add(sum, load::<L>(to, count)) } else { sum };
        let sum = if product.relu { L::max(L::splat(0.), sum) } else { sum };
        if count == L::N { L::store(to, sum) } else { L::store_part(to, sum, count) }
    }
}

/// A register of `count` values.
///
/// # Safety
/// The processor has the instructions of `L`, and `count` values may be read at `from`.
#[inline(always)]
unsafe fn load<L: Lanes>(from: *const f32, count: usize) -> L::V {
    // SAFETY: the caller lets us read `count` lanes.
    unsafe { if count == L::N { L::load(from) } else { L::load_part(from, count) } }
}
