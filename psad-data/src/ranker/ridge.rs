//! Ridge regression of one side of the factorisation on the other.

use super::cholesky::{Cholesky, add, add_outer, dot};

/// Normal equations of `target ≈ own bias + other bias + own factors · other factors` for the own side, where a side
/// is its bias followed by its factors.
#[derive(Debug, Clone)]
pub(crate) struct Ridge {
    /// Sum of outer products, `[width, width]`; only the lower triangle is kept.
    gram: Vec<f64>,
    moment: Vec<f64>,
    /// The regressor of the rating at hand: 1, then the other side's factors.
    regressor: Vec<f64>,
}

impl Ridge {
    pub(crate) fn new(width: usize) -> Self {
        Self { gram: vec![0.; width * width], moment: vec![0.; width], regressor: vec![0.; width] }
    }

    /// Forgets all ratings.
    pub(crate) fn clear(&mut self) {
        self.gram.fill(0.);
        self.moment.fill(0.);
    }

    /// Adds a rating (less the global mean) of or by `other`.
    pub(crate) fn push(&mut self, other: &[f64], target: f64) {
        self.regressor.copy_from_slice(other);
        self.regressor[0] = 1.;
        add_outer(&mut self.gram, 1., &self.regressor);
        add(&mut self.moment, target - other[0], &self.regressor);
    }

    /// The own side, drawn towards `prior` by `penalty`, which is positive.
    pub(crate) fn solve(&self, penalty: &[f64], prior: &[f64]) -> Vec<f64> {
        let (mut gram, mut own) = (self.gram.clone(), self.moment.clone());
        for (i, penalty) in penalty.iter().enumerate() {
            gram[i * (prior.len() + 1)] += penalty;
            own[i] += penalty * prior[i];
        }
        // A sum of outer products and a positive diagonal is positive definite; only overflow could prevent a factor.
        match Cholesky::new(gram, prior.len()) {
            Some(factor) => factor.solve(&mut own),
            None => own.copy_from_slice(prior),
        }
        own
    }
}

/// The own side by fewer ratings than it has parts, as most films have: the same answer as [`Ridge::solve`] from a
/// system as large as the number of ratings instead of the number of parts.
pub(crate) fn solve_few<'a>(
    ratings: impl Iterator<Item = (&'a [f64], f64)>,
    penalty: &[f64],
    prior: &[f64],
) -> Vec<f64> {
    // What the prior leaves unexplained of each rating, and the regressors.
    let (mut rest, mut regressors) = (Vec::new(), Vec::new());
    for (other, target) in ratings {
        let start = regressors.len();
        regressors.extend_from_slice(other);
        regressors[start] = 1.;
        rest.push(target - other[0] - dot(&regressors[start..], prior));
    }
    let (width, count) = (prior.len(), rest.len());
    let mut scaled = regressors.clone();
    for row in scaled.chunks_exact_mut(width) {
        row.iter_mut().zip(penalty).for_each(|(value, penalty)| *value /= penalty);
    }
    let mut kernel = vec![0.; count * count];
    for (i, row) in regressors.chunks_exact(width).enumerate() {
        for (j, other) in scaled.chunks_exact(width).enumerate().take(i + 1) {
            kernel[i * count + j] = dot(row, other) + f64::from(u8::from(i == j));
        }
    }
    let mut own = prior.to_vec();
    // Positive definite as in `Ridge::solve`.
    if let Some(factor) = Cholesky::new(kernel, count) {
        factor.solve(&mut rest);
        for (row, weight) in scaled.chunks_exact(width).zip(rest) {
            add(&mut own, weight, row);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn without_ratings_the_prior_is_the_answer() {
        let prior = [0.5, -1.];
        assert!(near(&Ridge::new(2).solve(&[2., 3.], &prior), &prior));
        assert_eq!(solve_few(std::iter::empty(), &[2., 3.], &prior), prior);
    }

    #[test]
    fn a_small_penalty_gives_the_least_squares_solution() {
        let mut ridge = Ridge::new(2);
        // Own side: bias 0.3, factor 2.
        for (bias, factor) in [(0.1, 1.), (-0.2, -1.), (0., 0.5)] {
            ridge.push(&[bias, factor], 0.3 + bias + 2. * factor);
        }
        assert!(near(&ridge.solve(&[1e-9, 1e-9], &[0., 0.]), &[0.3, 2.]));
    }

    #[test]
    fn a_large_penalty_stays_at_the_prior() {
        let mut ridge = Ridge::new(1);
        ridge.push(&[0.], 5.);
        assert!(near(&ridge.solve(&[1e9], &[1.]), &[1.]));
        ridge.clear();
        assert_eq!(ridge.solve(&[1.], &[0.]), [0.]);
    }

    #[test]
    fn few_ratings_give_the_same_answer_either_way() {
        let (penalty, prior) = ([2., 5., 3.], [0.2, -0.4, 1.]);
        let ratings: [([f64; 3], f64); 2] = [([0.3, 1., -0.5], 1.), ([-0.1, 0.7, 0.9], -0.6)];
        let mut ridge = Ridge::new(3);
        for (other, target) in &ratings {
            ridge.push(other, *target);
        }
        let few = solve_few(ratings.iter().map(|(other, target)| (other.as_slice(), *target)), &penalty, &prior);
        assert!(near(&few, &ridge.solve(&penalty, &prior)), "{few:?}");
    }
}
