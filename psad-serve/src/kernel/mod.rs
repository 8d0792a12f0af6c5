//! The arithmetic, for each kind of processor: the one module with unsafe code.
//!
//! Everything that leaves this module is safe: [`Dispatch`] can only be had for instructions that the processor has, and
//! every function compares sizes with slices before a pointer is made of them. Sizes that do not agree are a fault of
//! this crate, never of a caller or a file, and panic.
#![allow(unsafe_code)]
#![allow(
    clippy::inline_always,
    reason = "the instructions are enabled in the function that everything is inlined into"
)]

mod aligned;
mod lanes;
mod product;
mod rows;

use std::fmt;

pub(crate) use aligned::Buffer;
#[cfg(target_arch = "x86_64")]
use lanes::{Avx2, Avx512};
use lanes::{Lanes, Portable};
use product::Product;

/// Which instructions the kernels use.
///
/// Made for instructions that the processor has; [`Dispatch::best`] is what a model takes by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Dispatch(Path);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Dispatch {
    /// The widest instructions of this processor.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self(Path::Portable))
    }

    /// All that this processor has, the widest first: AVX-512, AVX2 with FMA, and plain loops, which every processor has.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = {
            let avx512 = is_x86_feature_detected!("avx512f").then_some(Self(Path::Avx512));
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            avx512.into_iter().chain(avx2.then_some(Self(Path::Avx2)))
        };
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = std::iter::empty();
        vectors.chain([Self(Path::Portable)])
    }

    /// Its name: `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => "avx2",
            Path::Portable => "portable",
        }
    }

    /// Lanes of a register.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => Avx512::N,
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => Avx2::N,
            Path::Portable => Portable::N,
        }
    }

    /// Columns of a panel of packed weights.
    pub(crate) fn panel(self) -> usize {
        2 * self.lanes()
    }
}

impl fmt::Display for Dispatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Dispatch({})", self.name())
    }
}

/// Rows of a matrix within a slice.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    data: &'a [f32],
    stride: usize,
}

impl<'a> Rows<'a> {
    /// A row every `stride` values, from the beginning of `data` on.
    pub(crate) fn new(data: &'a [f32], stride: usize) -> Self {
        Self { data, stride }
    }

    /// Whether `rows` rows of `columns` values are there.
    fn hold(&self, rows: usize, columns: usize) -> bool {
        holds(self.data.len(), self.stride, rows, columns)
    }
}

fn holds(len: usize, stride: usize, rows: usize, columns: usize) -> bool {
    let Some(before) = rows.checked_sub(1) else { return true };
    let end = before.checked_mul(stride).and_then(|start| start.checked_add(columns));
    (columns <= stride || before == 0) && end.is_some_and(|end| end <= len)
}

/// Whether `len` values are `rows` rows of `width` values.
fn are_rows(len: usize, rows: usize, width: usize) -> bool {
    rows.checked_mul(width) == Some(len)
}

/// The right side of a product: panels of packed weights or keys, or the rows of a matrix as they stand.
#[derive(Clone, Copy)]
pub(crate) enum Right<'a> {
    /// `[panels][depth][panel]`, the last panel padded.
    Packed(&'a [f32]),
    /// `[depth, columns]`.
    Plain(Rows<'a>),
}

/// What becomes of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is written.
    Write,
    /// It is added to what is there.
    Add,
    /// It is written, what is below zero as zero.
    Relu,
    /// It is added to what is there, and what is below zero becomes zero.
    AddRelu,
}

/// `rows`, `depth` and `columns` of a product.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

macro_rules! dispatched {
    ($(#[$doc:meta])* $name:ident, $module:ident :: $kernel:ident ( $($argument:ident : $type:ty),* )) => {
        $(#[$doc])*
        #[inline]
        unsafe fn $name(path: Path, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn avx512($($argument: $type),*) {
                // SAFETY: handed on; the instructions are enabled here.
                unsafe { $module::$kernel::<Avx512>($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($argument: $type),*) {
                // SAFETY: handed on; the instructions are enabled here.
                unsafe { $module::$kernel::<Avx2>($($argument),*) }
            }
            // SAFETY: handed on; a path is only made for instructions that the processor has.
            unsafe {
                match path {
                    #[cfg(target_arch = "x86_64")]
                    Path::Avx512 => avx512($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Path::Avx2 => avx2($($argument),*),
                    Path::Portable => $module::$kernel::<Portable>($($argument),*),
                }
            }
        }
    };
}

dispatched!(
    /// # Safety
    /// As [`product::run`], but for the instructions.
    product_on, product::run(parts: &Product)
);
dispatched!(
    /// # Safety
    /// As [`rows::exp_all`], but for the instructions.
    exp_on, rows::exp_all(values: *mut f32, count: usize)
);
dispatched!(
    /// # Safety
    /// As [`rows::softmax`], but for the instructions.
    softmax_on, rows::softmax(values: *mut f32, count: usize, columns: usize, stride: usize)
);
dispatched!(
    /// # Safety
    /// As [`rows::normalise`], but for the instructions.
    normalise_on, rows::normalise(from: *const f32, to: *mut f32, count: usize, width: usize, epsilon: f32)
);
dispatched!(
    /// # Safety
    /// As [`rows::gate`], but for the instructions.
    gate_on, rows::gate(x: *mut f32, z: *const f32, count: usize)
);
dispatched!(
    /// # Safety
    /// As [`rows::point`], but for the instructions.
    point_on,
    rows::point(items: *const f32, query: *const f32, v: *const f32, out: *mut f32, count: usize, width: usize)
);
dispatched!(
    /// # Safety
    /// As [`rows::dots`], but for the instructions.
    dots_on, rows::dots(items: *const f32, v: *const f32, out: *mut f32, count: usize, width: usize, add: f32)
);

impl Dispatch {
    /// `A B + bias` into rows of `c`, one every `c_stride` values.
    ///
    /// # Panics
    /// If a slice is too short for the sizes.
    pub(crate) fn product(
        self,
        size: Size,
        a: Rows<'_>,
        b: Right<'_>,
        bias: Option<&[f32]>,
        (c, c_stride): (&mut [f32], usize),
        then: Then,
    ) {
        let Size { rows, depth, columns } = size;
        let (panel, panels) = (self.panel(), columns.div_ceil(self.panel()));
        let (b, b_row, b_panel, b_padded) = match b {
            Right::Packed(data) => {
                let needed = panels.checked_mul(panel * depth);
                assert!(
                    needed.is_some_and(|needed| needed <= data.len()),
                    "packed weights are shorter than the product"
                );
                (data, panel, panel * depth, true)
            }
            Right::Plain(plain) => {
                assert!(plain.hold(depth, columns), "the right side is smaller than the product");
                (plain.data, plain.stride, panel, false)
            }
        };
        assert!(a.hold(rows, depth), "the left side is smaller than the product");
        assert!(bias.is_none_or(|bias| bias.len() >= columns), "the bias is shorter than the product is wide");
        assert!(holds(c.len(), c_stride, rows, columns), "there is no room for the product");
        let parts = Product {
            rows,
            depth,
            columns,
            a: a.data.as_ptr(),
            a_row: a.stride,
            b: b.as_ptr(),
            b_row,
            b_panel,
            b_padded,
            bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            c: c.as_mut_ptr(),
            c_row: c_stride,
            onto: matches!(then, Then::Add | Then::AddRelu),
            relu: matches!(then, Then::Relu | Then::AddRelu),
        };
        // SAFETY: all sizes have been compared with their slices, and `c` is borrowed alone.
        unsafe { product_on(self.0, &parts) }
    }

    /// Every value becomes its exponential.
    pub(crate) fn exp(self, values: &mut [f32]) {
        // SAFETY: as many values as the slice has.
        unsafe { exp_on(self.0, values.as_mut_ptr(), values.len()) }
    }

    /// Softmax over the first `columns` of each of `rows` rows of `stride` values, a multiple of a register's lanes. What
    /// stands between them and the end of the row is overwritten.
    ///
    /// # Panics
    /// If the rows are no such rows, or there is no column.
    pub(crate) fn softmax(self, values: &mut [f32], rows: usize, columns: usize, stride: usize) {
        let whole = stride.is_multiple_of(self.lanes());
        assert!(columns > 0 && columns <= stride && whole, "rows are too short for softmax");
        assert!(holds(values.len(), stride, rows, stride), "there are fewer rows than softmax is to go over");
        // SAFETY: rows and their room have been compared with the slice.
        unsafe { softmax_on(self.0, values.as_mut_ptr(), rows, columns, stride) }
    }

    /// Rows of `width` values with mean 0 and deviation 1.
    ///
    /// # Panics
    /// If the slices differ in length, or are no whole rows.
    pub(crate) fn normalise(self, from: &[f32], to: &mut [f32], width: usize, epsilon: f32) {
        assert!(width > 0 && from.len() == to.len() && from.len().is_multiple_of(width), "rows to normalise differ");
        // SAFETY: both slices hold so many rows.
        unsafe { normalise_on(self.0, from.as_ptr(), to.as_mut_ptr(), from.len() / width, width, epsilon) }
    }

    /// `x ⊙ 2 σ(z)` in place of `x`.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub(crate) fn gate(self, x: &mut [f32], z: &[f32]) {
        assert_eq!(x.len(), z.len(), "a gate needs a factor per value");
        // SAFETY: both slices hold so many values.
        unsafe { gate_on(self.0, x.as_mut_ptr(), z.as_ptr(), x.len()) }
    }

    /// `Σ_c v[c] tanh(items[i, c] + query[c])` for each row of `items`.
    ///
    /// # Panics
    /// If the slices do not agree.
    pub(crate) fn point(self, items: &[f32], query: &[f32], v: &[f32], out: &mut [f32]) {
        assert!(
            query.len() == v.len() && are_rows(items.len(), out.len(), v.len()),
            "the pointer's sides differ in width"
        );
        // SAFETY: items hold a row of `v.len()` values per value of `out`.
        unsafe { point_on(self.0, items.as_ptr(), query.as_ptr(), v.as_ptr(), out.as_mut_ptr(), out.len(), v.len()) }
    }

    /// `Σ_c items[i, c] v[c] + add` for each row of `items`.
    ///
    /// # Panics
    /// If the slices do not agree.
    pub(crate) fn dots(self, items: &[f32], v: &[f32], add: f32, out: &mut [f32]) {
        assert!(are_rows(items.len(), out.len(), v.len()), "rows and weights differ in width");
        // SAFETY: items hold a row of `v.len()` values per value of `out`.
        unsafe { dots_on(self.0, items.as_ptr(), v.as_ptr(), out.as_mut_ptr(), out.len(), v.len(), add) }
    }
}

/// Asks for values that will be read soon, so that reading many scattered rows waits once and not for each of them.
#[inline]
pub(crate) fn prefetch(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(16) {
        // SAFETY: the instruction is in every processor of the architecture, and touches no memory as far as the program
        // can see.
        unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.as_ptr().cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

#[cfg(test)]
mod tests;
