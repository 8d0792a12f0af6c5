//! The ratings of a folder, in one order that no label decides.

use std::path::Path;

use crate::csv_table::{CsvTable, Row};
use crate::error::{DataError, RowError, RowFault};
use crate::movies::Movies;
use crate::report::{FileReport, Intake};

/// Last second of the year 9999; beyond it a column holds something else than seconds.
const LATEST: i64 = 253_402_300_799;

/// One rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rating {
    pub(crate) user: u32,
    /// Row of the film.
    pub(crate) movie: u32,
    /// Stars, 0.5 to 5.
    pub(crate) stars: f32,
    /// Line in the file.
    line: u32,
    /// Seconds since 1970, not negative.
    pub(crate) time: i64,
}

#[cfg(test)]
impl Rating {
    /// A rating that stands in no file.
    pub(crate) fn new(user: u32, movie: u32, stars: f32, time: i64) -> Self {
        Self { user, movie, stars, line: 0, time }
    }
}

/// Reads `ratings.csv`, sorted by user, then time, then [`tie_break`].
pub(crate) fn read_ratings(
    path: &Path,
    movies: &Movies,
    seed: u64,
    lenient: bool,
) -> Result<(Vec<Rating>, FileReport), DataError> {
    let mut table = CsvTable::open(path, &["userId", "movieId", "rating", "timestamp"])?;
    let mut intake = Intake::new(lenient);
    let mut ratings = Vec::new();
    while let Some(row) = table.next_row()? {
        ratings.extend(intake.take(row.and_then(|row| read_rating(&row, movies)))?);
    }
    for error in remove_duplicates(&mut ratings, movies, table.path()) {
        intake.reject(error)?;
    }
    let report = intake.finish();
    if ratings.is_empty() {
        return Err(DataError::Empty { path: path.to_owned(), skipped: report.skipped_rows() });
    }
    ratings.sort_unstable_by_key(|rating| (rating.user, rating.time, tie_break(rating.movie, seed)));
    Ok((ratings, report))
}

fn read_rating(row: &Row<'_>, movies: &Movies) -> Result<Rating, RowError> {
    let whole = |text: &str| text.parse::<u32>().ok();
    let user = row.value(0, "a whole number", whole)?;
    let id = row.value(1, "a whole number", whole)?;
    let stars = |text: &str| text.parse::<f32>().ok().filter(|stars| (0.5..=5.).contains(stars));
    let stars = row.value(2, "a number from 0.5 to 5", stars)?;
    let seconds = |text: &str| text.parse::<i64>().ok().filter(|seconds| (0..=LATEST).contains(seconds));
    let time = row.value(3, "seconds since 1970, not negative", seconds)?;
    let movie = movies.row(id).ok_or_else(|| row.error(RowFault::UnknownMovie { movie: id }))?;
    let line = u32::try_from(row.line()).unwrap_or(u32::MAX);
    Ok(Rating { user, movie, stars, line, time })
}

/// Leaves the first rating of each film by each user; the errors are those of the others, in the order of the file.
fn remove_duplicates(ratings: &mut Vec<Rating>, movies: &Movies, path: &Path) -> Vec<RowError> {
    ratings.sort_unstable_by_key(|rating| (rating.user, rating.movie, rating.line));
    let mut errors = Vec::new();
    ratings.dedup_by(|later, kept| {
        let duplicate = later.user == kept.user && later.movie == kept.movie;
        if duplicate {
            let movie = movies.get(kept.movie).map_or(0, |movie| movie.id);
            let fault = RowFault::DuplicateRating { user: kept.user, movie, first: u64::from(kept.line) };
            errors.push(RowError { path: path.to_owned(), line: u64::from(later.line), fault });
        }
        duplicate
    });
    errors.sort_unstable_by_key(|error| error.line);
    errors
}

/// Orders what has the same timestamp, as a fifth of MovieLens does, or the same score. It knows only the film: file
/// order or stars would leak popularity or labels into the order. One film, one key: a bijection of the row.
pub(crate) fn tie_break(movie: u32, seed: u64) -> u64 {
    // SplitMix64.
    let mut z = (u64::from(movie) ^ seed.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const HEADER: &str = "userId,movieId,rating,timestamp\n";

    fn read(rows: &str, lenient: bool) -> Result<(Vec<Rating>, FileReport), DataError> {
        let folder = tempfile::tempdir().unwrap();
        let (films, stars) = (folder.path().join("movies.csv"), folder.path().join("ratings.csv"));
        std::fs::write(&films, "movieId,title,genres\n10,A,Drama\n20,B,Drama\n30,C,Drama\n").unwrap();
        std::fs::write(&stars, format!("{HEADER}{rows}")).unwrap();
        read_ratings(&stars, &Movies::read(&films, false)?.0, 1, lenient)
    }

    #[test]
    fn every_malformed_value_names_its_line_and_column() {
        let cases = [
            ("x,10,4,5", "line 3: column `userId` holds \"x\""),
            ("1,,4,5", "line 3: column `movieId` holds \"\""),
            ("1,10,NaN,5", "line 3: column `rating` holds \"NaN\"; expected a number from 0.5 to 5"),
            ("1,10,inf,5", "line 3: column `rating`"),
            ("1,10,5.5,5", "line 3: column `rating` holds \"5.5\""),
            ("1,10,0,5", "line 3: column `rating`"),
            ("1,10,4,1e9", "line 3: column `timestamp` holds \"1e9\""),
            ("1,10,4,-5", "line 3: column `timestamp`"),
            ("1,10,4,999999999999999", "line 3: column `timestamp`"),
            ("1,40,4,5", "line 3: column `movieId` holds 40, which the movies file does not know"),
            ("1,10,4", "line 3: 3 columns where the header has 4"),
            ("1,20,4,5", "line 3: column `movieId` holds 20, which user 1 rated on line 2 already"),
        ];
        for (row, expected) in cases {
            let rows = format!("1,20,3,5\n{row}\n");
            let error = read(&rows, false).unwrap_err().to_string();
            assert!(error.contains(expected), "{row}: {error}");
            let (ratings, report) = read(&rows, true).unwrap();
            assert_eq!((ratings.len(), report.read, report.skipped_rows()), (1, 1, 1), "{row}");
            assert_eq!(ratings[0].stars, 3., "the first rating stays");
        }
    }

    #[test]
    fn equal_timestamps_are_ordered_by_the_film_alone() {
        let movies = |rows: &str| read(rows, false).unwrap().0.iter().map(|r| r.movie).collect::<Vec<_>>();
        let order = movies("1,10,1,7\n1,20,5,7\n1,30,3,7\n");
        assert_eq!(order, movies("1,30,5,7\n1,10,4,7\n1,20,0.5,7\n"));
        assert_eq!(movies("1,10,1,9\n1,20,5,8\n2,30,3,7\n"), [2, 1, 3]);
    }

    #[test]
    fn the_tie_break_tells_all_films_apart_and_follows_the_seed() {
        let keys: HashSet<u64> = (0..50_000).map(|movie| tie_break(movie, 3)).collect();
        assert_eq!(keys.len(), 50_000);
        assert_ne!(tie_break(1, 3), tie_break(1, 4));
    }
}
