//! A request that cannot be answered is a typed error of every reranker, alone and in a batch.

use ndarray::{Array1, Array2, array};
use psad::core::{RequestError, SchemaError};
use psad::decode::Strategy;
use psad::{Candidates, Items, Request, RerankError, Reranker};

use crate::common::{CANDIDATES, DATA, Draft, FITTED, HISTORY, by_name, rerankers};

fn assert_refused(request: &Request, expected: impl Fn(&SchemaError) -> bool) {
    let good = DATA.test[0].request();
    for (name, reranker) in rerankers(&FITTED.method) {
        for answer in [
            reranker.rerank(request, 5).map(|slate| vec![slate]),
            reranker.rerank_batch(&[good, request, good], 5),
            reranker.rerank_batch(&[request], 1),
        ] {
            match answer {
                Err(RerankError::Schema(error)) => assert!(expected(&error), "{name}: {error}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(reranker.rerank(good, 5).is_ok(), "{name} answers on");
    }
}

#[test]
fn another_number_of_columns_is_refused() {
    let width = |what: &'static str| move |error: &SchemaError| matches!(error, SchemaError::Width { what: found, .. } if *found == what);
    let draft = Draft::new();
    for change in [0, 1, 2] {
        let by = |columns: usize| if change == 0 { 0 } else { columns + 3 - 2 * change };
        let request = Draft { user_fields: by(draft.user_fields), ..draft.clone() }.request();
        assert_refused(&request, width("user sparse fields"));
        let request = Draft { user_features: by(draft.user_features), ..draft.clone() }.request();
        assert_refused(&request, width("user dense features"));
        let request = Draft { fields: by(draft.fields), ..draft.clone() }.request();
        assert_refused(&request, width("item sparse fields"));
        let request = Draft { features: by(draft.features), ..draft.clone() }.request();
        assert_refused(&request, width("item dense features"));
    }
}

#[test]
fn what_is_longer_than_the_schema_allows_is_refused() {
    let too_long = |what: &'static str| move |error: &SchemaError| matches!(error, SchemaError::TooLong { what: found, .. } if *found == what);
    let request = Draft { candidates: CANDIDATES + 1, ..Draft::new() }.request();
    assert_refused(&request, too_long("candidates"));
    let request = Draft { history: HISTORY + 1, ..Draft::new() }.request();
    assert_refused(&request, too_long("history"));
}

#[test]
fn feedback_without_a_name_is_refused() {
    for feedback in [2, u32::MAX] {
        let request = Draft { feedback, ..Draft::new() }.request();
        assert_refused(&request, |error| matches!(error, SchemaError::UnknownFeedback { kinds: 2, .. }));
    }
}

#[test]
fn a_field_that_the_schema_does_not_have_is_named() {
    assert!(by_name("item", "user").is_ok());
    for (item, user, unknown) in [("film", "user", "film"), ("item", "reader", "reader")] {
        match by_name(item, user) {
            Err(RequestError::Schema(SchemaError::UnknownField { field, .. })) => assert_eq!(field, unknown),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_list_without_items_or_with_scores_that_are_no_numbers_cannot_be_made() {
    let items = |count| Items::new(Array2::zeros((count, 3)), Array2::zeros((count, 6))).unwrap();
    assert_eq!(Candidates::new(items(0), Array1::zeros(0)), Err(RequestError::NoCandidates));
    for score in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let refused = Candidates::new(items(2), array![0., score]);
        assert!(matches!(refused, Err(RequestError::NonFinite { index: 1, .. })), "{refused:?}");
    }
}

#[test]
fn a_slate_without_slots_is_refused() {
    let request = DATA.test[0].request();
    for (name, reranker) in rerankers(&FITTED.method) {
        assert!(matches!(reranker.rerank(request, 0), Err(RerankError::EmptySlate)), "{name}");
        assert!(matches!(reranker.rerank_batch(&[request], 0), Err(RerankError::EmptySlate)), "{name}");
        assert!(matches!(reranker.rerank_batch(&[], 0), Err(RerankError::EmptySlate)), "{name}");
        assert_eq!(reranker.rerank_batch(&[], 3).unwrap(), [], "{name}");
    }
}

#[test]
fn a_strategy_that_looks_for_nothing_is_refused() {
    for strategy in [Strategy::Beam { width: 0 }, Strategy::Sample { seed: 1, samples: 0 }] {
        let answer = FITTED.method.teacher_with(strategy).rerank(DATA.test[0].request(), 3);
        assert!(matches!(answer, Err(RerankError::Other(_))), "{answer:?}");
    }
}
