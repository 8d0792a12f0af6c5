//! The initial ranker: explicit matrix factorisation with biases, and a prior from what films are.
//!
//! A rating is `mean + user bias + film bias + user factors · film factors`. Films are fitted once, on the ranker's
//! own split. Most later users are unknown to it, so a user's side is solved from the history that precedes each list,
//! with the films held fixed. A film that is new since then has no ratings either; it stands where its genres and year
//! put it (the regression prior of Agarwal & Chen, 2009): a history of comedies says something about a new comedy.

mod als;
mod cholesky;
mod content;
mod ridge;
mod rows;

pub(crate) use als::fit;

use cholesky::dot;
use ridge::Ridge;
use rows::Rows;

/// What the initial ranker was fitted on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RankerInfo {
    /// Ratings.
    pub ratings: usize,
    /// Users who gave them.
    pub users: usize,
    /// Films with at least one of them; all others are placed by genre and year.
    pub movies: usize,
    /// Mean rating, which is also the score of an average film for an unknown user.
    pub mean: f64,
    /// Time of the newest of them, in seconds since 1970.
    pub last_rating: i64,
    /// Root mean squared error on these ratings themselves; a fit, not a promise.
    pub fit_error: f64,
}

/// The fitted film side, a row per row of the film vocabulary.
#[derive(Debug, Clone)]
pub(crate) struct Ranker {
    mean: f64,
    films: Rows,
    penalty: Vec<f64>,
    pub(crate) info: RankerInfo,
}

/// A user as the ranker sees it: bias, then factors.
#[derive(Debug, Clone)]
pub(crate) struct Taste(Vec<f64>);

/// Collects a user's ratings, oldest first, and solves for the user when asked.
#[derive(Debug, Clone)]
pub(crate) struct FoldIn<'a> {
    ranker: &'a Ranker,
    ridge: Ridge,
}

impl Ranker {
    /// The stars that a user would give a film. Not cut off at 5, so that the best films keep their order.
    pub(crate) fn predict(&self, taste: &Taste, movie: u32) -> f64 {
        let (user, film) = (&taste.0, self.films.row(movie as usize));
        self.mean + user[0] + film[0] + dot(&user[1..], &film[1..])
    }

    /// A user of whom nothing is known yet.
    pub(crate) fn fold_in(&self) -> FoldIn<'_> {
        FoldIn { ranker: self, ridge: Ridge::new(self.penalty.len()) }
    }
}

impl FoldIn<'_> {
    /// Adds a rating.
    pub(crate) fn push(&mut self, movie: u32, stars: f32) {
        let film = self.ranker.films.row(movie as usize);
        self.ridge.push(film, f64::from(stars) - self.ranker.mean);
    }

    /// The user so far.
    pub(crate) fn taste(&self) -> Taste {
        let unknown = vec![0.; self.ranker.penalty.len()];
        Taste(self.ridge.solve(&self.ranker.penalty, &unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RankerConfig;
    use crate::movies::Movies;
    use crate::ratings::Rating;

    /// Odd users love odd films and even users even ones; film 5 has no rating at all, nor has film 6.
    fn ranker() -> Ranker {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("movies.csv");
        let films = "1,A,Comedy\n2,B,Drama\n3,C,Comedy\n4,D,Drama\n5,E,Comedy\n6,F,Drama\n";
        std::fs::write(&path, format!("movieId,title,genres\n{films}")).unwrap();
        let movies = Movies::read(&path, false).unwrap().0;
        let stars = |user: u32, movie: u32| if (user + movie) % 2 == 0 { 5. } else { 1. };
        let pairs = (1..=40_u32).flat_map(|user| (1..=4_u32).map(move |movie| (user, movie)));
        let ratings: Vec<_> = pairs.map(|(user, movie)| Rating::new(user, movie, stars(user, movie), 7)).collect();
        let config = RankerConfig { factors: 2, sweeps: 20, regularisation: 1., bias_regularisation: 1. };
        fit(&ratings, &movies, &["Comedy".to_owned(), "Drama".to_owned()], 3., &config, 5)
    }

    #[test]
    fn a_new_user_is_understood_from_a_few_ratings() {
        let ranker = ranker();
        let mut user = ranker.fold_in();
        let nobody = user.taste();
        assert!((ranker.predict(&nobody, 3) - 3.).abs() < 0.5, "an unknown user gets the film's mean");
        user.push(1, 5.);
        user.push(2, 1.);
        let odd = user.taste();
        assert!(ranker.predict(&odd, 3) > 3.5 && ranker.predict(&odd, 4) < 2.5);
        assert!(ranker.info.fit_error < 0.5);
    }

    #[test]
    fn a_film_without_ratings_stands_with_its_genre() {
        let ranker = ranker();
        let mut user = ranker.fold_in();
        user.push(1, 5.);
        user.push(2, 1.);
        assert!(ranker.predict(&user.taste(), 5) > ranker.predict(&user.taste(), 6) + 0.5);
    }
}
