//! Slates are valid, and nobody's answer depends on who else asks.

use std::thread;

use proptest::prelude::*;
use psad::{Psad, PsadStudent, PsadTeacher, Request};

use crate::common::{CANDIDATES, DATA, Draft, FITTED, HISTORY, rerankers};

fn requests(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Request>> {
    let draft = (1..=CANDIDATES, 0..=HISTORY, 0_u32..2, 0_u32..200, -2_f32..2., prop::option::of(0_f32..400.));
    let request = draft.prop_map(|(candidates, history, feedback, first_id, dense, ages)| {
        Draft { candidates, history, feedback, first_id, dense, ages, ..Draft::new() }.request()
    });
    prop::collection::vec(request, count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_slate_is_valid_and_no_answer_depends_on_its_batch(
        (requests, order) in requests(1..6).prop_flat_map(|requests| {
            let order: Vec<usize> = (0..requests.len()).collect();
            (Just(requests), Just(order).prop_shuffle())
        }),
        len in 1..CANDIDATES + 3,
    ) {
        for (name, reranker) in rerankers(&FITTED.method) {
            let batch: Vec<&Request> = requests.iter().collect();
            let answers = reranker.rerank_batch(&batch, len).unwrap();
            prop_assert_eq!(answers.len(), batch.len());
            for (request, slate) in batch.iter().zip(&answers) {
                let candidates = request.candidates().len();
                prop_assert_eq!((slate.len(), slate.candidates()), (len.min(candidates), candidates));
                prop_assert!(psad::Slate::new(slate.as_slice().to_vec(), candidates).is_ok());
                prop_assert_eq!(&reranker.rerank(request, len).unwrap(), slate, "{}", name);
            }
            let shuffled: Vec<&Request> = order.iter().map(|&index| &requests[index]).collect();
            let shuffled = reranker.rerank_batch(&shuffled, len).unwrap();
            for (&index, slate) in order.iter().zip(&shuffled) {
                prop_assert_eq!(slate, &answers[index], "{}", name);
            }
        }
    }
}

#[test]
fn a_model_and_its_rerankers_can_be_shared() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    shared::<Psad>();
    shared::<PsadStudent>();
    shared::<PsadTeacher>();
    shared::<psad::FittedPsad>();
}

#[test]
fn four_threads_at_once_get_the_answers_of_one() {
    for (name, reranker) in rerankers(&FITTED.method) {
        let ask = || DATA.test.iter().map(|list| reranker.rerank(list.request(), 5).unwrap()).collect::<Vec<_>>();
        let alone = ask();
        thread::scope(|scope| {
            let askers: Vec<_> = (0..4).map(|_| scope.spawn(|| [ask(), ask()])).collect();
            for asker in askers {
                assert_eq!(asker.join().unwrap(), [alone.clone(), alone.clone()], "{name}");
            }
        });
    }
}
