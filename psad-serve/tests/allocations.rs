//! Once a thread has answered the largest request, answering allocates nothing.

mod common;

use allocation_counter::{AllocationInfo, measure};
use common::{Draw, MAX_CANDIDATES, MAX_HISTORY, schema};
use psad::decode::Strategy;
use psad::methods::Nar4RecConfig;
use psad::{PsadConfig, Request, Reranker, Slate};
use psad_core::{Constraints, ModelFile};
use psad_serve::{Dispatch, Model, Served, UserState};

/// Every reranker that answers without allocating, on every path of instructions.
fn rerankers() -> Vec<Served> {
    let schema = schema(true, true, true);
    let plain = PsadConfig { context_enhancement: false, scorer_hidden: Vec::new(), ..PsadConfig::default() };
    let files = [
        common::psad(&schema, PsadConfig::default(), 1).1,
        common::psad(&schema, plain, 2).1,
        common::nar4rec(&schema, Nar4RecConfig::default(), 3).1,
    ];
    files.iter().flat_map(|file| Dispatch::available().flat_map(|dispatch| of_file(file, dispatch))).collect()
}

fn of_file(file: &ModelFile, dispatch: Dispatch) -> Vec<Served> {
    let model = Model::with_dispatch(file, dispatch).expect("a file of this version");
    if model.kind() == "nar4rec" {
        let strategies = [Strategy::Greedy, Strategy::Contrastive { alpha: 0.6 }];
        return strategies.map(|strategy| model.matching_with(strategy).expect("a strategy")).into();
    }
    let blocks = [1, 2, 5, 10].map(|block_size| (block_size, Strategy::Greedy));
    let teachers = blocks.into_iter().chain([(5, Strategy::Contrastive { alpha: 0.6 })]);
    let teachers = teachers.map(|(block_size, strategy)| model.teacher_with(block_size, strategy).expect("a strategy"));
    teachers.chain([model.student().expect("a model of PSAD")]).collect()
}

/// The largest request, and others in no order of size.
fn requests() -> (Request, Vec<(Request, usize)>) {
    let (schema, mut draw) = (schema(true, true, true), Draw(4));
    let largest = draw.request(&schema, MAX_HISTORY, MAX_CANDIDATES);
    let others = (0..30).map(|_| {
        let candidates = 1 + draw.below(MAX_CANDIDATES);
        let history = draw.below(MAX_HISTORY + 1);
        (draw.request(&schema, history, candidates), 1 + draw.below(MAX_CANDIDATES))
    });
    let sizes = [(0, 1, 1), (MAX_HISTORY, 1, MAX_CANDIDATES), (0, MAX_CANDIDATES, MAX_CANDIDATES)];
    let others: Vec<_> = others.collect();
    let ends = sizes.map(|(history, candidates, len)| (draw.request(&schema, history, candidates), len));
    let all = others.into_iter().chain(ends).chain([(largest.clone(), MAX_CANDIDATES)]).collect();
    (largest, all)
}

/// What every request costs each reranker, once `answer` has had the largest.
fn costs(mut answer: impl FnMut(&Served, &Request, usize)) -> Vec<(String, AllocationInfo)> {
    let (largest, requests) = requests();
    let mut costs = Vec::new();
    for served in rerankers() {
        answer(&served, &largest, MAX_CANDIDATES);
        for (request, len) in &requests {
            let cost = measure(|| answer(&served, request, *len));
            let (history, candidates) = (request.history().len(), request.candidates().len());
            costs.push((format!("{served:?}: {len} of {candidates} candidates, history of {history}"), cost));
        }
    }
    costs
}

fn none(costs: Vec<(String, AllocationInfo)>) {
    for (what, cost) in costs {
        assert_eq!(cost.count_total, 0, "{what}: {cost:?}");
    }
}

#[test]
fn a_request_is_answered_without_allocating() {
    let mut slate = Slate::default();
    none(costs(|served, request, len| served.rerank_into(request, len, &mut slate).expect("the request fits")));
}

#[test]
fn a_known_user_is_answered_without_allocating() {
    let (largest, requests) = requests();
    let (rules, mut slate) = (Constraints::default(), Slate::default());
    for served in rerankers() {
        let state = served.encode_user(largest.user(), largest.history()).expect("the user fits");
        let mut answer = |request: &Request, len| {
            let answer = served.rerank_with_into(&state, request.candidates(), &rules, len, &mut slate);
            answer.expect("the candidates fit");
        };
        answer(&largest, MAX_CANDIDATES);
        let cost = measure(|| requests.iter().for_each(|(request, len)| answer(request, *len)));
        assert_eq!(cost.count_total, 0, "{served:?}: {cost:?}");
    }
}

#[test]
fn a_user_is_encoded_without_allocating() {
    // A state of its own for each reranker: those of models of other sizes differ in size.
    let (largest, requests) = requests();
    for served in rerankers() {
        let mut state = UserState::default();
        let mut encode = |request: &Request| {
            let encoded = served.encode_user_into(request.user(), request.history(), &mut state);
            encoded.expect("the user fits");
        };
        encode(&largest);
        let cost = measure(|| requests.iter().for_each(|(request, _)| encode(request)));
        assert_eq!(cost.count_total, 0, "{served:?}: {cost:?}");
    }
}

#[test]
fn an_owned_answer_allocates_the_slate_alone() {
    let costs = costs(|served, request, len| {
        let slate = served.rerank(request, len).expect("the request fits");
        assert_eq!(slate.len(), len.min(request.candidates().len()));
    });
    for (what, cost) in costs {
        assert_eq!((cost.count_total, cost.count_current), (1, 0), "{what}: {cost:?}");
        assert!(cost.bytes_total <= (MAX_CANDIDATES * size_of::<usize>()) as u64, "{what}: {cost:?}");
    }
}

#[test]
fn a_thread_that_was_warmed_up_allocates_nothing_from_the_first_request_on() {
    let (_, requests) = requests();
    for served in rerankers() {
        let answer = || {
            let mut slate = Slate::default();
            served.rerank_into(&requests[0].0, MAX_CANDIDATES, &mut slate).expect("the request fits");
        };
        let warmed = || (served.warm_up().expect("a blank request fits"), measure(answer)).1;
        let cold = std::thread::scope(|scope| scope.spawn(|| measure(answer)).join()).expect("no panic");
        let cost = std::thread::scope(|scope| scope.spawn(warmed).join()).expect("no panic");
        assert!(cold.count_total > 10, "{served:?}: {cold:?}");
        // The slate.
        assert_eq!(cost.count_total, 1, "{served:?}: {cost:?}");
    }
}
