//! Where a film stands by its genres and year, before anyone has rated it.

use super::cholesky::{Cholesky, add, add_outer};
use super::rows::Rows;
use crate::movies::Movies;

/// Ridge penalty of the regression of films on their content.
const PENALTY: f64 = 10.;
/// A film counts towards the regression like `ratings / (ratings + HALF)`: what has few ratings mirrors the prior.
const HALF: f64 = 10.;

/// What films are: a row per row of the vocabulary with a constant, the year and a flag per genre.
#[derive(Debug, Clone)]
pub(crate) struct Content(Rows);

impl Content {
    /// Row 0, the unknown film, has no content.
    pub(crate) fn new(movies: &Movies, genres: &[String]) -> Self {
        let mut content = Rows::zeros(movies.len() + 1, 2 + genres.len());
        for (row, movie) in movies.iter() {
            let own = content.row_mut(row as usize);
            own[0] = 1.;
            own[1] = movie.year.map_or(0., |year| (f64::from(year) - 1990.) / 20.);
            for genre in movie.genres.iter().filter_map(|genre| genres.iter().position(|known| known == genre)) {
                own[2 + genre] = 1.;
            }
        }
        Self(content)
    }

    /// Films, row 0 included.
    pub(crate) fn films(&self) -> usize {
        self.0.len()
    }

    /// Regresses the fitted films on their content; the answer has the prior of each film.
    pub(crate) fn prior(&self, films: &Rows, counts: &[usize]) -> Rows {
        let weights = self.regress(films, counts);
        let mut prior = Rows::zeros(films.len(), films.width());
        for row in 0..films.len() {
            // Most flags are zero.
            for (part, &value) in self.0.row(row).iter().enumerate().filter(|(_, value)| **value != 0.) {
                add(prior.row_mut(row), value, weights.row(part));
            }
        }
        prior
    }

    /// What each part of the content contributes, `[content, bias and factors]`.
    fn regress(&self, films: &Rows, counts: &[usize]) -> Rows {
        let width = self.0.width();
        let mut gram = vec![0.; width * width];
        for diagonal in gram.iter_mut().step_by(width + 1) {
            *diagonal = PENALTY;
        }
        let mut weights = Rows::zeros(width, films.width());
        for (row, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (content, weight) = (self.0.row(row), count as f64 / (count as f64 + HALF));
            add_outer(&mut gram, weight, content);
            for (part, &value) in content.iter().enumerate().filter(|(_, value)| **value != 0.) {
                add(weights.row_mut(part), weight * value, films.row(row));
            }
        }
        // Positive definite by its diagonal, as in `Ridge::solve`; without a factor there is no prior knowledge.
        let Some(factor) = Cholesky::new(gram, width) else { return Rows::zeros(width, films.width()) };
        for part in 0..films.width() {
            let mut column: Vec<f64> = (0..width).map(|row| weights.row(row)[part]).collect();
            factor.solve(&mut column);
            column.into_iter().enumerate().for_each(|(row, value)| weights.row_mut(row)[part] = value);
        }
        weights
    }
}
