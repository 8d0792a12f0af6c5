//! Fitting the films by alternating least squares: users with films held fixed, then films with users held fixed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::cholesky::dot;
use super::content::Content;
use super::ridge::{Ridge, solve_few};
use super::rows::Rows;
use super::{Ranker, RankerInfo};
use crate::RankerConfig;
use crate::movies::Movies;
use crate::ratings::Rating;
use crate::split::by_user;

/// Spread of the factors before the first sweep.
const START: f64 = 0.1;

/// Fits the ranker on ratings that are sorted by user; there is at least one.
pub(crate) fn fit(
    ratings: &[Rating],
    movies: &Movies,
    genres: &[String],
    mean: f64,
    config: &RankerConfig,
    seed: u64,
) -> Ranker {
    let mut fitting = Fitting::new(ratings, Content::new(movies, genres), mean, config, seed);
    for _ in 0..config.sweeps {
        fitting.solve_users();
        fitting.solve_films();
    }
    fitting.solve_users();
    let info = fitting.info();
    Ranker { mean, films: fitting.films, penalty: fitting.penalty, info }
}

/// Both sides and the ratings between them.
struct Fitting<'a> {
    ratings: &'a [Rating],
    /// Indices into the ratings, sorted by film.
    by_film: Vec<u32>,
    /// Ratings of each film.
    counts: Vec<usize>,
    content: Content,
    mean: f64,
    /// In the order of the ratings.
    users: Rows,
    /// The row of each rating's user.
    user_rows: Vec<u32>,
    films: Rows,
    penalty: Vec<f64>,
}

impl<'a> Fitting<'a> {
    fn new(ratings: &'a [Rating], content: Content, mean: f64, config: &RankerConfig, seed: u64) -> Self {
        let width = 1 + config.factors;
        let mut penalty = vec![config.regularisation; width];
        penalty[0] = config.bias_regularisation;
        let mut counts = vec![0; content.films()];
        for rating in ratings {
            counts[rating.movie as usize] += 1;
        }
        let mut by_film: Vec<u32> = (0..ratings.len() as u32).collect();
        by_film.sort_by_key(|&index| ratings[index as usize].movie);
        let user_rows = (0_u32..).zip(by_user(ratings)).flat_map(|(row, own)| own.iter().map(move |_| row));
        let user_rows: Vec<u32> = user_rows.collect();
        let users = Rows::zeros(user_rows.last().map_or(0, |&last| last as usize + 1), width);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut films = Rows::zeros(content.films(), width);
        for row in 0..films.len() {
            for factor in &mut films.row_mut(row)[1..] {
                let noise: f64 = StandardNormal.sample(&mut rng);
                *factor = START * noise;
            }
        }
        Self { ratings, by_film, counts, content, mean, users, user_rows, films, penalty }
    }

    fn solve_users(&mut self) {
        let (mut ridge, nothing) = (Ridge::new(self.penalty.len()), vec![0.; self.penalty.len()]);
        for (row, own) in by_user(self.ratings).enumerate() {
            ridge.clear();
            for rating in own {
                ridge.push(self.films.row(rating.movie as usize), f64::from(rating.stars) - self.mean);
            }
            self.users.row_mut(row).copy_from_slice(&ridge.solve(&self.penalty, &nothing));
        }
    }

    /// Films without a rating are left at their prior.
    fn solve_films(&mut self) {
        let mut solved = self.content.prior(&self.films, &self.counts);
        let mut ridge = Ridge::new(self.penalty.len());
        for own in self.by_film.chunk_by(|&a, &b| self.movie(a) == self.movie(b)) {
            let movie = self.movie(own[0]);
            let prior = solved.row(movie);
            let film = if own.len() < prior.len() {
                let ratings = own.iter().map(|&index| (self.user(index), self.target(index)));
                solve_few(ratings, &self.penalty, prior)
            } else {
                ridge.clear();
                for &index in own {
                    ridge.push(self.user(index), self.target(index));
                }
                ridge.solve(&self.penalty, prior)
            };
            solved.row_mut(movie).copy_from_slice(&film);
        }
        self.films = solved;
    }

    /// The user of a rating.
    fn user(&self, index: u32) -> &[f64] {
        self.users.row(self.user_rows[index as usize] as usize)
    }

    /// What is to be explained of a rating.
    fn target(&self, index: u32) -> f64 {
        f64::from(self.ratings[index as usize].stars) - self.mean
    }

    fn movie(&self, index: u32) -> usize {
        self.ratings[index as usize].movie as usize
    }

    fn info(&self) -> RankerInfo {
        let squared = (0..self.ratings.len() as u32).map(|index| {
            let (user, film) = (self.user(index), self.films.row(self.movie(index)));
            (self.target(index) - user[0] - film[0] - dot(&user[1..], &film[1..])).powi(2)
        });
        RankerInfo {
            ratings: self.ratings.len(),
            users: self.users.len(),
            movies: self.counts.iter().filter(|&&count| count > 0).count(),
            mean: self.mean,
            last_rating: self.ratings.iter().map(|rating| rating.time).max().unwrap_or(0),
            fit_error: (squared.sum::<f64>() / self.ratings.len() as f64).sqrt(),
        }
    }
}
