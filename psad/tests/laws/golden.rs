//! Every file carries a request and what the model answers to it.

use ndarray::Axis;
use psad::core::{Golden, GoldenAnswer, ModelFile, Slate};
use psad::golden::request;
use psad::methods::Nar4Rec;
use psad::{Method, MethodConfig, Psad, PsadError, Reranker, Strategy};

use crate::common::{DATA, FITTED, config, nar4rec, of_every_method, shaken};
use crate::conforming::odd_schemas;

fn stored(file: &ModelFile) -> Golden {
    let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
    read.header().golden.clone().unwrap()
}

fn fitted() -> (Psad, Golden) {
    let file = FITTED.method.to_file().unwrap();
    (Psad::from_file(&file).unwrap(), stored(&file))
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= 1e-5 * (1. + b.abs())
}

#[test]
fn a_loaded_model_gives_the_answers_of_its_file() {
    fn check<C: MethodConfig>(config: &C) {
        let method = shaken(&Method::new(&DATA.schema, config.clone(), 3).unwrap());
        let file = method.to_file().unwrap();
        let (golden, loaded) = (stored(&file), Method::<C>::from_file(&file).unwrap());
        assert_eq!(golden.request(), &request(&DATA.schema).unwrap());
        assert_eq!(C::golden_answers(&loaded, golden.request()).unwrap(), golden.answers());
        let rerankers = loaded.rerankers();
        assert_eq!(golden.answers().len(), rerankers.len());
        for (answer, (name, reranker)) in golden.answers().iter().zip(rerankers) {
            assert_eq!(answer.reranker, name);
            assert_eq!(answer.slate, reranker.rerank(golden.request(), 10).unwrap().as_slice());
        }
    }
    of_every_method!(check);
}

#[test]
fn a_student_answers_with_the_scores_along_its_slate() {
    let (psad, golden) = fitted();
    let answer = golden.answer("PSAD-S").unwrap();
    assert_eq!((answer.block_size, answer.logits.len()), (None, answer.slate.len()));
    let slate = psad.student().rerank(golden.request(), answer.slate.len()).unwrap();
    assert_eq!(answer.slate, slate.as_slice());
    let scores = psad.student().scores_along(golden.request(), &slate).unwrap();
    for (found, expected) in answer.logits.iter().zip(scores.outer_iter()) {
        assert_eq!(found, &expected.to_vec());
    }
}

#[test]
fn a_teacher_answers_with_the_logits_along_its_slate() {
    let (psad, golden) = fitted();
    let answer = golden.answer("PSAD-G").unwrap();
    let slate = psad.teacher().rerank(golden.request(), answer.slate.len()).unwrap();
    assert_eq!(answer.slate, slate.as_slice());
    let logits = psad.teacher().logits_along(golden.request(), &slate).unwrap();
    for (found, expected) in answer.logits.iter().zip(logits.outer_iter()) {
        assert_eq!(found, expected.as_slice().unwrap());
    }
}

/// Every slot takes the greatest logit of what is left, and what earlier blocks placed is masked.
#[test]
fn a_greedy_teacher_picks_by_the_logits_along_its_slate() {
    let (psad, golden) = fitted();
    let answer = golden.answer("PSAD-G").unwrap();
    let greedy = psad.teacher_with(Strategy::Greedy);
    let slate = greedy.rerank(golden.request(), answer.slate.len()).unwrap();
    let logits = greedy.logits_along(golden.request(), &slate).unwrap();
    let logits: Vec<Vec<f32>> = logits.outer_iter().map(|row| row.to_vec()).collect();
    assert_eq!((answer.block_size, answer.logits.len()), (Some(config().objective.block_size), answer.slate.len()));
    let block_size = answer.block_size.unwrap();
    for (slot, (pick, logits)) in slate.iter().zip(&logits).enumerate() {
        let placed = &slate.as_slice()[..slot];
        let free = (0..logits.len()).filter(|item| !placed.contains(item));
        assert!(free.clone().all(|item| logits[item] <= logits[pick]), "slot {slot}: {logits:?}");
        let before = &placed[..slot / block_size * block_size];
        assert!(before.iter().all(|&item| logits[item] <= -1e8) && free.clone().all(|item| logits[item] > -1e8));
    }
}

#[test]
fn the_logits_of_nar4rec_are_rows_of_its_matrix_whatever_is_placed() {
    let method: Nar4Rec = shaken(&Method::new(&DATA.schema, nar4rec(), 3).unwrap());
    let golden = stored(&method.to_file().unwrap());
    let [GoldenAnswer { block_size: Some(_), slate, logits, .. }] = golden.answers() else {
        panic!("one generator: {golden:?}")
    };
    let initial = Slate::initial(golden.request().candidates().len(), slate.len());
    let rows = method.generator().logits_along(golden.request(), &initial).unwrap();
    for (row, found) in rows.axis_iter(Axis(0)).zip(logits) {
        assert!(row.iter().zip(found).all(|(&a, &b)| close(a, b)));
    }
}

#[test]
fn a_file_made_by_hand_needs_no_golden_request() {
    let file = FITTED.method.to_file().unwrap();
    let mut bare = ModelFile::new("psad", DATA.schema.clone(), file.header().config.clone());
    for (name, values) in file.tensors() {
        bare.insert(name, values.clone());
    }
    let bare = ModelFile::from_bytes(&bare.to_bytes().unwrap()).unwrap();
    assert_eq!(bare.header().golden, None);
    assert_eq!(Psad::from_file(&bare).unwrap().to_file().unwrap(), file);
}

#[test]
fn a_model_that_answers_nothing_is_not_saved() {
    let file = FITTED.method.to_file().unwrap();
    let mut wild = ModelFile::new("psad", DATA.schema.clone(), file.header().config.clone());
    for (name, values) in file.tensors() {
        wild.insert(name, values.mapv(|value| 1e38_f32.copysign(value)));
    }
    let wild = Psad::from_file(&wild).unwrap();
    assert!(matches!(wild.to_file(), Err(PsadError::Golden(_))), "{:?}", wild.to_file());
    let folder = tempfile::tempdir().unwrap();
    assert!(wild.save(folder.path().join("psad.safetensors")).is_err());
}

#[test]
fn every_schema_has_a_golden_request_that_tries_what_it_allows() {
    for (name, schema) in odd_schemas().into_iter().chain([("ours", DATA.schema.clone())]) {
        let request = request(&schema).unwrap();
        assert_eq!(schema.check(&request), Ok(()), "{name}");
        let candidates = request.candidates();
        assert_eq!(candidates.len(), schema.max_candidates().min(12), "{name}");
        assert!(candidates.scores().windows(2).all(|pair| pair[0] > pair[1]), "{name}");
        let past = if schema.feedback().is_empty() { 0 } else { schema.max_history().min(8) };
        assert_eq!((request.history().len(), request.history().ages().is_some()), (past, true), "{name}");
        let vocabularies = schema.item_sparse().iter().map(|field| field.vocabulary);
        let unknown = candidates.items().sparse().axis_iter(Axis(1)).zip(vocabularies);
        let unknown = unknown.flat_map(|(ids, known)| ids.to_vec().into_iter().filter(move |&id| id as usize >= known));
        assert_eq!(unknown.count(), usize::from(!schema.item_sparse().is_empty()), "{name}");
        assert_eq!(psad::golden::request(&schema).unwrap(), request, "{name}");
    }
}
