//! What a vector register can do, for each kind of processor.

/// A vector register of `f32` lanes.
///
/// # Safety
/// Every function may only be called on a processor that has the instructions of the implementation; functions that
/// take a pointer read or write as many lanes there as they say, and need no alignment.
pub(super) trait Lanes {
    /// Lanes of a register.
    const N: usize;
    /// Rows of a product that are worked on together, so many that their sums still fit the registers.
    const ROWS: usize;
    type V: Copy;

    unsafe fn splat(value: f32) -> Self::V;
    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, value: Self::V);
    /// The first `count < N` lanes, possibly none; the others are zero.
    unsafe fn load_part(from: *const f32, count: usize) -> Self::V;
    /// The first `count < N` lanes, possibly none; what lies behind them stays as it is.
    unsafe fn store_part(to: *mut f32, value: Self::V, count: usize);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// The greater of each pair, and the second where one is no number.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each pair, and the second where one is no number.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`; whether the product is rounded first differs between processors.
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// To the nearest integer, for values below 2²².
    unsafe fn round(value: Self::V) -> Self::V;
    /// `2ⁿ` for integers from −126 to 127.
    unsafe fn power_of_two(n: Self::V) -> Self::V;
    /// The sum of all lanes.
    unsafe fn sum(value: Self::V) -> f32;
    /// The greatest of all lanes.
    unsafe fn greatest(value: Self::V) -> f32;
}

/// Plain loops over an array, which the compiler turns into what every processor of the target has.
pub(super) struct Portable;

impl Lanes for Portable {
    const N: usize = 4;
    const ROWS: usize = 4;
    type V = [f32; 4];

    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: the caller lets us read four lanes, aligned or not.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: [f32; 4]) {
        // SAFETY: the caller lets us write four lanes, aligned or not.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> [f32; 4] {
        let mut lanes = [0.; 4];
        for (lane, value) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: the caller lets us read `count` lanes.
            *value = unsafe { from.add(lane).read() };
        }
        lanes
    }

    #[inline(always)]
    unsafe fn store_part(to: *mut f32, value: [f32; 4], count: usize) {
        for (lane, value) in value.into_iter().enumerate().take(count) {
            // SAFETY: the caller lets us write `count` lanes.
            unsafe { to.add(lane).write(value) }
        }
    }

    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    }

    #[inline(always)]
    unsafe fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]
    }

    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]
    }

    #[inline(always)]
    unsafe fn div(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] / b[0], a[1] / b[1], a[2] / b[2], a[3] / b[3]]
    }

    #[inline(always)]
    unsafe fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        let greater = |a: f32, b: f32| if a > b { a } else { b };
        [greater(a[0], b[0]), greater(a[1], b[1]), greater(a[2], b[2]), greater(a[3], b[3])]
    }

    #[inline(always)]
    unsafe fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        let smaller = |a: f32, b: f32| if a < b { a } else { b };
        [smaller(a[0], b[0]), smaller(a[1], b[1]), smaller(a[2], b[2]), smaller(a[3], b[3])]
    }

    #[inline(always)]
    unsafe fn mul_add(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        // Not `f32::mul_add`: without the instruction it is a call of the mathematics library.
        [a[0] * b[0] + c[0], a[1] * b[1] + c[1], a[2] * b[2] + c[2], a[3] * b[3] + c[3]]
    }

    #[inline(always)]
    unsafe fn round(value: [f32; 4]) -> [f32; 4] {
        // Added to this number, 1.5 · 2²³, a small one loses its fraction.
        const SHIFT: f32 = 12_582_912.;
        value.map(|value| (value + SHIFT) - SHIFT)
    }

    #[inline(always)]
    unsafe fn power_of_two(n: [f32; 4]) -> [f32; 4] {
        n.map(|n| f32::from_bits(((n as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    unsafe fn sum(value: [f32; 4]) -> f32 {
        (value[0] + value[2]) + (value[1] + value[3])
    }

    #[inline(always)]
    unsafe fn greatest(value: [f32; 4]) -> f32 {
        value[0].max(value[2]).max(value[1].max(value[3]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64 as arch;

    /// Eight lanes and fused multiplication: AVX2 and FMA.
    pub(crate) struct Avx2;

    /// Sixteen lanes: AVX-512 F.
    pub(crate) struct Avx512;

    /// Eight words of ones, then eight of zeros: from `8 − count` on stands a mask of `count` lanes.
    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    impl Avx2 {
        /// Ones for the first `count` lanes.
        ///
        /// # Safety
        /// The processor has AVX2, and `count` is at most 8.
        #[inline(always)]
        unsafe fn mask(count: usize) -> arch::__m256i {
            // SAFETY: `count` is at most 8, so eight words from `8 − count` lie within the table.
            unsafe { arch::_mm256_loadu_si256(MASKS.as_ptr().add(8 - count).cast()) }
        }
    }

    impl Lanes for Avx2 {
        const N: usize = 8;
        const ROWS: usize = 6;
        type V = arch::__m256;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self::V {
            // SAFETY: the caller's promise of the trait, here and below.
            unsafe { arch::_mm256_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::V {
            // SAFETY: as above; unaligned reads are allowed.
            unsafe { arch::_mm256_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, value: Self::V) {
            // SAFETY: as above; unaligned writes are allowed.
            unsafe { arch::_mm256_storeu_ps(to, value) }
        }

        #[inline(always)]
        unsafe fn load_part(from: *const f32, count: usize) -> Self::V {
            // SAFETY: as above; masked lanes are not touched.
            unsafe { arch::_mm256_maskload_ps(from, Self::mask(count)) }
        }

        #[inline(always)]
        unsafe fn store_part(to: *mut f32, value: Self::V, count: usize) {
            // SAFETY: as above; masked lanes are not touched.
            unsafe { arch::_mm256_maskstore_ps(to, Self::mask(count), value) }
        }

        #[inline(always)]
        unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_add_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_sub_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_mul_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_div_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_max_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_min_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn round(value: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm256_round_ps::<{ arch::_MM_FROUND_TO_NEAREST_INT | arch::_MM_FROUND_NO_EXC }>(value) }
        }

        #[inline(always)]
        unsafe fn power_of_two(n: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe {
                let biased = arch::_mm256_add_epi32(arch::_mm256_cvtps_epi32(n), arch::_mm256_set1_epi32(127));
                arch::_mm256_castsi256_ps(arch::_mm256_slli_epi32::<23>(biased))
            }
        }

        #[inline(always)]
        unsafe fn sum(value: Self::V) -> f32 {
            // SAFETY: as above.
            unsafe {
                let four =
                    arch::_mm_add_ps(arch::_mm256_castps256_ps128(value), arch::_mm256_extractf128_ps::<1>(value));
                let two = arch::_mm_add_ps(four, arch::_mm_movehl_ps(four, four));
                arch::_mm_cvtss_f32(arch::_mm_add_ss(two, arch::_mm_shuffle_ps::<1>(two, two)))
            }
        }

        #[inline(always)]
        unsafe fn greatest(value: Self::V) -> f32 {
            // SAFETY: as above.
            unsafe {
                let four =
                    arch::_mm_max_ps(arch::_mm256_castps256_ps128(value), arch::_mm256_extractf128_ps::<1>(value));
                let two = arch::_mm_max_ps(four, arch::_mm_movehl_ps(four, four));
                arch::_mm_cvtss_f32(arch::_mm_max_ss(two, arch::_mm_shuffle_ps::<1>(two, two)))
            }
        }
    }

    impl Avx512 {
        #[inline(always)]
        fn mask(count: usize) -> arch::__mmask16 {
            ((1_u32 << count) - 1) as arch::__mmask16
        }
    }

    impl Lanes for Avx512 {
        const N: usize = 16;
        const ROWS: usize = 12;
        type V = arch::__m512;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self::V {
            // SAFETY: the caller's promise of the trait, here and below.
            unsafe { arch::_mm512_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::V {
            // SAFETY: as above; unaligned reads are allowed.
            unsafe { arch::_mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, value: Self::V) {
            // SAFETY: as above; unaligned writes are allowed.
            unsafe { arch::_mm512_storeu_ps(to, value) }
        }

        #[inline(always)]
        unsafe fn load_part(from: *const f32, count: usize) -> Self::V {
            // SAFETY: as above; masked lanes are not touched.
            unsafe { arch::_mm512_maskz_loadu_ps(Self::mask(count), from) }
        }

        #[inline(always)]
        unsafe fn store_part(to: *mut f32, value: Self::V, count: usize) {
            // SAFETY: as above; masked lanes are not touched.
            unsafe { arch::_mm512_mask_storeu_ps(to, Self::mask(count), value) }
        }

        #[inline(always)]
        unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_add_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_sub_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_mul_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn div(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_div_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_max_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_min_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn round(value: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_roundscale_ps::<0>(value) }
        }

        #[inline(always)]
        unsafe fn power_of_two(n: Self::V) -> Self::V {
            // SAFETY: as above.
            unsafe { arch::_mm512_scalef_ps(arch::_mm512_set1_ps(1.), n) }
        }

        #[inline(always)]
        unsafe fn sum(value: Self::V) -> f32 {
            // SAFETY: as above.
            unsafe { arch::_mm512_reduce_add_ps(value) }
        }

        #[inline(always)]
        unsafe fn greatest(value: Self::V) -> f32 {
            // SAFETY: as above.
            unsafe { arch::_mm512_reduce_max_ps(value) }
        }
    }
}
