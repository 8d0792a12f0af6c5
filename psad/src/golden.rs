//! The golden request of a model's file: what it asks, and how a method answers it.
//!
//! [`Method::to_file`] draws the request from the schema, asks
//! [`MethodConfig::golden_answers`], and stores both. Other code that reads the file,
//! such as a server without burn, replays it to see that it computes the same.

use ndarray::{Array1, Array2};
use psad_core::{
    Candidates, Golden, GoldenAnswer, History, Items, Request, RequestError, RerankError, Reranker, Schema,
    SparseField, User,
};
use psad_nn::{Generator, ListEncoder, ListScorer, Student, Teacher, TensorReranker};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::{Method, MethodConfig, PsadError};

/// Sizes of the request, as far as the schema allows, and of the slates.
const CANDIDATES: usize = 12;
const HISTORY: usize = 8;
const SLOTS: usize = 10;

const SEED: u64 = 0x676f_6c64;

/// The golden request of models of a schema: always the same one for the same schema.
///
/// Up to twelve candidates, up to eight items of history with ages, ids from the whole vocabulary, one of them unknown;
/// no two scores are equal.
///
/// # Errors
/// None that is known of: what is drawn is sound.
pub fn request(schema: &Schema) -> Result<Request, RequestError> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let user = schema.user_sparse().iter().map(|field| rng.random_range(0..known(field))).collect();
    let user = User::new(user, normal(&mut rng, (1, schema.user_dense().len())).row(0).to_owned())?;
    // Without kinds of feedback, no history has a code that is known.
    let past = if schema.feedback().is_empty() { 0 } else { schema.max_history().min(HISTORY) };
    let history = history(&mut rng, schema, past)?;
    let offered = schema.max_candidates().min(CANDIDATES);
    let mut sparse = ids(&mut rng, schema, offered);
    if let (Some(id), Some(field)) = (sparse.last_mut(), schema.item_sparse().last()) {
        *id = known(field); // the first id that is not
    }
    let items = Items::new(sparse, normal(&mut rng, (offered, schema.item_dense().len())))?;
    let mut score = 2.;
    let scores = Array1::from_shape_simple_fn(offered, || {
        score -= rng.random_range(0.05_f32..0.5);
        score
    });
    Request::new(user, history, Candidates::new(items, scores)?)
}

fn history(rng: &mut ChaCha8Rng, schema: &Schema, count: usize) -> Result<History, RequestError> {
    let items = Items::new(ids(rng, schema, count), normal(rng, (count, schema.item_dense().len())))?;
    let kinds = schema.feedback().len().max(1) as u32;
    let feedback = Array1::from_shape_simple_fn(count, || rng.random_range(0..kinds));
    let mut days: Vec<f32> = (0..count).map(|_| rng.random_range(0. ..400.)).collect();
    days.sort_by(|a, b| b.total_cmp(a));
    History::new(items, feedback)?.with_ages(days.into())
}

/// Ids that the tables know, `[count, fields]`.
fn ids(rng: &mut ChaCha8Rng, schema: &Schema, count: usize) -> Array2<u32> {
    let fields = schema.item_sparse();
    Array2::from_shape_fn((count, fields.len()), |(_, field)| rng.random_range(0..known(&fields[field])))
}

/// Ids from here on are unknown.
fn known(field: &SparseField) -> u32 {
    u32::try_from(field.vocabulary).unwrap_or(u32::MAX).max(1)
}

fn normal(rng: &mut ChaCha8Rng, shape: (usize, usize)) -> Array2<f32> {
    Array2::from_shape_simple_fn(shape, || rng.sample(StandardNormal))
}

/// What a reranker answers of which nothing but the slate can be seen.
///
/// # Errors
/// As the reranker's.
pub fn slate_of(name: &str, reranker: &impl Reranker, request: &Request) -> Result<GoldenAnswer, RerankError> {
    let slate = reranker.rerank(request, SLOTS)?.as_slice().to_vec();
    Ok(GoldenAnswer { reranker: name.to_owned(), block_size: None, slate, logits: Vec::new() })
}

/// What a student answers, with the scores along its slate, before any refinement of it.
///
/// # Errors
/// As the reranker's.
pub fn scores_of<E: ListEncoder, S: ListScorer>(
    name: &str,
    reranker: &TensorReranker<Student<E, S>>,
    request: &Request,
) -> Result<GoldenAnswer, RerankError> {
    let slate = reranker.rerank(request, SLOTS)?;
    let scores = reranker.scores_along(request, &slate)?;
    Ok(GoldenAnswer {
        reranker: name.to_owned(),
        block_size: None,
        logits: scores.outer_iter().map(|row| row.to_vec()).collect(),
        slate: slate.as_slice().to_vec(),
    })
}

/// What a generator answers, with the logits along its slate.
///
/// # Errors
/// As the reranker's.
pub fn logits_of<E: ListEncoder, G: Generator>(
    name: &str,
    reranker: &TensorReranker<Teacher<E, G>>,
    request: &Request,
) -> Result<GoldenAnswer, RerankError> {
    let slate = reranker.rerank(request, SLOTS)?;
    let logits = reranker.logits_along(request, &slate)?;
    Ok(GoldenAnswer {
        reranker: name.to_owned(),
        block_size: Some(reranker.model().block_size()),
        logits: logits.outer_iter().map(|row| row.to_vec()).collect(),
        slate: slate.as_slice().to_vec(),
    })
}

/// The golden request of a method with its answers.
pub(crate) fn golden<C: MethodConfig>(method: &Method<C>) -> Result<Golden, PsadError> {
    let request = request(method.schema()).map_err(RerankError::from)?;
    let answers = C::golden_answers(method, &request)?;
    Ok(Golden::new(request, answers).map_err(psad_core::ModelFileError::from)?)
}
