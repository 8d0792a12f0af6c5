//! Whatever breaks the contract of a reranker is caught, by the law that it breaks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use psad::core::from_fn;
use psad::testing::{CandidateOrder, Conformance, ConformanceError, Law};
use psad::{Request, RerankError, Reranker, Slate};

use crate::common::DATA;

fn conformance() -> Conformance<'static> {
    Conformance::new(&DATA.schema).requests(60).seed(11).candidate_order(CandidateOrder::Irrelevant)
}

/// Sound in every way: by the ranker's score, and in that the order of the candidates does not matter.
fn sound(request: &Request, len: usize) -> Result<Slate, RerankError> {
    DATA.schema.check(request)?;
    request.top_by_score(request.candidates().scores(), len)
}

fn broken(reranker: &impl Reranker) -> ConformanceError {
    conformance().check(reranker).expect_err("it breaks a law")
}

/// A reranker that is sound one by one and breaks something in batches.
struct InBatches<F>(F);

impl<F: Fn(&[&Request], Vec<Slate>) -> Vec<Slate> + Send + Sync> Reranker for InBatches<F> {
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        if len == 0 { Err(RerankError::EmptySlate) } else { sound(request, len) }
    }

    fn rerank_batch(&self, requests: &[&Request], len: usize) -> Result<Vec<Slate>, RerankError> {
        let slates = requests.iter().map(|request| self.rerank(request, len)).collect::<Result<_, _>>()?;
        Ok((self.0)(requests, slates))
    }
}

#[test]
fn a_sound_reranker_passes() {
    let passed = conformance().check(&from_fn(sound)).unwrap();
    assert_eq!(passed.requests, 60);
    assert!(passed.asked > 60 * 10, "{passed}");
    assert_eq!(conformance().check(&InBatches(|_: &[&Request], slates| slates)).unwrap().requests, 60);
}

#[test]
fn a_slate_of_another_length_is_caught() {
    for wrong in [|len: usize| (len / 2).max(1), |len: usize| len.saturating_add(1)] {
        let error = broken(&from_fn(move |request, len| sound(request, wrong(len))));
        assert_eq!(error.law, Law::ValidSlate, "{error}");
        let slate = sound(&error.asked[0], wrong(error.len)).unwrap();
        assert_ne!(slate.len(), error.len.min(error.asked[0].candidates().len()), "the error holds what was asked");
    }
}

#[test]
fn a_slate_of_another_list_is_caught() {
    let error = broken(&from_fn(|request, len| {
        let slate = sound(request, len)?;
        Ok(Slate::new(slate.as_slice().to_vec(), slate.candidates() + 1)?)
    }));
    assert_eq!(error.law, Law::ValidSlate, "{error}");
}

#[test]
fn a_reranker_that_looks_at_its_batch_mates_is_caught() {
    // As padding that is not masked would: the longest list of the batch decides.
    let padded = broken(&InBatches(|requests: &[&Request], mut slates: Vec<Slate>| {
        let longest = requests.iter().map(|request| request.candidates().len()).max().unwrap_or(0);
        for slate in &mut slates {
            let mut items = slate.as_slice().to_vec();
            let wrong = slate.candidates() < longest && items.len() > 1;
            items.rotate_left(usize::from(wrong));
            *slate = Slate::new(items, slate.candidates()).unwrap();
        }
        slates
    }));
    assert_eq!(padded.law, Law::Batch, "{padded}");
    assert!(padded.asked.len() > 1);

    let mixed = broken(&InBatches(|_: &[&Request], mut slates: Vec<Slate>| {
        slates.reverse();
        slates
    }));
    assert_eq!(mixed.law, Law::Batch, "{mixed}");

    let short = broken(&InBatches(|_: &[&Request], mut slates: Vec<Slate>| {
        slates.pop();
        slates
    }));
    assert_eq!(short.law, Law::Batch, "{short}");
}

#[test]
fn a_reranker_with_a_memory_is_caught() {
    let asked = AtomicUsize::new(0);
    let error = broken(&from_fn(|request: &Request, len| {
        let mut scores = request.candidates().scores().to_vec();
        let turn = asked.fetch_add(1, Ordering::Relaxed) % scores.len();
        scores[turn] += 100.;
        request.top_by_score(&scores, len)
    }));
    assert_eq!(error.law, Law::Repeatable, "{error}");
}

#[test]
fn a_reranker_that_minds_other_threads_is_caught() {
    let active = AtomicUsize::new(0);
    let error = broken(&from_fn(|request: &Request, len| {
        let alone = active.fetch_add(1, Ordering::SeqCst) == 0;
        thread::sleep(Duration::from_millis(1));
        active.fetch_sub(1, Ordering::SeqCst);
        let scores = request.candidates().scores();
        if alone {
            return request.top_by_score(scores, len);
        }
        request.top_by_score(&scores.iter().map(|score| -score).collect::<Vec<_>>(), len)
    }));
    assert_eq!(error.law, Law::Threads, "{error}");
}

#[test]
fn a_panic_is_caught_and_told_with_its_message() {
    let error = broken(&from_fn(|request: &Request, len| {
        assert!(!request.history().is_empty(), "nobody without a history");
        sound(request, len)
    }));
    assert_eq!(error.law, Law::NoPanic, "{error}");
    assert!(error.found.contains("nobody without a history"), "{error}");

    let large = broken(&from_fn(|request: &Request, len| {
        assert!(request.candidates().scores().iter().all(|score| score.abs() < 1e6), "too large");
        sound(request, len)
    }));
    assert_eq!(large.law, Law::NoPanic, "{large}");

    let reads_a_column = from_fn(|request: &Request, len| {
        let last = request.candidates().items().dense().column(DATA.schema.item_dense().len() - 1).to_vec();
        request.top_by_score(&last, len)
    });
    let unchecked = conformance().any_schema().check(&reads_a_column).unwrap_err();
    assert_eq!(unchecked.law, Law::NoPanic, "{unchecked}");
}

#[test]
fn a_reranker_that_refuses_what_fits_is_caught() {
    let error = broken(&from_fn(|request: &Request, len| {
        let ages = request.history().ages().ok_or_else(|| RerankError::other("ages are needed"))?;
        assert!(ages.len() == request.history().len());
        sound(request, len)
    }));
    assert_eq!(error.law, Law::Answer, "{error}");
    assert!(error.found.contains("ages are needed"), "{error}");
}

#[test]
fn a_slate_without_slots_is_caught() {
    struct Lenient;
    impl Reranker for Lenient {
        fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
            if len == 0 { Ok(Slate::initial(request.candidates().len(), 0)) } else { sound(request, len) }
        }
    }
    let error = broken(&Lenient);
    assert_eq!((error.law, error.len), (Law::EmptySlate, 0), "{error}");
}

#[test]
fn a_reranker_that_answers_what_does_not_fit_is_caught_unless_it_has_no_schema() {
    let by_score = from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len));
    let error = broken(&by_score);
    assert_eq!(error.law, Law::Misfit, "{error}");
    conformance().any_schema().check(&by_score).unwrap();
}

#[test]
fn a_reranker_that_claims_not_to_read_the_order_is_caught() {
    let error = broken(&from_fn(|request: &Request, len| {
        sound(request, len)?;
        let candidates = request.candidates().len();
        request.top_by_score(&(0..candidates).map(|item| item as f32).collect::<Vec<_>>(), len)
    }));
    assert_eq!(error.law, Law::CandidateOrder, "{error}");
    assert_eq!(error.asked.len(), 2);
}

#[test]
fn a_reranker_that_passes_rules_by_is_caught() {
    let error = broken(&from_fn(|request: &Request, len| {
        DATA.schema.check(request)?;
        Ok(Slate::top_by_score(request.candidates().scores(), len)?)
    }));
    assert_eq!(error.law, Law::Rules, "{error}");
    let slate = Slate::top_by_score(error.asked[0].candidates().scores(), error.len).unwrap();
    assert!(error.asked[0].constraints().violated(slate.as_slice()).is_some());
}

#[test]
fn a_reranker_that_answers_impossible_rules_is_caught() {
    let anyway = broken(&from_fn(|request: &Request, len| match sound(request, len) {
        Err(RerankError::Constraints(_)) => Ok(Slate::top_by_score(request.candidates().scores(), len)?),
        other => other,
    }));
    assert_eq!(anyway.law, Law::ImpossibleRules, "{anyway}");
    let otherwise = broken(&from_fn(|request: &Request, len| match sound(request, len) {
        Err(RerankError::Constraints(error)) => Err(RerankError::other(error.to_string())),
        other => other,
    }));
    assert_eq!(otherwise.law, Law::ImpossibleRules, "{otherwise}");
}

#[test]
fn one_seed_draws_one_run() {
    let ignorant = from_fn(|request: &Request, len| {
        DATA.schema.check(request)?;
        Ok(Slate::top_by_score(request.candidates().scores(), len)?)
    });
    assert_eq!(broken(&ignorant), broken(&ignorant));
    let other = conformance().seed(12).check(&ignorant).unwrap_err();
    assert_eq!(other.law, Law::Rules);
    assert_ne!(other.asked, broken(&ignorant).asked);
}
