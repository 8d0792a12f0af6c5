//! The films of a folder and the rows that number them.

use std::collections::HashMap;
use std::path::Path;

use crate::csv_table::{CsvTable, Row};
use crate::error::{DataError, RowError, RowFault};
use crate::report::{FileReport, Intake};

/// How MovieLens writes that a film has no genre.
pub(crate) const NO_GENRE: &str = "(no genres listed)";

/// A film as `movies.csv` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Movie {
    /// The id that the files use.
    pub id: u32,
    /// Title, year included.
    pub title: String,
    /// Year of release, where the title names it.
    pub year: Option<u16>,
    /// Genres in the order of the file, each once; empty where none is listed.
    pub genres: Vec<String>,
}

/// All films, in the order of the file. Row 0 is reserved for the unknown, the first film has row 1.
#[derive(Debug, Clone)]
pub(crate) struct Movies {
    movies: Vec<Movie>,
    rows: HashMap<u32, u32>,
}

impl Movies {
    /// Reads `movies.csv`.
    pub(crate) fn read(path: &Path, lenient: bool) -> Result<(Self, FileReport), DataError> {
        let mut table = CsvTable::open(path, &["movieId", "title", "genres"])?;
        let mut intake = Intake::new(lenient);
        let mut movies: Vec<Movie> = Vec::new();
        // Row and line of each id.
        let mut seen: HashMap<u32, (u32, u64)> = HashMap::new();
        while let Some(row) = table.next_row()? {
            let movie = row.and_then(|row| {
                let movie = read_movie(&row)?;
                if let Some(&(_, first)) = seen.get(&movie.id) {
                    return Err(row.error(RowFault::DuplicateMovie { movie: movie.id, first }));
                }
                seen.insert(movie.id, (movies.len() as u32 + 1, row.line()));
                Ok(movie)
            });
            movies.extend(intake.take(movie)?);
        }
        let report = intake.finish();
        if movies.is_empty() {
            return Err(DataError::Empty { path: path.to_owned(), skipped: report.skipped_rows() });
        }
        let maximum = u32::MAX as usize - 1;
        if movies.len() > maximum {
            return Err(DataError::TooManyMovies { movies: movies.len(), maximum });
        }
        let rows = seen.into_iter().map(|(id, (row, _))| (id, row)).collect();
        Ok((Self { movies, rows }, report))
    }

    /// Films, the reserved row 0 not counted.
    pub(crate) fn len(&self) -> usize {
        self.movies.len()
    }

    /// The row of a film.
    pub(crate) fn row(&self, id: u32) -> Option<u32> {
        self.rows.get(&id).copied()
    }

    /// The film of a row; none for row 0 and beyond the last.
    pub(crate) fn get(&self, row: u32) -> Option<&Movie> {
        (row as usize).checked_sub(1).and_then(|index| self.movies.get(index))
    }

    /// Each film with its row.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Movie)> {
        (1_u32..).zip(&self.movies)
    }
}

fn read_movie(row: &Row<'_>) -> Result<Movie, RowError> {
    let id = row.value(0, "a whole number", |text| text.parse().ok())?;
    let title = row.text(1)?.to_owned();
    let mut genres: Vec<String> = Vec::new();
    for genre in row.text(2)?.split('|').map(str::trim) {
        if !genre.is_empty() && genre != NO_GENRE && !genres.iter().any(|known| known == genre) {
            genres.push(genre.to_owned());
        }
    }
    Ok(Movie { id, year: year_of(&title), title, genres })
}

/// The year in the last parenthesis that begins with four digits, as in `Title (1995)` or `Series (1975-1979)`.
fn year_of(title: &str) -> Option<u16> {
    title.rsplit('(').find_map(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let closed = part[digits..].starts_with([')', '-', '–']);
        if digits == 4 && closed { part[..digits].parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_found_in_the_ways_titles_write_it() {
        assert_eq!(year_of("Toy Story (1995)"), Some(1995));
        assert_eq!(year_of("Big Bang Theory, The (2007-)"), Some(2007));
        assert_eq!(year_of("Fawlty Towers (1975–1979)"), Some(1975));
        assert_eq!(year_of("City of Lost Children, The (Cité des enfants perdus, La) (1995) "), Some(1995));
        assert_eq!(year_of("2001: A Space Odyssey (1968)"), Some(1968));
        assert_eq!(year_of("Movie (1999) (Director's Cut)"), Some(1999));
        assert_eq!(year_of("Women of '69, Unboxed"), None);
        assert_eq!(year_of("1984"), None);
        assert_eq!(year_of("Code (12345)"), None);
        assert_eq!(year_of("(((–)) ("), None);
    }

    fn read(text: &str, lenient: bool) -> Result<(Movies, FileReport), DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("movies.csv");
        std::fs::write(&path, text).unwrap();
        Movies::read(&path, lenient)
    }

    #[test]
    fn films_are_numbered_in_the_order_of_the_file_from_1() {
        let text = "movieId,title,genres\n9,\"A, \"\"B\"\" (1990)\",Drama|Comedy|Drama\n2,C,(no genres listed)\n";
        let (movies, report) = read(text, false).unwrap();
        assert_eq!((movies.len(), report.read), (2, 2));
        assert_eq!((movies.row(9), movies.row(2), movies.row(1)), (Some(1), Some(2), None));
        let first = movies.get(1).unwrap();
        assert_eq!((first.title.as_str(), first.year), ("A, \"B\" (1990)", Some(1990)));
        assert_eq!(first.genres, ["Drama", "Comedy"]);
        assert!(movies.get(2).unwrap().genres.is_empty());
        assert!(movies.get(0).is_none() && movies.get(3).is_none());
    }

    #[test]
    fn a_film_that_stands_twice_is_refused_or_skipped() {
        let text = "movieId,title,genres\n9,A,Drama\n9,B,Comedy\n-1,C,Drama\n";
        let error = read(text, false).unwrap_err().to_string();
        assert!(error.ends_with("movies.csv, line 3: column `movieId` holds 9, which line 2 holds already"), "{error}");
        let (movies, report) = read(text, true).unwrap();
        assert_eq!(movies.get(1).unwrap().title, "A");
        assert_eq!((report.read, report.skipped_rows(), report.examples.len()), (1, 2, 2));
        assert!(matches!(read("movieId,title,genres\n", false), Err(DataError::Empty { skipped: 0, .. })));
        assert!(matches!(read("", false), Err(DataError::Empty { .. })));
    }
}
