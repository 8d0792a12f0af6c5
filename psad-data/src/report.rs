//! What was read and what was skipped.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{RowError, RowFault};

/// Skipped rows that a report quotes; all are counted.
const EXAMPLES: usize = 5;

/// What reading a folder met, file by file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReadReport {
    /// `movies.csv`.
    pub movies: FileReport,
    /// `ratings.csv`.
    pub ratings: FileReport,
    /// Users among the ratings.
    pub users: usize,
}

/// What reading one file met. In strict mode nothing is ever skipped: the first faulty row is the error.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct FileReport {
    /// Rows that are used.
    pub read: usize,
    /// Rows that were skipped in lenient mode, by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
    /// The first few of the skipped rows.
    pub examples: Vec<RowError>,
}

impl FileReport {
    /// Rows that were skipped, for whatever reason.
    pub fn skipped_rows(&self) -> usize {
        self.skipped.values().sum()
    }
}

/// Why a row was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// A value cannot be read or is out of range.
    Malformed,
    /// Another number of columns than the header.
    Width,
    /// The movie stands in an earlier row.
    DuplicateMovie,
    /// The movies file does not know the movie.
    UnknownMovie,
    /// The user rated the movie in an earlier row.
    DuplicateRating,
}

impl From<&RowFault> for SkipReason {
    fn from(fault: &RowFault) -> Self {
        match fault {
            RowFault::Malformed { .. } => Self::Malformed,
            RowFault::Width { .. } => Self::Width,
            RowFault::DuplicateMovie { .. } => Self::DuplicateMovie,
            RowFault::UnknownMovie { .. } => Self::UnknownMovie,
            RowFault::DuplicateRating { .. } => Self::DuplicateRating,
        }
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows read, {} skipped", self.read, self.skipped_rows())?;
        for (reason, count) in &self.skipped {
            write!(f, "; {reason:?}: {count}")?;
        }
        for example in &self.examples {
            write!(f, "\n  {example}")?;
        }
        Ok(())
    }
}

/// Decides over faulty rows: strict hands them back as errors, lenient counts them.
#[derive(Debug)]
pub(crate) struct Intake {
    lenient: bool,
    report: FileReport,
}

impl Intake {
    pub(crate) fn new(lenient: bool) -> Self {
        Self { lenient, report: FileReport::default() }
    }

    /// The row if it is good, `None` if it is to be skipped.
    pub(crate) fn take<T>(&mut self, row: Result<T, RowError>) -> Result<Option<T>, RowError> {
        match row {
            Ok(value) => {
                self.report.read += 1;
                Ok(Some(value))
            }
            Err(error) => self.skip(error).map(|()| None),
        }
    }

    /// A row that was taken turns out to be faulty in the light of another one.
    pub(crate) fn reject(&mut self, error: RowError) -> Result<(), RowError> {
        self.report.read -= 1;
        self.skip(error)
    }

    pub(crate) fn finish(self) -> FileReport {
        self.report
    }

    fn skip(&mut self, error: RowError) -> Result<(), RowError> {
        if !self.lenient {
            return Err(error);
        }
        *self.report.skipped.entry(SkipReason::from(&error.fault)).or_default() += 1;
        if self.report.examples.len() < EXAMPLES {
            self.report.examples.push(error);
        }
        Ok(())
    }
}
