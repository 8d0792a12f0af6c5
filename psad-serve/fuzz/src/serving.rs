//! A file that loads must answer.

use ndarray::{Array1, Array2};
use psad_core::{Candidates, History, Items, ModelFile, Request, Reranker, Schema, SparseField, User};
use psad_decode::Strategy;
use psad_serve::{Dispatch, Model, Served};

use crate::draw::Draw;

/// Loads a file, and if that succeeds, asks every reranker for slates. A request that fits is answered or refused, and an
/// answer has as many slots as were asked for; anything else panics, or the sanitizer finds it.
pub fn load_and_answer(bytes: &[u8]) {
    let Ok(file) = ModelFile::from_bytes(bytes) else { return };
    let paths = Dispatch::available().collect::<Vec<_>>();
    let Ok(model) = Model::with_dispatch(&file, paths[bytes.len() % paths.len()]) else { return };
    let rerankers = rerankers(&model);
    let golden = file.header().golden.as_ref().map(|golden| golden.request().clone());
    for request in requests(model.schema()).into_iter().chain(golden) {
        rerankers.iter().for_each(|served| answer(served, &request));
    }
}

fn rerankers(model: &Model) -> Vec<Served> {
    let contrastive = || Strategy::Contrastive { alpha: 0.5 };
    let others = [
        model.student(),
        model.teacher(),
        model.teacher_with(1, contrastive()),
        model.teacher_with(3, Strategy::Beam { width: 2 }),
        model.matching_with(contrastive()),
        model.matching_with(Strategy::Greedy),
    ];
    others.into_iter().flatten().chain([model.reranker()]).collect()
}

fn answer(served: &Served, request: &Request) {
    for len in [1, 4] {
        if let Ok(slate) = served.rerank(request, len) {
            assert_eq!(slate.len(), len.min(request.candidates().len()));
        }
    }
    let state = served.encode_user(request.user(), request.history());
    let state = state.expect("a request that fits has a user who fits");
    let _ = served.rerank_with(&state, request.candidates(), 2);
}

/// Small requests that fit.
fn requests(schema: &Schema) -> Vec<Request> {
    let mut draw = Draw(1);
    [(0, 1), (1, 2), (3, 5)]
        .into_iter()
        .filter_map(|(history, candidates)| {
            let history = if schema.feedback().is_empty() { 0 } else { schema.max_history().min(history) };
            request(schema, history, schema.max_candidates().min(candidates), &mut draw)
        })
        .collect()
}

fn request(schema: &Schema, history: usize, candidates: usize, draw: &mut Draw) -> Option<Request> {
    let user = User::new(
        ids(draw, schema.user_sparse(), 1).row(0).to_owned(),
        values(draw, (1, schema.user_dense().len())).row(0).to_owned(),
    );
    let kinds = schema.feedback().len();
    let feedback = Array1::from_shape_simple_fn(history, || draw.below(kinds) as u32);
    let past = History::new(items(draw, schema, history)?, feedback).ok()?;
    let days = Array1::from_shape_simple_fn(history, || draw.below(900) as f32);
    let scores = values(draw, (1, candidates)).row(0).to_owned();
    let offered = Candidates::new(items(draw, schema, candidates)?, scores).ok()?;
    Request::new(user.ok()?, past.with_ages(days).ok()?, offered).ok()
}

fn items(draw: &mut Draw, schema: &Schema, count: usize) -> Option<Items> {
    let sparse = ids(draw, schema.item_sparse(), count);
    Items::new(sparse, values(draw, (count, schema.item_dense().len()))).ok()
}

/// Ids within the vocabulary and some beyond it.
fn ids(draw: &mut Draw, fields: &[SparseField], count: usize) -> Array2<u32> {
    let id = |(_, field): (usize, usize)| draw.below(fields[field].vocabulary.saturating_add(1)) as u32;
    Array2::from_shape_fn((count, fields.len()), id)
}

fn values(draw: &mut Draw, shape: (usize, usize)) -> Array2<f32> {
    Array2::from_shape_simple_fn(shape, || draw.below(2001) as f32 / 1000. - 1.)
}
