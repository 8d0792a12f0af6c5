//! What can be wrong with a folder of ratings.

use std::path::PathBuf;

use thiserror::Error;

use crate::{ConfigError, Split};

/// Why a folder gives no dataset.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file system answers with an error.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: std::io::Error,
    },
    /// The header lacks a column.
    #[error("{} has no column `{column}`; its header is {header:?}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that is needed.
        column: &'static str,
        /// The columns that are there.
        header: Vec<String>,
    },
    /// A file without a usable row.
    #[error("{} holds no usable row ({skipped} were skipped)", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Rows that were skipped in lenient mode.
        skipped: usize,
    },
    /// A faulty row, in strict mode.
    #[error(transparent)]
    Row(#[from] RowError),
    /// More movies than an id can number.
    #[error("{movies} movies do not fit the ids of a sparse field, which number at most {maximum}")]
    TooManyMovies {
        /// Movies in the file.
        movies: usize,
        /// Largest number that fits.
        maximum: usize,
    },
    /// A split that was asked for came out without ratings or lists.
    #[error("the split {split} has {ratings} ratings and no list; its share is too small for this folder")]
    EmptySplit {
        /// The split.
        split: Split,
        /// Ratings that fell into it.
        ratings: usize,
    },
    /// Features that the vocabulary of requests refuses; a fault of this crate, not of the data.
    #[error("the lists do not fit their own schema")]
    Request(#[from] psad_core::RequestError),
    /// A schema that the vocabulary of requests refuses, such as two genres of one name.
    #[error("the features give no schema")]
    Schema(#[from] psad_core::SchemaError),
    /// Labels that the vocabulary of requests refuses; a fault of this crate, not of the data.
    #[error("the labels do not fit their list")]
    List(#[from] psad_core::ListError),
}

/// A faulty row: where it stands and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{}, line {line}: {fault}", path.display())]
#[non_exhaustive]
pub struct RowError {
    /// The file.
    pub path: PathBuf,
    /// Line on which the row begins; the header is line 1.
    pub line: u64,
    /// What is wrong.
    pub fault: RowFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RowFault {
    /// A value that cannot be read or is out of range.
    #[error("column `{column}` holds {value:?}; expected {expected}")]
    Malformed {
        /// The column.
        column: &'static str,
        /// What stands there, cut off when it is long.
        value: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// More or fewer columns than the header; often a comma in a title without quotes.
    #[error("{found} columns where the header has {expected}")]
    Width {
        /// Columns of the header.
        expected: usize,
        /// Columns of the row.
        found: usize,
    },
    /// A movie that an earlier row holds already.
    #[error("column `movieId` holds {movie}, which line {first} holds already")]
    DuplicateMovie {
        /// The movie.
        movie: u32,
        /// Line of the earlier row.
        first: u64,
    },
    /// A rating of a movie that the movies file does not hold.
    #[error("column `movieId` holds {movie}, which the movies file does not know")]
    UnknownMovie {
        /// The movie.
        movie: u32,
    },
    /// A second rating of one movie by one user.
    #[error("column `movieId` holds {movie}, which user {user} rated on line {first} already")]
    DuplicateRating {
        /// The user.
        user: u32,
        /// The movie.
        movie: u32,
        /// Line of the earlier row.
        first: u64,
    },
}
