//! Replaying the golden request of a file.

use psad_core::{Golden, GoldenAnswer, Slate};
use psad_decode::Strategy;

use crate::model::Decoders;
use crate::{Model, ServeError, Served};

/// How far numbers may be apart, relative to those above 1: the order of additions differs between programs.
const ROOM: f32 = 1e-4;

/// Answers the golden request with every reranker of the model, and compares all logits.
pub(crate) fn replay(model: &Model, golden: Option<&Golden>) -> Result<(), ServeError> {
    let names: &[&'static str] = match model.decoders() {
        Decoders::Psad(_) => &["PSAD-S", "PSAD-G"],
        Decoders::Nar4Rec { .. } => &["NAR4Rec"],
    };
    for &reranker in names {
        let golden = golden.ok_or(ServeError::NoGolden { reranker })?;
        let answer = golden.answer(reranker).filter(|answer| !answer.logits.is_empty());
        let answer = answer.ok_or(ServeError::NoGolden { reranker })?;
        compare(&served(model, reranker, answer)?, golden, answer)?;
    }
    Ok(())
}

/// The reranker that the answer is of; of a teacher, with the blocks of the answer.
fn served(model: &Model, reranker: &'static str, answer: &GoldenAnswer) -> Result<Served, ServeError> {
    match (model.decoders(), answer.block_size) {
        (Decoders::Psad(_), Some(block_size)) => model.teacher_with(block_size, Strategy::Greedy),
        (Decoders::Psad(_), None) => model.student(),
        (Decoders::Nar4Rec { .. }, _) => model.matching_with(Strategy::Greedy),
    }
    .and_then(|served| if served.name() == reranker { Ok(served) } else { Err(ServeError::NoGolden { reranker }) })
}

fn compare(served: &Served, golden: &Golden, answer: &GoldenAnswer) -> Result<(), ServeError> {
    let (request, reranker) = (golden.request(), served.name());
    let slate = Slate::new(answer.slate.clone(), request.candidates().len());
    let slate = slate.map_err(|error| ServeError::GoldenRequest(error.into()))?;
    let found = served.logits_along(request, &slate).map_err(ServeError::GoldenRequest)?;
    if found.nrows() != answer.logits.len() {
        return Err(ServeError::GoldenRows { reranker, expected: found.nrows(), found: answer.logits.len() });
    }
    for (slot, (found, expected)) in found.outer_iter().zip(&answer.logits).enumerate() {
        for (candidate, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            // A result that is no number is near nothing.
            let near = (found - expected).abs() <= ROOM * expected.abs().max(1.);
            if !near {
                return Err(ServeError::Golden { reranker, slot, candidate, expected, found });
            }
        }
    }
    Ok(())
}
