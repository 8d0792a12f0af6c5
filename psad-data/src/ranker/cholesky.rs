//! Solving small symmetric systems.
//!
//! Plain loops over slices: systems have a few dozen unknowns, where a matrix library gains nothing, costs a dependency
//! with a higher minimum compiler, and makes unoptimised builds crawl.

/// The lower triangular factor of a symmetric positive definite matrix.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    /// `[width, width]`, row by row; what is above the diagonal is never read.
    lower: Vec<f64>,
    width: usize,
}

impl Cholesky {
    /// Factors a matrix of which only the lower triangle is read; none if it is not positive definite.
    pub(crate) fn new(mut matrix: Vec<f64>, width: usize) -> Option<Self> {
        for i in 0..width {
            let (above, rest) = matrix.split_at_mut(i * width);
            let row = &mut rest[..=i];
            for (j, other) in above.chunks_exact(width).enumerate() {
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if !(pivot.is_finite() && pivot > 0.) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Self { lower: matrix, width })
    }

    /// Replaces the right-hand side by the solution.
    pub(crate) fn solve(&self, right: &mut [f64]) {
        for i in 0..self.width {
            let row = self.row(i);
            right[i] = (right[i] - dot(&row[..i], &right[..i])) / row[i];
        }
        for i in (0..self.width).rev() {
            let row = self.row(i);
            let (before, own) = right.split_at_mut(i);
            own[0] /= row[i];
            add(before, -own[0], &row[..i]);
        }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.lower[i * self.width..][..=i]
    }
}

/// Inner product of vectors of one length.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums side by side: one sum would wait for each of its additions.
    let mut sums = [0.; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums[0] + sums[1] + (sums[2] + sums[3]) + rest
}

/// Adds `factor` times `other` to `sum`.
pub(crate) fn add(sum: &mut [f64], factor: f64, other: &[f64]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += factor * other;
    }
}

/// Adds the lower triangle of the outer product of a vector with itself, `weight` times, to a matrix of its width.
pub(crate) fn add_outer(matrix: &mut [f64], weight: f64, vector: &[f64]) {
    for (i, row) in matrix.chunks_exact_mut(vector.len()).enumerate() {
        add(&mut row[..=i], weight * vector[i], &vector[..=i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_solution_of_a_positive_definite_system_satisfies_it(
            vectors in prop::collection::vec(prop::collection::vec(-3_f64..3., 5), 0..8),
            right in prop::collection::vec(-9_f64..9., 5),
        ) {
            let mut matrix = vec![0.; 25];
            for vector in &vectors {
                add_outer(&mut matrix, 0.5, vector);
            }
            for i in 0..5 {
                matrix[i * 6] += 0.1;
            }
            let mut solution = right.clone();
            Cholesky::new(matrix.clone(), 5).unwrap().solve(&mut solution);
            for i in 0..5 {
                let entry = |j: usize| matrix[i.max(j) * 5 + i.min(j)];
                let product: f64 = (0..5).map(|j| entry(j) * solution[j]).sum();
                prop_assert!((product - right[i]).abs() < 1e-8, "{} {}", product, right[i]);
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(Cholesky::new(vec![1., 0., 2., 1.], 2).is_none());
        assert!(Cholesky::new(vec![f64::NAN], 1).is_none());
        assert!(Cholesky::new(vec![0.], 1).is_none());
    }
}
