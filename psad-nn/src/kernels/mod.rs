//! Arithmetic on plain slices, compiled for the vector units of the machine that it runs on.
//!
//! Why not the backend's: its transcendental functions are scalar, its products pack operands that fit into the cache as
//! they are, and every operation writes a tensor that the next one reads back from memory. Loops here are written so that
//! the compiler vectorises them: fixed [`LANES`], no branches, sums in as many running parts as there are lanes.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the better instructions")]
#![expect(clippy::neg_cmp_op_on_partial_ord, reason = "the negated form is the one that a NaN passes")]

mod activation;
mod attention;
mod norm;
mod pointer;
mod product;
mod rows;
mod slots;

pub(crate) use activation::{Gate, GateGradient};
pub(crate) use attention::{Attend, AttendGradient, Blocked, HeadSizes};
pub(crate) use norm::{Normalise, NormaliseGradient};
pub(crate) use pointer::{Point, PointGradient, PointSizes};
pub(crate) use product::{Left, Product};
pub(crate) use rows::{add_to_groups, spread_groups};
pub(crate) use slots::{SlotLoss, SlotLossGradient, SlotMasks, SlotSizes};

use pulp::{Arch, Simd, WithSimd};

/// Values that a loop handles together: two vectors of AVX2, four of SSE and NEON.
pub(crate) const LANES: usize = 16;

/// A computation that is compiled several times, for what different machines offer.
pub(crate) trait Kernel {
    /// What it computes.
    type Output;

    /// `FMA`: whether multiplying and adding is one instruction.
    fn run<const FMA: bool>(self) -> Self::Output;
}

/// Runs a kernel with the best instructions of this machine.
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    Arch::new().dispatch(Vectorised(kernel))
}

struct Vectorised<K>(K);

impl<K: Kernel> WithSimd for Vectorised<K> {
    type Output = K::Output;

    // Everything below must be inlined into the function that pulp compiles for the instruction set.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> K::Output {
        // x86 has fused instructions from AVX2 on, whose vectors hold eight values; 64-bit ARM always has them.
        if S::F32_LANES >= 8 || cfg!(target_arch = "aarch64") { self.0.run::<true>() } else { self.0.run::<false>() }
    }
}

/// `a · b + c`; the fused form only where it is one instruction, a call of the C library otherwise.
#[inline(always)]
pub(crate) fn mul_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Sum of some lanes, by halves.
#[inline(always)]
pub(crate) fn sum_lanes(lanes: &[f32; LANES]) -> f32 {
    let half: [f32; LANES / 2] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + LANES / 2]);
    let quarter: [f32; LANES / 4] = std::array::from_fn(|lane| half[lane] + half[lane + LANES / 4]);
    (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])
}

/// The next multiple of [`LANES`].
pub(crate) fn padded(length: usize) -> usize {
    length.next_multiple_of(LANES)
}

/// Fixed-width pieces of a row, whose length is a multiple of [`LANES`].
#[inline(always)]
pub(crate) fn lanes(row: &[f32]) -> &[[f32; LANES]] {
    row.as_chunks::<LANES>().0
}

/// As [`lanes`].
#[inline(always)]
pub(crate) fn lanes_mut(row: &mut [f32]) -> &mut [[f32; LANES]] {
    row.as_chunks_mut::<LANES>().0
}
