//! Memory that starts at the beginning of a cache line.

/// A cache line of values.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; Line::VALUES]);

impl Line {
    const VALUES: usize = 16;
}

/// A run of values, aligned to a cache line, that keeps its memory when it is asked for less.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Vec<Line>);

impl Buffer {
    /// The first `len` values, whatever stands there from before; memory is only asked for when there is too little.
    pub(crate) fn room(&mut self, len: usize) -> &mut [f32] {
        let lines = len.div_ceil(Line::VALUES);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.; Line::VALUES]));
        }
        // SAFETY: a line is sixteen values without padding, and there are enough lines.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }

    /// The first `len` values.
    ///
    /// # Panics
    /// If so many were never asked for.
    pub(crate) fn get(&self, len: usize) -> &[f32] {
        &self.all()[..len]
    }

    /// All values that there is room for.
    pub(crate) fn all(&self) -> &[f32] {
        // SAFETY: a line is sixteen values without padding.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * Line::VALUES) }
    }
}
