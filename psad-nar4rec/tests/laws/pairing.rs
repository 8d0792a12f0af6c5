//! Generator and evaluator together: the slate that is shown is the best of what was proposed.

use std::num::NonZeroUsize;
use std::sync::Arc;

use burn::tensor::Device;
use proptest::prelude::*;
use psad_core::{GeneratorEvaluator, Reranker, SlateEvaluator, SlateProposer};
use psad_decode::Strategy;
use psad_nar4rec::{AttentionEvaluator, MatchingGenerator};
use psad_nn::{Teacher, TensorEvaluator, TensorReranker};

use crate::common::{LONGEST, cases};
use crate::model::{Encoder, encoder, evaluator, generator, logged, schema, tables};

type Proposer = TensorReranker<Teacher<Encoder, MatchingGenerator>>;

fn proposer() -> Proposer {
    let device = Device::flex();
    let teacher = Teacher::new(encoder(&device), generator(&device), LONGEST, Strategy::Greedy);
    TensorReranker::new(&teacher, Arc::new(tables()), &schema(), &device)
}

fn judge() -> TensorEvaluator<Encoder, AttentionEvaluator> {
    let device = Device::flex();
    TensorEvaluator::new(&encoder(&device), &evaluator(&device), Arc::new(tables()), &schema(), &device)
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_picked_slate_has_the_greatest_value_of_the_proposals(
        lists in logged(), len in 1..=LONGEST + 1, count in 1_usize..30,
    ) {
        let (proposer, judge, count) = (proposer(), judge(), NonZeroUsize::new(count).unwrap());
        let pair = GeneratorEvaluator::new(proposer.clone(), judge.clone(), count);
        for request in lists.iter().map(crate::model::Logged::request) {
            let slates = proposer.propose(&request, len, count).unwrap();
            let values = judge.evaluate(&request, &slates).unwrap();
            let best = (0..slates.len()).reduce(|best, each| if values[each] > values[best] { each } else { best });
            prop_assert_eq!(&pair.rerank(&request, len).unwrap(), &slates[best.unwrap()]);
            prop_assert!(values.iter().all(|&value| value > 0. && value < len as f64));
        }
    }

    #[test]
    fn more_proposals_never_lower_the_value(lists in logged(), len in 1..=LONGEST) {
        let judge = judge();
        for request in lists.iter().map(crate::model::Logged::request) {
            let value = |count: usize| {
                let count = NonZeroUsize::new(count).unwrap();
                let slate = GeneratorEvaluator::new(proposer(), judge.clone(), count).rerank(&request, len).unwrap();
                judge.evaluate(&request, &[slate]).unwrap()[0]
            };
            let values: Vec<f64> = [1, 2, 5, 12, 30].map(value).to_vec();
            // In other company a value may be rounded otherwise.
            prop_assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-5), "{:?}", values);
        }
    }

    #[test]
    fn a_reranker_made_of_it_answers_alone_as_in_a_batch(lists in logged(), len in 1..=LONGEST) {
        let reranker = proposer();
        let requests: Vec<_> = lists.iter().map(crate::model::Logged::request).collect();
        let together = reranker.rerank_batch(&requests.iter().collect::<Vec<_>>(), len).unwrap();
        for (request, together) in requests.iter().zip(together) {
            prop_assert_eq!(reranker.rerank(request, len).unwrap(), together);
        }
    }
}
