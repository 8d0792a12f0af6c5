//! What is done to rows: exponentials, softmax, normalisation, gates, pointers.

use super::lanes::Lanes;

/// `eˣ`: the range is cut to where the answer is a normal number, and the rest follows the polynomial of Cephes' `expf`
/// (Moshier 1989), with a relative error of some 1e-7.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
#[allow(clippy::excessive_precision)]
unsafe fn exp<L: Lanes>(x: L::V) -> L::V {
    // SAFETY: the caller's promise.
    unsafe {
        // The value stands second, so that what is no number stays so.
        let x = L::min(L::splat(88.3), L::max(L::splat(-87.3), x));
        let n = L::round(L::mul(x, L::splat(std::f32::consts::LOG2_E)));
        let r = L::mul_add(n, L::splat(-0.693_359_375), x);
        let r = L::mul_add(n, L::splat(2.121_944_4e-4), r);
        let p = L::splat(1.987_569_15e-4);
        let p = L::mul_add(p, r, L::splat(1.398_199_95e-3));
        let p = L::mul_add(p, r, L::splat(8.333_451_9e-3));
        let p = L::mul_add(p, r, L::splat(4.166_579_6e-2));
        let p = L::mul_add(p, r, L::splat(1.666_666_55e-1));
        let p = L::mul_add(p, r, L::splat(5.000_000_1e-1));
        let e = L::add(L::mul_add(L::mul(r, r), p, r), L::splat(1.));
        L::mul(e, L::power_of_two(n))
    }
}

/// `2 σ(x)`.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn twice_sigmoid<L: Lanes>(x: L::V) -> L::V {
    // SAFETY: the caller's promise.
    unsafe { L::div(L::splat(2.), L::add(L::splat(1.), exp::<L>(L::sub(L::splat(0.), x)))) }
}

/// Every value becomes its exponential.
///
/// # Safety
/// The processor has the instructions of `L`; `count` values lie at `values`.
#[inline(always)]
pub(super) unsafe fn exp_all<L: Lanes>(values: *mut f32, count: usize) {
    let whole = count - count % L::N;
    // SAFETY: within the `count` values.
    unsafe {
        for at in (0..whole).step_by(L::N) {
            L::store(values.add(at), exp::<L>(L::load(values.add(at))));
        }
        if whole < count {
            let rest = exp::<L>(L::load_part(values.add(whole), count - whole));
            L::store_part(values.add(whole), rest, count - whole);
        }
    }
}

/// Softmax of the first `columns` values of each row, in place. What lies between them and the next multiple of
/// `L::N` is overwritten.
///
/// # Safety
/// The processor has the instructions of `L`; `rows` rows lie at `values`, one every `stride` values, each with room for
/// `columns` rounded up to a multiple of `L::N`; `columns` is at least 1.
#[inline(always)]
pub(super) unsafe fn softmax<L: Lanes>(values: *mut f32, rows: usize, columns: usize, stride: usize) {
    let padded = columns.next_multiple_of(L::N);
    for row in 0..rows {
        // SAFETY: within the row.
        unsafe {
            let row = values.add(row * stride);
            for column in columns..padded {
                *row.add(column) = f32::NEG_INFINITY;
            }
            let mut max = L::load(row);
            for at in (L::N..padded).step_by(L::N) {
                max = L::max(max, L::load(row.add(at)));
            }
            let max = L::splat(L::greatest(max));
            let mut sum = L::splat(0.);
            for at in (0..padded).step_by(L::N) {
                let weight = exp::<L>(L::sub(L::load(row.add(at)), max));
                L::store(row.add(at), weight);
                sum = L::add(sum, weight);
            }
            let scale = L::splat(1. / L::sum(sum));
            for at in (0..padded).step_by(L::N) {
                L::store(row.add(at), L::mul(L::load(row.add(at)), scale));
            }
        }
    }
}

/// Mean 0 and deviation 1 for each row, `(x − mean) / √(variance + ε)`.
///
/// # Safety
/// The processor has the instructions of `L`; `rows · width` values lie at `from` and at `to`.
#[inline(always)]
pub(super) unsafe fn normalise<L: Lanes>(from: *const f32, to: *mut f32, rows: usize, width: usize, epsilon: f32) {
    let whole = width - width % L::N;
    let rest = width - whole;
    for row in 0..rows {
        // SAFETY: within the row.
        unsafe {
            let (from, to) = (from.add(row * width), to.add(row * width));
            let mut sum = L::splat(0.);
            for at in (0..whole).step_by(L::N) {
                sum = L::add(sum, L::load(from.add(at)));
            }
            if rest > 0 {
                sum = L::add(sum, L::load_part(from.add(whole), rest));
            }
            let mean = L::sum(sum) / width as f32;
            let means = L::splat(mean);
            let mut squares = L::splat(0.);
            for at in (0..whole).step_by(L::N) {
                let off = L::sub(L::load(from.add(at)), means);
                squares = L::mul_add(off, off, squares);
            }
            let mut square = L::sum(squares);
            for at in whole..width {
                let off = *from.add(at) - mean;
                square += off * off;
            }
            let scale = 1. / (square / width as f32 + epsilon).sqrt();
            let scales = L::splat(scale);
            for at in (0..whole).step_by(L::N) {
                L::store(to.add(at), L::mul(L::sub(L::load(from.add(at)), means), scales));
            }
            for at in whole..width {
                *to.add(at) = (*from.add(at) - mean) * scale;
            }
        }
    }
}

/// `x ⊙ 2 σ(z)`, in place of `x`.
///
/// # Safety
/// The processor has the instructions of `L`; `count` values lie at `x` and at `z`.
#[inline(always)]
pub(super) unsafe fn gate<L: Lanes>(x: *mut f32, z: *const f32, count: usize) {
    let whole = count - count % L::N;
    // SAFETY: within the `count` values.
    unsafe {
        for at in (0..whole).step_by(L::N) {
            let factor = twice_sigmoid::<L>(L::load(z.add(at)));
            L::store(x.add(at), L::mul(L::load(x.add(at)), factor));
        }
        if whole < count {
            let rest = count - whole;
            let factor = twice_sigmoid::<L>(L::load_part(z.add(whole), rest));
            L::store_part(x.add(whole), L::mul(L::load_part(x.add(whole), rest), factor), rest);
        }
    }
}

/// `out[i] = Σ_c v[c] · tanh(items[i, c] + query[c])`, with `tanh(x) = 2 σ(2x) − 1`.
///
/// # Safety
/// The processor has the instructions of `L`; `rows · width` values lie at `items`, `width` at `query` and `v`, `rows` at
/// `out`.
#[inline(always)]
pub(super) unsafe fn point<L: Lanes>(
    items: *const f32,
    query: *const f32,
    v: *const f32,
    out: *mut f32,
    rows: usize,
    width: usize,
) {
    let whole = width - width % L::N;
    let rest = width - whole;
    // SAFETY: within rows and width.
    unsafe {
        for row in 0..rows {
            let item = items.add(row * width);
            let mut sum = L::splat(0.);
            for at in (0..whole).step_by(L::N) {
                let x = L::add(L::load(item.add(at)), L::load(query.add(at)));
                let tanh = L::sub(twice_sigmoid::<L>(L::add(x, x)), L::splat(1.));
                sum = L::mul_add(tanh, L::load(v.add(at)), sum);
            }
            if rest > 0 {
                let x = L::add(L::load_part(item.add(whole), rest), L::load_part(query.add(whole), rest));
                let tanh = L::sub(twice_sigmoid::<L>(L::add(x, x)), L::splat(1.));
                // Lanes beyond the width meet a `v` of zero.
                sum = L::mul_add(tanh, L::load_part(v.add(whole), rest), sum);
            }
            *out.add(row) = L::sum(sum);
        }
    }
}

/// `out[i] = Σ_c items[i, c] v[c] + add`.
///
/// # Safety
/// As [`point`], without a query.
#[inline(always)]
pub(super) unsafe fn dots<L: Lanes>(
    items: *const f32,
    v: *const f32,
    out: *mut f32,
    rows: usize,
    width: usize,
    add: f32,
) {
    let whole = width - width % L::N;
    let rest = width - whole;
    // SAFETY: within rows and width.
    unsafe {
        for row in 0..rows {
            let item = items.add(row * width);
            let mut sum = L::splat(0.);
            for at in (0..whole).step_by(L::N) {
                sum = L::mul_add(L::load(item.add(at)), L::load(v.add(at)), sum);
            }
            if rest > 0 {
                sum = L::mul_add(L::load_part(item.add(whole), rest), L::load_part(v.add(whole), rest), sum);
            }
            *out.add(row) = L::sum(sum) + add;
        }
    }
}
