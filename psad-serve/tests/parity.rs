//! Served answers are those of the trained model, on every path of instructions.

mod common;

use common::{Draw, MAX_CANDIDATES, MAX_HISTORY};
use proptest::prelude::*;
use psad::decode::Strategy as Decoding;
use psad::methods::Nar4RecConfig;
use psad::ndarray::Array2;
use psad::{CandidateScorer, Candidates, History, Items, Psad, PsadConfig, Request, Reranker, Slate};
use psad_core::ModelFile;
use psad_serve::{Dispatch, Model, Served};

/// How far numbers may be apart.
const ROOM: f32 = 1e-4;

fn on_every_path(file: &ModelFile) -> impl Iterator<Item = Model> + '_ {
    Dispatch::available().map(|dispatch| Model::with_dispatch(file, dispatch).expect("a file of this version"))
}

fn close(found: f32, expected: f32) -> Result<(), TestCaseError> {
    prop_assert!((found - expected).abs() <= ROOM * expected.abs().max(1.), "{found}, expected {expected}");
    Ok(())
}

/// Slates are the same as long as the better candidate is better by more than the numbers may be apart.
fn same_slate(served: &Slate, trained: &Slate, logits: &Array2<f32>) -> Result<(), TestCaseError> {
    for (slot, (&found, &expected)) in served.as_slice().iter().zip(trained.as_slice()).enumerate() {
        let row = logits.row(slot.min(logits.nrows() - 1));
        if found != expected {
            close(row[found], row[expected])?;
            return Ok(());
        }
    }
    prop_assert_eq!(served.len(), trained.len());
    Ok(())
}

fn same_logits(served: &Served, request: &Request, slate: &Slate, expected: &Array2<f32>) -> Result<(), TestCaseError> {
    let found = served.logits_along(request, slate).expect("the request fits");
    prop_assert_eq!(found.dim(), expected.dim());
    found.iter().zip(expected).try_for_each(|(&found, &expected)| close(found, expected))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn psad_is_served_as_it_was_trained(
        config in common::configs(),
        fields in (any::<bool>(), any::<bool>(), any::<bool>()),
        seed: u64,
        requests in prop::collection::vec((0..=MAX_HISTORY, 1..=MAX_CANDIDATES, 1..=MAX_CANDIDATES), 3),
    ) {
        let schema = common::schema(fields.0, fields.1, fields.2);
        let (psad, file) = common::psad(&schema, config, seed);
        let (student, teacher) = (psad.student(), psad.teacher());
        let mut draw = Draw(seed ^ 1);
        for (history, candidates, len) in requests {
            let request = draw.request(&schema, history, candidates);
            let scores = student.scores(&request).expect("the request fits");
            let slate = student.rerank(&request, len).expect("the request fits");
            let along = student.scores_along(&request, &slate).expect("the request fits");
            let generated = teacher.rerank(&request, len).expect("the request fits");
            let logits = teacher.logits_along(&request, &generated).expect("the request fits");
            for model in on_every_path(&file) {
                let served = model.student().expect("a model of PSAD");
                let found = served.scores(&request).expect("the request fits");
                found.into_iter().zip(&scores).try_for_each(|(found, &expected)| close(found, expected))?;
                same_logits(&served, &request, &slate, &along)?;
                same_slate(&served.rerank(&request, len).expect("the request fits"), &slate, &along)?;
                let served = model.teacher().expect("a model of PSAD");
                same_logits(&served, &request, &generated, &logits)?;
                same_slate(&served.rerank(&request, len).expect("the request fits"), &generated, &logits)?;
            }
        }
    }

    #[test]
    fn nar4rec_is_served_as_it_was_trained(
        sizes in (prop_oneof![Just((12, 3)), Just((32, 2)), Just((64, 2))], 1_usize..3, 1_usize..3),
        fields in (any::<bool>(), any::<bool>(), any::<bool>()),
        seed: u64,
        requests in prop::collection::vec((0..=MAX_HISTORY, 1..=MAX_CANDIDATES, 1..=MAX_CANDIDATES), 3),
    ) {
        let ((width, heads), candidate_layers, position_layers) = sizes;
        let schema = common::schema(fields.0, fields.1, fields.2);
        let mut config = Nar4RecConfig { candidate_layers, position_layers, ..Nar4RecConfig::default() };
        config.encoder = config.encoder.with_width(width).with_heads(heads).with_decay_groups(heads);
        // Of the User Profile Network, whatever the seed says.
        config.encoder = config.encoder.with_gate(seed % 2 == 0).with_history_positions(seed % 3 == 0);
        config.encoder = config.encoder.with_candidate_positions(seed % 5 < 2);
        let (nar4rec, file) = common::nar4rec(&schema, config, seed);
        let trained = nar4rec.generator_with(Decoding::Greedy);
        let mut draw = Draw(seed ^ 1);
        for (history, candidates, len) in requests {
            let request = draw.request(&schema, history, candidates);
            let slate = trained.rerank(&request, len).expect("the request fits");
            let logits = trained.logits_along(&request, &slate).expect("the request fits");
            for model in on_every_path(&file) {
                let served = model.matching_with(Decoding::Greedy).expect("a model of NAR4Rec");
                same_logits(&served, &request, &slate, &logits)?;
                same_slate(&served.rerank(&request, len).expect("the request fits"), &slate, &logits)?;
            }
        }
    }
}

/// Features at the ends of what `f32` holds: an answer from both, or an error from both.
#[test]
fn what_is_too_large_to_compute_is_an_error_as_in_training() {
    let schema = common::schema(true, true, true);
    let (psad, file) = common::psad(&schema, PsadConfig::small(), 5);
    let mut draw = Draw(6);
    let mut errors = 0;
    for place in 0..60 {
        let request = draw.request(&schema, 8, 9);
        let huge = |items: &Items, draw: &mut Draw| {
            let values = [1e18, -1e30, f32::MAX, f32::MIN, 0.];
            let dense = items.dense().map(|_| values[draw.below(values.len())]);
            Items::new(items.sparse().clone(), dense).expect("all of them are finite")
        };
        let (mut history, mut candidates) = (request.history().clone(), request.candidates().clone());
        if place % 6 == 3 {
            // One alone.
            let mut dense = candidates.items().dense().to_owned();
            dense.row_mut(place % 9).fill([1e18, 1e20, 1e30][place / 6 % 3]);
            let items = Items::new(candidates.items().sparse().clone(), dense).expect("all of them are finite");
            candidates = Candidates::new(items, candidates.scores().to_vec().into()).expect("as many scores");
        } else if place % 3 == 0 {
            let scores = candidates.scores().to_vec().into();
            candidates = Candidates::new(huge(candidates.items(), &mut draw), scores).expect("as many scores");
        } else if place % 3 == 1 {
            history =
                History::new(huge(history.items(), &mut draw), history.feedback().clone()).expect("as many kinds");
        }
        let request = Request::new(request.user().clone(), history, candidates).expect("items of one kind");
        for model in on_every_path(&file) {
            let served: [Served; 2] = [model.student().expect("PSAD"), model.teacher().expect("PSAD")];
            let trained: [&dyn Reranker; 2] = [&psad.student(), &psad.teacher()];
            for (served, trained) in served.iter().zip(trained) {
                let (served, trained) = (served.rerank(&request, 5), trained.rerank(&request, 5));
                assert_eq!(served.is_ok(), trained.is_ok(), "{place}: {served:?}, {trained:?}");
                errors += usize::from(served.is_err());
            }
        }
    }
    assert!(errors > 0, "no request is too large to compute");
}

/// Where `exp` of it would leave the range, the pace is its own softplus.
#[test]
fn a_user_who_forgets_at_once_is_served_as_trained() {
    let schema = common::schema(true, true, true);
    let (_, file) = common::psad(&schema, PsadConfig::small(), 8);
    let mut fast = ModelFile::new(file.header().kind.clone(), schema.clone(), file.header().config.clone());
    for (name, tensor) in file.tensors() {
        let pace = name.ends_with("interest_decay.pace.bias");
        fast.insert(name.clone(), if pace { tensor.map(|_| 150.) } else { tensor.clone() });
    }
    let psad = Psad::from_file(&fast).expect("shapes fit");
    let model = Model::from_file(&psad.to_file().expect("readable")).expect("a file of this version");
    let request = Draw(9).request(&schema, 20, 20);
    let expected = psad.student().scores(&request).expect("the request fits");
    let found = model.reranker().scores(&request).expect("the request fits");
    for (found, expected) in found.into_iter().zip(expected) {
        close(found, expected).expect("the same score");
    }
}
