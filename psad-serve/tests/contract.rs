//! Served rerankers keep the contract of every reranker, and search like the trained ones.

mod common;

use common::{Draw, MAX_CANDIDATES, MAX_HISTORY};
use psad::decode::Strategy;
use psad::methods::Nar4RecConfig;
use psad::testing::Conformance;
use psad::{PsadConfig, Request, Reranker};
use psad_serve::{Dispatch, Model, ServeError};

fn strategies() -> [Strategy; 6] {
    [
        Strategy::Greedy,
        Strategy::Contrastive { alpha: 0.4 },
        Strategy::Beam { width: 3 },
        Strategy::Sample { seed: 5, samples: 2 },
        Strategy::Assignment,
        Strategy::Plan,
    ]
}

#[test]
fn whatever_is_asked_gets_a_valid_slate_under_its_rules() {
    let schema = common::schema(true, true, true);
    let conformance = Conformance::new(&schema).requests(24).seed(3);
    let (_, psad) = common::psad(&schema, PsadConfig::small(), 7);
    let (_, nar4rec) = common::nar4rec(&schema, Nar4RecConfig::small(), 7);
    for dispatch in Dispatch::available() {
        let psad = Model::with_dispatch(&psad, dispatch).expect("a file of this version");
        let nar4rec = Model::with_dispatch(&nar4rec, dispatch).expect("a file of this version");
        let check = |reranker: &dyn Reranker| conformance.check(reranker).map_err(|error| error.to_string());
        check(&psad.student().expect("a model of PSAD")).expect("PSAD-S conforms");
        for strategy in strategies() {
            let teacher = psad.teacher_with(3, strategy.clone()).expect("a model of PSAD");
            check(&teacher).unwrap_or_else(|error| panic!("PSAD-G, {strategy:?}: {error}"));
            let matching = nar4rec.matching_with(strategy.clone()).expect("a model of NAR4Rec");
            check(&matching).unwrap_or_else(|error| panic!("NAR4Rec, {strategy:?}: {error}"));
        }
    }
}

/// Numbers that differ in the seventh digit may turn a search elsewhere, but rarely.
#[test]
fn every_strategy_and_block_size_finds_what_it_found_in_training() {
    let schema = common::schema(true, true, true);
    let (psad, psad_file) = common::psad(&schema, PsadConfig::small(), 11);
    let (nar4rec, nar4rec_file) = common::nar4rec(&schema, Nar4RecConfig::small(), 11);
    let served_psad = Model::from_file(&psad_file).expect("a file of this version");
    let served_nar4rec = Model::from_file(&nar4rec_file).expect("a file of this version");
    let mut draw = Draw(13);
    let requests: Vec<Request> = (0..30)
        .map(|_| {
            let (history, candidates) = (draw.below(MAX_HISTORY + 1), 1 + draw.below(MAX_CANDIDATES));
            draw.request(&schema, history, candidates)
        })
        .collect();
    let agree = |name: &str, served: &dyn Reranker, trained: &dyn Reranker| {
        let same = |request: &&Request| {
            let len = 1 + request.history().len() % 12;
            served.rerank(request, len).expect("it fits") == trained.rerank(request, len).expect("it fits")
        };
        let same = requests.iter().filter(same).count();
        assert!(same + 1 >= requests.len(), "{name}: {same} of {} slates agree", requests.len());
    };
    for strategy in strategies() {
        for block_size in [1, 2, 5, 7, 60] {
            let served = served_psad.teacher_with(block_size, strategy.clone()).expect("a model of PSAD");
            let trained = psad.teacher_in_blocks(block_size, strategy.clone());
            agree(&format!("PSAD-G, blocks of {block_size}, {strategy:?}"), &served, &trained);
        }
        let served = served_nar4rec.matching_with(strategy.clone()).expect("a model of NAR4Rec");
        agree(&format!("NAR4Rec, {strategy:?}"), &served, &nar4rec.generator_with(strategy));
    }
}

#[test]
fn no_strategy_asks_for_more_than_the_answer_needs() {
    let schema = common::schema(true, false, false);
    let (_, psad) = common::psad(&schema, PsadConfig::small(), 2);
    let model = Model::from_file(&psad).expect("a file of this version");
    let request = Draw(3).request(&schema, 4, 6);
    let sampled = |samples| {
        let teacher = model.teacher_with(2, Strategy::Sample { seed: 1, samples }).expect("a strategy");
        teacher.rerank(&request, 4).expect("the request fits")
    };
    assert_eq!(sampled(usize::MAX), sampled(1));
    let beam = model.teacher_with(2, Strategy::Beam { width: usize::MAX });
    assert!(matches!(beam, Err(ServeError::Beam { width: usize::MAX, .. })));
    assert!(matches!(model.teacher_with(0, Strategy::Greedy), Err(ServeError::BlockSize)));
    assert!(matches!(model.matching_with(Strategy::Greedy), Err(ServeError::NoReranker { kind: "psad", .. })));
}
