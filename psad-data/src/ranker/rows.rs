//! One side of the factorisation: a row per user or film, its bias followed by its factors.

/// Rows of equal width.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    values: Vec<f64>,
    width: usize,
}

impl Rows {
    /// Rows of zeros; `width` is at least 1.
    pub(crate) fn zeros(count: usize, width: usize) -> Self {
        Self { values: vec![0.; count * width], width }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.width
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..][..self.width]
    }

    pub(crate) fn row_mut(&mut self, index: usize) -> &mut [f64] {
        &mut self.values[index * self.width..][..self.width]
    }
}
