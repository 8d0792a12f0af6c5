//! Requests at the edge of what is allowed are answered.

use psad::decode::Strategy;
use psad::{RerankError, Reranker};

use crate::common::{CANDIDATES, DATA, Draft, FITTED, HISTORY, rerankers};

fn assert_answered(draft: &Draft, len: usize) {
    let request = draft.request();
    for (name, reranker) in rerankers(&FITTED.method) {
        let slate = reranker.rerank(&request, len).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((slate.len(), slate.candidates()), (len.min(draft.candidates), draft.candidates), "{name}");
        let batch = reranker.rerank_batch(&[DATA.test[0].request(), &request], len).unwrap();
        assert_eq!(batch[1], slate, "{name}");
    }
}

#[test]
fn a_list_of_one_item_is_answered() {
    for history in [0, 1, HISTORY] {
        assert_answered(&Draft { candidates: 1, history, ..Draft::new() }, 5);
    }
}

#[test]
fn a_slate_longer_than_the_list_is_the_whole_list() {
    for len in [CANDIDATES, CANDIDATES + 1, usize::MAX] {
        assert_answered(&Draft::new(), len);
        assert_answered(&Draft { candidates: 2, ..Draft::new() }, len);
    }
}

#[test]
fn ids_beyond_the_vocabulary_read_the_reserved_row() {
    for first_id in [1_000, i32::MAX as u32, u32::MAX - 90] {
        assert_answered(&Draft { first_id, ..Draft::new() }, 5);
    }
    let unknown = Draft { first_id: 1_000, ..Draft::new() }.request();
    let beyond = Draft { first_id: 2_000_000, ..Draft::new() }.request();
    for (name, reranker) in rerankers(&FITTED.method) {
        assert_eq!(reranker.rerank(&unknown, 8).unwrap(), reranker.rerank(&beyond, 8).unwrap(), "{name}");
    }
}

#[test]
fn ages_of_any_size_are_answered() {
    for days in [0., 1e-30, 1e9, f32::MAX] {
        assert_answered(&Draft { ages: Some(days), history: HISTORY, ..Draft::new() }, 5);
    }
}

#[test]
fn huge_features_give_a_slate_or_an_error() {
    for dense in [1e6, 1e15, 1e30, -1e30, f32::MAX, f32::MIN] {
        let draft = Draft { dense, history: HISTORY, ..Draft::new() };
        for (name, reranker) in rerankers(&FITTED.method) {
            match reranker.rerank(&draft.request(), 5) {
                Ok(slate) => assert_eq!(slate.len(), 5, "{name}"),
                Err(RerankError::Slate(_) | RerankError::Other(_)) => {}
                Err(other) => panic!("{name}: {other}"),
            }
        }
    }
}

#[test]
fn a_beam_wider_than_all_slates_finds_the_best_of_them() {
    let request = Draft { candidates: 3, ..Draft::new() }.request();
    let answers = [100, 10_000, usize::MAX]
        .map(|width| FITTED.method.teacher_with(Strategy::Beam { width }).rerank(&request, 3).unwrap());
    assert!(answers.iter().all(|slate| *slate == answers[0]));
}
