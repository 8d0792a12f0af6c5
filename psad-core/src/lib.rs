//! The vocabulary of reranking, free of any deep-learning framework.
//!
//! A reranker takes a [`Request`] (a user, what the user did before, and a ranker's candidates) and answers with a
//! [`Slate`]: distinct candidates in the order in which they are shown. Everything else in the workspace is written
//! in these words.
//!
//! ```
//! use psad_core::{Candidates, History, Items, Request, Reranker, User, from_fn};
//! use ndarray::{array, Array2};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let items = Items::new(array![[1], [2], [3]], Array2::zeros((3, 0)))?; // three items with one sparse field
//! let candidates = Candidates::new(items, array![0.2, 0.9, 0.5])?;       // and the ranker's scores
//! let request = Request::new(User::anonymous(), History::empty(1, 0), candidates)?;
//!
//! let by_score = from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len));
//! let slate = by_score.rerank(&request, 2)?;
//! assert_eq!(slate.as_slice(), [1, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! What stands where:
//!
//! * [`Schema`]: the fields of users and items, their vocabularies and limits; it travels inside every model.
//! * [`Request`], [`LabeledList`]: one list, as served and as learned from.
//! * [`Slate`], [`SlateBuilder`], [`Permutation`]: valid by construction; there is no way to make an invalid one.
//! * [`Constraints`], [`Group`], [`Rule`]: what a slate must keep; [`SlateBuilder`] offers only what does.
//! * [`Reranker`]: the one trait that every model, heuristic and closure implements.
//! * [`GeneratorEvaluator`]: the best of several slates; [`CandidateScorer`]: scores to sort or to diversify.
//! * [`EmbeddingTable`]: rows of `f32` on the host, which a step touches row by row.
//! * [`ModelFile`], [`ModelHeader`]: the one file that a model is saved as, with a [`Golden`] request to check readers by.
//!
//! Neighbours: `psad-decode` turns scores into slates, `psad-eval` measures them, `psad-nn` is where tensors begin.

mod constraints;
mod files;
mod generator_evaluator;
mod list;
mod model_file;
mod request;
mod reranker;
mod schema;
mod slate;
mod table;

pub use constraints::{ConstraintError, Constraints, Group, Rule};
pub use files::write_atomically;
pub use generator_evaluator::{CandidateScorer, GeneratorEvaluator, RankerScores, SlateEvaluator, SlateProposer};
pub use list::{LabeledList, ListError, Shown};
pub use model_file::{FORMAT_VERSION, Golden, GoldenAnswer, GoldenError, ModelFile, ModelFileError, ModelHeader};
pub use request::{Candidates, History, Items, ItemsBuilder, Request, RequestError, User, UserBuilder};
pub use reranker::{FnReranker, RerankError, Reranker, from_fn};
pub use schema::{Schema, SchemaBuilder, SchemaError, SparseField};
pub use slate::{Permutation, Slate, SlateBuilder, SlateError};
pub use table::{EmbeddingTable, TableError};
