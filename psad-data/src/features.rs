//! Films and users as numbers. Everything counted comes from the ranker's split or from the user's own past.

use ndarray::Axis;
use psad_core::{Items, ItemsBuilder, Schema, User, UserBuilder};

use crate::RatingsConfig;
use crate::error::DataError;
use crate::movies::{Movie, Movies};
use crate::statistics::Statistics;

/// Kinds of feedback in a history; the code of a like is 1.
const FEEDBACK: [&str; 2] = ["disliked", "liked"];
/// First decade with a row of its own; the first film on record is of 1874.
const FIRST_DECADE: u16 = 1870;
/// Decades with rows, up to the 2090s.
const DECADES: usize = 23;
/// Buckets of a user's number of past ratings, each twice as wide as the one before; the last is open.
const ACTIVITIES: usize = 13;
/// Ratings at the global mean that are imagined for each user.
const IMAGINED: f64 = 5.;

/// The schema and the features of all films.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    pub(crate) schema: Schema,
    /// One item per row of the film vocabulary; row 0 is the unknown film.
    films: Items,
    mean: f64,
    share_liked: f64,
}

/// What is known of a user before a list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Past {
    ratings: usize,
    stars: f64,
    liked: usize,
}

impl Features {
    /// Describes all films. `genres` are those of the folder, `known` says which films have an id of their own.
    pub(crate) fn new(
        movies: &Movies,
        genres: &[String],
        statistics: &Statistics,
        known: &[bool],
        config: &RatingsConfig,
    ) -> Result<Self, DataError> {
        let schema = schema(movies.len(), genres, config)?;
        let films = describe(&schema, movies, genres, statistics, known)?;
        Ok(Self { schema, films, mean: statistics.mean, share_liked: statistics.share_liked })
    }

    /// The features of some films, by row.
    pub(crate) fn films(&self, rows: &[u32]) -> Result<Items, DataError> {
        let rows: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
        Ok(Items::new(self.films.sparse().select(Axis(0), &rows), self.films.dense().select(Axis(0), &rows))?)
    }

    /// The features of a user with the given past.
    pub(crate) fn user(&self, past: &Past) -> Result<User, DataError> {
        let count = past.ratings as f64;
        let mean = (past.stars - count * self.mean) / (count + IMAGINED);
        let liked = (past.liked as f64 - count * self.share_liked) / (count + IMAGINED);
        // 0, 1, 2–3, 4–7, …: the bit length of the count. Row 0 stays reserved.
        let activity = ((usize::BITS - past.ratings.leading_zeros()) as usize).min(ACTIVITIES - 1) + 1;
        let user = UserBuilder::new(&self.schema).sparse("activity", activity as u32)?;
        let user = user.dense("mean_rating", mean as f32)?.dense("share_liked", liked as f32)?;
        Ok(user.dense("history_length", (count.ln_1p() / 1_000_f64.ln()) as f32)?.build()?)
    }
}

impl Past {
    /// Adds a rating.
    pub(crate) fn push(&mut self, stars: f32, liked: bool) {
        self.ratings += 1;
        self.stars += f64::from(stars);
        self.liked += usize::from(liked);
    }
}

/// All genres of the folder by name.
pub(crate) fn genres(movies: &Movies) -> Vec<String> {
    let mut genres: Vec<String> = movies.iter().flat_map(|(_, movie)| movie.genres.iter().cloned()).collect();
    genres.sort_unstable();
    genres.dedup();
    genres
}

/// The code of a rating among the feedback kinds.
pub(crate) fn feedback(liked: bool) -> u32 {
    u32::from(liked)
}

fn schema(movies: usize, genres: &[String], config: &RatingsConfig) -> Result<Schema, DataError> {
    let mut builder = Schema::builder()
        .user_sparse("activity", ACTIVITIES + 1)
        .user_dense("mean_rating")
        .user_dense("share_liked")
        .user_dense("history_length")
        .item_sparse("movie", movies + 1)
        // Row 0 for the unknown film, then a row for films that list no genre, then the genres.
        .item_sparse("genre", genres.len() + 2)
        .item_sparse("decade", DECADES + 1)
        .item_dense("year")
        .item_dense("popularity")
        .item_dense("mean_rating");
    for genre in genres {
        builder = builder.item_dense(flag(genre));
    }
    builder = builder.feedback(FEEDBACK).max_history(config.max_history).max_candidates(config.list_length);
    Ok(builder.build()?)
}

/// Name of a genre's flag.
fn flag(genre: &str) -> String {
    format!("genre:{genre}")
}

fn describe(
    schema: &Schema,
    movies: &Movies,
    genres: &[String],
    statistics: &Statistics,
    known: &[bool],
) -> Result<Items, DataError> {
    // A column is zero for the unknown film and `value` of the others.
    fn column<T: Default>(movies: &Movies, value: impl Fn(u32, &Movie) -> T) -> Vec<T> {
        std::iter::once(T::default()).chain(movies.iter().map(|(row, movie)| value(row, movie))).collect()
    }
    let movie = column(movies, |row, _| if known[row as usize] { row } else { 0 });
    let genre = column(movies, |_, movie| {
        let first = movie.genres.first().and_then(|first| genres.binary_search(first).ok());
        first.map_or(1, |index| index as u32 + 2)
    });
    let decade = column(movies, |_, movie| movie.year.map_or(0, decade));
    let year = column(movies, |_, movie| movie.year.map_or(0., |year| (f32::from(year) - 1990.) / 20.));
    let popularity = column(movies, |row, _| statistics.popularity(row));
    let mean = column(movies, |row, _| statistics.mean_rating(row) as f32);
    let mut items = ItemsBuilder::new(schema, movies.len() + 1)
        .sparse("movie", &movie)?
        .sparse("genre", &genre)?
        .sparse("decade", &decade)?
        .dense("year", &year)?
        .dense("popularity", &popularity)?
        .dense("mean_rating", &mean)?;
    for genre in genres {
        let flags = column(movies, |_, movie| f32::from(u8::from(movie.genres.contains(genre))));
        items = items.dense(&flag(genre), &flags)?;
    }
    Ok(items.build()?)
}

/// The row of a year's decade; 0 for years out of range.
fn decade(year: u16) -> u32 {
    match year.checked_sub(FIRST_DECADE).map(|years| usize::from(years / 10)) {
        Some(decade) if decade < DECADES => decade as u32 + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_have_rows_and_absurd_years_have_none() {
        assert_eq!((decade(1870), decade(1879), decade(1880), decade(1995)), (1, 1, 2, 13));
        assert_eq!((decade(2099), decade(2100), decade(1000), decade(9999)), (23, 0, 0, 0));
    }
}
