//! What is counted over the ranker's split, and nowhere else.

use crate::ratings::Rating;

/// Ratings at the global mean that are imagined for each film, so that one rating is no opinion.
const IMAGINED: f64 = 10.;

/// Means and counts over ratings of the ranker's split.
#[derive(Debug, Clone)]
pub(crate) struct Statistics {
    /// Mean of all stars.
    pub(crate) mean: f64,
    /// Share of ratings that are likes.
    pub(crate) share_liked: f64,
    counts: Vec<u32>,
    sums: Vec<f64>,
    /// Count of the most rated film.
    most: u32,
}

impl Statistics {
    /// Counts ratings of films with rows up to `movies`; there is at least one rating.
    pub(crate) fn new(ratings: &[Rating], movies: usize, like_threshold: f32) -> Self {
        let (mut counts, mut sums) = (vec![0; movies + 1], vec![0.; movies + 1]);
        let (mut sum, mut liked) = (0., 0.);
        for rating in ratings {
            let stars = f64::from(rating.stars);
            counts[rating.movie as usize] += 1;
            sums[rating.movie as usize] += stars;
            sum += stars;
            liked += f64::from(u8::from(rating.stars >= like_threshold));
        }
        let (count, most) = (ratings.len() as f64, counts.iter().copied().max().unwrap_or(0));
        Self { mean: sum / count, share_liked: liked / count, counts, sums, most }
    }

    /// Logarithm of a film's count over that of the most rated film: 0 without a rating, 1 for the most rated.
    pub(crate) fn popularity(&self, movie: u32) -> f32 {
        (f64::from(self.counts[movie as usize]).ln_1p() / f64::from(self.most).ln_1p()) as f32
    }

    /// A film's mean, shrunk towards the global mean, less the global mean.
    pub(crate) fn mean_rating(&self, movie: u32) -> f64 {
        let (count, sum) = (f64::from(self.counts[movie as usize]), self.sums[movie as usize]);
        (sum - count * self.mean) / (count + IMAGINED)
    }
}
