//! Ratings to lists: what rerankers learn from and are measured on, made of a folder of MovieLens ratings.
//!
//! A reranker needs lists with an order, labels and a past. Ratings have none of these; this crate makes them, and
//! makes them honestly: time alone decides what stands in a list, nothing knows its future, and the order comes from a
//! ranker that has never seen the ratings it orders.
//!
//! ```no_run
//! use psad_data::{RatingsConfig, RatingsDataset, lint};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dataset = RatingsDataset::load("ml-latest-small", &RatingsConfig::default())?;
//! println!("{}", dataset.report().ratings);
//! println!("{} lists to learn from, {} to test on", dataset.train.len(), dataset.test.len());
//!
//! let first = &dataset.train[0];
//! for (&row, label) in first.movies.iter().zip(first.list.labels()) {
//!     println!("{label} {}", dataset.title(row).unwrap_or("?"));
//! }
//! assert!(lint(&dataset).is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # The data
//! `ratings.csv` and `movies.csv` as `GroupLens` publishes them at <https://files.grouplens.org/datasets/movielens/>,
//! for instance `ml-latest-small` (100 thousand ratings). They are for research, not for commercial use; the README of
//! each set has its terms. Whoever publishes results cites F. Maxwell Harper and Joseph A. Konstan, *The MovieLens
//! Datasets: History and Context*, ACM Transactions on Interactive Intelligent Systems 5(4), 2015.
//!
//! # How ratings become lists
//! 1. All ratings are cut by time into four splits: for the ranker, for rerankers, for validation, for the test.
//! 2. A list is 20 consecutive ratings of one user within one split. Ratings of one second are ordered by a hash of the
//!    film; a remainder shorter than 10 is dropped, by its length and nothing else.
//! 3. The label of a film is 1 for at least 4 stars. A list keeps its place whether it has likes or none.
//! 4. The history is what the user rated before the first film of the list, in an earlier second, from whichever split:
//!    up to 50 films with `liked` or `disliked` and their age in days.
//! 5. The initial ranker, a matrix factorisation with biases and a prior from genres and year, is fitted on its own
//!    split. At a list it learns the user from the user's whole past; the films stay as they are. Its prediction is the
//!    score of a candidate, and the candidates stand in descending order of it.
//!
//! # Features
//! Item, sparse: `movie`, `genre` (the first that is listed), `decade`. Item, dense: `year`, `popularity`,
//! `mean_rating` and a flag `genre:NAME` for each genre of the folder. User, sparse: `activity`, a bucket of the number
//! of past ratings; there is no user id, as most users of the later splits are new. User, dense: `mean_rating`,
//! `share_liked`, `history_length`. `popularity` and `mean_rating` of films are counted over the ranker's split, those
//! of users over their past. A `movie` that both training splits together hold fewer than 5 times reads the unknown row
//! 0, which is trained in this way; [`RatedList::movies`] always has the film's own row.
//!
//! # Faulty rows
//! A faulty row is a [`DataError::Row`] with file, line and column. With [`RatingsConfig::lenient`] it is skipped,
//! counted and, among the first few, quoted in the [`ReadReport`]. A file that is missing, empty or lacks a column is
//! an error in both modes.
//!
//! # What this does not do
//! * The candidates of a list are films that the user went on to rate, not films that a ranker retrieved. Their labels
//!   depend little on their neighbours in the list, so a gain in lists of real ratings says little about context; that
//!   is what `psad-sim` is for.
//! * A list has no slate that was shown and no propensities: ratings do not record what was shown.
//! * The films of a list may lie days apart. The moment of the request is that of its first film.
//! * Ratings and lists are kept in memory: about 24 bytes per rating, and some 10 kilobytes per list.
//! * The ranker is not refitted as time goes on, so films that are new since its split are known by genre and year
//!   only. In `ml-latest-small` that is half the candidates of validation and test.
//! * A user who rates one film twice has a duplicate row, which is faulty; there is no way to keep the later rating.
//! * Tags and links are not read, nor the `.dat` files of older editions, nor lines that end in a lone `\r`.
//!
//! Neighbours: `psad-core` has the vocabulary of requests and lists, `psad-sim` makes lists with a known truth,
//! `psad-eval` measures orders.

mod config;
mod csv_table;
mod dataset;
mod error;
mod features;
mod lint;
mod lists;
mod movies;
mod ranker;
mod ratings;
mod report;
mod split;
mod statistics;

pub use config::{ConfigError, RankerConfig, RatingsConfig, SplitFractions};
pub use dataset::RatingsDataset;
pub use error::{DataError, RowError, RowFault};
pub use lint::{Leak, lint};
pub use lists::RatedList;
pub use movies::Movie;
pub use ranker::RankerInfo;
pub use report::{FileReport, ReadReport, SkipReason};
pub use split::Split;
