//! What candidates are compared by.

use ndarray::Array2;

/// The vectors of one list's candidates, `[candidates, width]`, all finite.
#[derive(Debug, Clone)]
pub(crate) struct Vectors {
    values: Array2<f32>,
    /// Squared length of each.
    squares: Vec<f64>,
}

impl Vectors {
    /// The error names the first candidate with a number that is not finite, and the number.
    pub(crate) fn new(vectors: Array2<f32>) -> Result<Self, (usize, f32)> {
        // Rows of another layout would have no slices.
        let rows = vectors.is_standard_layout();
        let values = if rows { vectors } else { vectors.as_standard_layout().into_owned() };
        let bad = values.indexed_iter().find(|(_, value)| !value.is_finite());
        if let Some(((item, _), &value)) = bad {
            return Err((item, value));
        }
        let squares = (0..values.nrows()).map(|item| dot(row(&values, item), row(&values, item))).collect();
        Ok(Self { values, squares })
    }

    /// Number of candidates.
    pub(crate) fn len(&self) -> usize {
        self.squares.len()
    }

    /// Numbers per candidate.
    pub(crate) fn width(&self) -> usize {
        self.values.ncols()
    }

    /// Cosine of the angle between the vectors of two candidates; 0 if one of them has no length.
    ///
    /// One root of the product of both squares, not two roots: so vectors that point the same way have a cosine of
    /// exactly 1 where their squares are exact, and ties are ties.
    pub(crate) fn cosine(&self, a: usize, b: usize) -> f64 {
        let squares = self.squares[a] * self.squares[b];
        if squares == 0. { 0. } else { dot(row(&self.values, a), row(&self.values, b)) / squares.sqrt() }
    }

    /// The vector of a candidate at length 1; a vector without length stays what it is.
    pub(crate) fn unit(&self, item: usize) -> impl Iterator<Item = f64> + '_ {
        let length = if self.squares[item] == 0. { 1. } else { self.squares[item].sqrt() };
        row(&self.values, item).iter().map(move |&value| f64::from(value) / length)
    }
}

fn row(values: &Array2<f32>, item: usize) -> &[f32] {
    let width = values.ncols();
    // Standard layout is what the constructor sees to.
    &values.as_slice().unwrap_or_default()[item * width..][..width]
}

/// An inner product in four lanes: products of two `f32` are exact in `f64`.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f64::from(a) * f64::from(b);
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cosine_is_the_cosine(values in prop::collection::vec(-9_f32..9., 2 * 7)) {
            let vectors = Array2::from_shape_vec((2, 7), values).unwrap();
            let product = |a: usize, b: usize| -> f64 {
                vectors.row(a).iter().zip(vectors.row(b)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
            };
            let expected = product(0, 1) / (product(0, 0).sqrt() * product(1, 1).sqrt());
            let found = Vectors::new(vectors.clone()).unwrap();
            prop_assert!((found.cosine(0, 1) - expected).abs() < 1e-12);
            prop_assert_eq!(found.cosine(0, 1), found.cosine(1, 0));
            prop_assert_eq!(found.cosine(0, 0), 1.);
        }
    }

    #[test]
    fn what_has_no_length_is_like_nothing_and_the_greatest_numbers_do_not_overflow() {
        let huge = f32::MAX;
        let vectors = Vectors::new(array![[0., 0.], [huge, -huge], [-huge, huge], [1e-40, 0.]]).unwrap();
        assert_eq!((vectors.cosine(0, 1), vectors.cosine(0, 0)), (0., 0.));
        assert_eq!(vectors.cosine(1, 2), -1.);
        assert_eq!(vectors.cosine(3, 3), 1.);
        assert_eq!(Vectors::new(array![[0., 1.], [2., f32::INFINITY]]).unwrap_err(), (1, f32::INFINITY));
        assert_eq!(Vectors::new(Array2::zeros((2, 0))).unwrap().cosine(0, 1), 0.);
    }

    #[test]
    fn another_layout_holds_the_same_vectors() {
        let vectors = array![[1., 2., 3.], [4., 5., 6.]];
        let turned = Vectors::new(vectors.reversed_axes()).unwrap();
        assert_eq!((turned.len(), turned.width()), (3, 2));
        assert_eq!(turned.unit(1).map(|value| value * 29_f64.sqrt()).map(f64::round).collect::<Vec<_>>(), [2., 5.]);
    }
}
