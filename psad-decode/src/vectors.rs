//! What candidates are compared by.

use ndarray::ArrayView2;

/// The vectors of one list's candidates, `[candidates, width]`, all finite.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vectors {
    width: usize,
    /// Row by row.
    values: Vec<f64>,
    /// Squared length of each.
    squares: Vec<f64>,
}

impl Vectors {
    /// The error names the first candidate with a number that is not finite, and the number.
    pub(crate) fn new(vectors: &ArrayView2<'_, f32>) -> Result<Self, (usize, f32)> {
        let mut read = Self::default();
        read.read(vectors)?;
        Ok(read)
    }

    /// Reads other vectors into the same memory. After an error there are none.
    pub(crate) fn read(&mut self, vectors: &ArrayView2<'_, f32>) -> Result<(), (usize, f32)> {
        let (candidates, width) = vectors.dim();
        self.width = width;
        self.values.clear();
        self.values.reserve(candidates * width);
        self.squares.clear();
        self.squares.reserve(candidates);
        for (item, row) in vectors.outer_iter().enumerate() {
            if let Some(&value) = row.iter().find(|value| !value.is_finite()) {
                self.squares.clear();
                return Err((item, value));
            }
            let start = self.values.len();
            self.values.extend(row.iter().copied().map(f64::from));
            self.squares.push(dot(&self.values[start..], &self.values[start..]));
        }
        Ok(())
    }

    /// Number of candidates.
    pub(crate) fn len(&self) -> usize {
        self.squares.len()
    }

    /// Numbers per candidate.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    fn row(&self, item: usize) -> &[f64] {
        &self.values[item * self.width..][..self.width]
    }

    /// Cosine of the angle between the vectors of two candidates; 0 if one of them has no length.
    ///
    /// One root of the product of both squares, not two roots: so vectors that point the same way have a cosine of
    /// exactly 1 where their squares are exact, and ties are ties.
    pub(crate) fn cosine(&self, a: usize, b: usize) -> f64 {
        let squares = self.squares[a] * self.squares[b];
        if squares == 0. { 0. } else { dot(self.row(a), self.row(b)) / squares.sqrt() }
    }

    /// The vector of a candidate at length 1; a vector without length stays what it is.
    pub(crate) fn unit(&self, item: usize) -> impl Iterator<Item = f64> + '_ {
        let length = if self.squares[item] == 0. { 1. } else { self.squares[item].sqrt() };
        self.row(item).iter().map(move |value| value / length)
    }
}

/// An inner product in four lanes; of numbers that came from `f32`, the products are exact.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.; 4];
    let (fours_of_a, fours_of_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let ends = fours_of_a.remainder().iter().zip(fours_of_b.remainder());
    let rest: f64 = ends.map(|(a, b)| a * b).sum();
    for (a, b) in fours_of_a.zip(fours_of_b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cosine_is_the_cosine(values in prop::collection::vec(-9_f32..9., 2 * 7)) {
            let vectors = Array2::from_shape_vec((2, 7), values).unwrap();
            let product = |a: usize, b: usize| -> f64 {
                vectors.row(a).iter().zip(vectors.row(b)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
            };
            let expected = product(0, 1) / (product(0, 0).sqrt() * product(1, 1).sqrt());
            let found = Vectors::new(&vectors.view()).unwrap();
            prop_assert!((found.cosine(0, 1) - expected).abs() < 1e-12);
            prop_assert_eq!(found.cosine(0, 1), found.cosine(1, 0));
            prop_assert_eq!(found.cosine(0, 0), 1.);
        }
    }

    #[test]
    fn what_has_no_length_is_like_nothing_and_the_greatest_numbers_do_not_overflow() {
        let huge = f32::MAX;
        let vectors = Vectors::new(&array![[0., 0.], [huge, -huge], [-huge, huge], [1e-40, 0.]].view()).unwrap();
        assert_eq!((vectors.cosine(0, 1), vectors.cosine(0, 0)), (0., 0.));
        assert_eq!(vectors.cosine(1, 2), -1.);
        assert_eq!(vectors.cosine(3, 3), 1.);
        assert_eq!(Vectors::new(&array![[0., 1.], [2., f32::INFINITY]].view()).unwrap_err(), (1, f32::INFINITY));
        assert_eq!(Vectors::new(&Array2::zeros((2, 0)).view()).unwrap().cosine(0, 1), 0.);
    }

    #[test]
    fn another_layout_holds_the_same_vectors() {
        let vectors = array![[1., 2., 3.], [4., 5., 6.]];
        let turned = Vectors::new(&vectors.t()).unwrap();
        assert_eq!((turned.len(), turned.width()), (3, 2));
        assert_eq!(turned.unit(1).map(|value| value * 29_f64.sqrt()).map(f64::round).collect::<Vec<_>>(), [2., 5.]);
    }
}
