//! Rerankers over lists: reports, contract, reference rows, latency.

use ndarray::{Array1, Array2};
use psad_core::{Candidates, History, Items, LabeledList, Request, RerankError, Reranker, Slate, User, from_fn};
use psad_eval::{
    EvaluateError, Gain, InitialOrder, LatencyError, Measure, MergeError, Metric, RandomOrder, evaluate, latency,
};

fn list(user: u32, labels: &[f32]) -> LabeledList {
    let count = labels.len();
    let items = Items::new(Array2::from_shape_fn((count, 1), |(item, _)| item as u32), Array2::zeros((count, 0)));
    let scores = Array1::from_shape_fn(count, |item| -(item as f32));
    let candidates = Candidates::new(items.unwrap(), scores).unwrap();
    let user = User::new(Array1::from(vec![user]), Array1::zeros(0)).unwrap();
    let request = Request::new(user, History::empty(1, 0), candidates).unwrap();
    LabeledList::new(request, Array1::from(labels.to_vec())).unwrap()
}

fn lists(count: u32) -> Vec<LabeledList> {
    (0..count).map(|n| list(n, &[0., (n % 2) as f32, 1., (n % 3) as f32, 0.][..3 + n as usize % 3])).collect()
}

#[test]
fn the_report_has_a_summary_per_metric_and_a_value_per_list() {
    let metrics: [Box<dyn Metric>; 2] = [Box::new(Measure::Recall.at(2)), Box::new(Measure::Clicks.at(9))];
    let reranker: Box<dyn Reranker> = Box::new(InitialOrder);
    let report = evaluate(&*reranker, [list(0, &[0., 1., 1.]), list(1, &[0., 0.])], &metrics, 2).unwrap();
    assert_eq!(report.get("recall@2").unwrap().values(), [Some(0.5), None]);
    assert_eq!(report.get("clicks@9").unwrap().values(), [Some(1.), Some(0.)]);
    assert!(report.get("clicks@2").is_none());
    assert_eq!(report.to_string().lines().count(), 2);
}

#[test]
fn an_evaluation_in_shards_is_the_evaluation_of_the_whole() {
    let lists = lists(150);
    let metrics = [Measure::Ndcg(Gain::Exponential).at(3), Measure::Precision.at(2)];
    let whole = evaluate(&RandomOrder::new(5), &lists, &metrics, 3).unwrap();
    for cut in [0, 1, 64, 100, 150] {
        let mut merged = evaluate(&RandomOrder::new(5), &lists[..cut], &metrics, 3).unwrap();
        merged.merge(evaluate(&RandomOrder::new(5), &lists[cut..], &metrics, 3).unwrap()).unwrap();
        assert_eq!(merged, whole);
    }
}

#[test]
fn reports_that_do_not_match_are_not_merged() {
    let report = |metric, len| evaluate(&InitialOrder, lists(2), &[metric], len).unwrap();
    let mut here = report(Measure::Recall.at(2), 3);
    let before = here.clone();
    assert!(matches!(here.merge(report(Measure::Recall.at(2), 2)), Err(MergeError::SlateLength { .. })));
    assert!(matches!(here.merge(report(Measure::Recall.at(3), 3)), Err(MergeError::Metric { .. })));
    let none: [Measure; 0] = [];
    let nothing = evaluate(&InitialOrder, lists(2), &none.map(|measure| measure.at(1)), 3).unwrap();
    assert_eq!(here.merge(nothing), Err(MergeError::Metrics { expected: 1, found: 0 }));
    assert_eq!(here, before);
}

struct Silent;

impl Reranker for Silent {
    fn rerank(&self, _: &Request, _: usize) -> Result<Slate, RerankError> {
        Err(RerankError::other("asleep"))
    }

    fn rerank_batch(&self, _: &[&Request], _: usize) -> Result<Vec<Slate>, RerankError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_reranker_that_breaks_its_contract_is_found_out() {
    let lists = lists(70);
    let metrics = [Measure::Clicks.at(2)];
    let fail = |reranker: &dyn Reranker| evaluate(reranker, &lists, &metrics, 2).unwrap_err();
    let short = fail(&from_fn(|request: &Request, _| Ok(Slate::initial(request.candidates().len(), 1))));
    assert!(matches!(short, EvaluateError::Slate { list: 0, what: "items", expected: 2, found: 1 }), "{short}");
    let foreign = fail(&from_fn(|_, len| Ok(Slate::initial(4, len))));
    assert!(matches!(foreign, EvaluateError::Slate { list: 0, what: "candidates", expected: 3, found: 4 }));
    assert!(matches!(fail(&Silent), EvaluateError::Answers { first: 0, asked: 64, found: 0 }));
    let late = fail(&from_fn(|request: &Request, len| match request.user().sparse()[0] {
        66 => Err(RerankError::other("no")),
        _ => InitialOrder.rerank(request, len),
    }));
    assert_eq!(late.to_string(), "the reranker failed on lists 64 to 69: no");
    assert!(matches!(evaluate(&InitialOrder, &lists, &metrics, 0), Err(EvaluateError::EmptySlate)));
}

#[test]
fn an_overflowing_metric_is_an_error_with_its_name() {
    let metrics = [Measure::Dcg(Gain::Exponential).at(1)];
    let error = evaluate(&InitialOrder, [list(0, &[5000.])], &metrics, 1).unwrap_err();
    assert_eq!(error.to_string(), "`dcg@1(exp)` is inf on list 0; values must be finite");
}

#[test]
fn a_label_above_the_highest_grade_is_an_error_with_its_list() {
    let metrics = [Measure::ExpectedReciprocalRank { highest: 2 }.at(1)];
    let error = evaluate(&InitialOrder, [list(0, &[2., 0.]), list(1, &[1., 3.])], &metrics, 1).unwrap_err();
    assert_eq!(error.to_string(), "`err@1(max=2)` is NaN on list 1; values must be finite");
}

#[test]
fn a_random_order_depends_on_the_request_and_the_seed_alone() {
    let lists = lists(30);
    let requests: Vec<&Request> = lists.iter().map(LabeledList::request).collect();
    let random = RandomOrder::new(1);
    let batch = random.rerank_batch(&requests, 3).unwrap();
    for (request, slate) in requests.iter().zip(&batch).rev() {
        assert_eq!(&random.rerank(request, 3).unwrap(), slate);
        assert_eq!(&random.rerank(request, 2).unwrap().as_slice(), &&slate.as_slice()[..2]);
    }
    assert_ne!(batch, RandomOrder::new(2).rerank_batch(&requests, 3).unwrap());
    let same_length: Vec<&Slate> = batch.iter().filter(|slate| slate.candidates() == 5).collect();
    assert!(same_length.windows(2).any(|pair| pair[0] != pair[1]), "other users, other orders");
}

#[test]
fn a_random_order_is_uniform() {
    let mut counts = [[0_u32; 4]; 4];
    for user in 0..4000 {
        let slate = RandomOrder::new(9).rerank(list(user, &[0.; 4]).request(), 9).unwrap();
        slate.iter().enumerate().for_each(|(slot, item)| counts[slot][item] += 1);
    }
    // 1000 expected, deviation 27.
    assert!(counts.iter().flatten().all(|count| (870..=1130).contains(count)), "{counts:?}");
}

#[test]
fn latency_times_every_request() {
    let lists = lists(10);
    let requests: Vec<&Request> = lists.iter().map(LabeledList::request).collect();
    let times = latency(&InitialOrder, &requests, 3, 5, 2).unwrap();
    assert!(times.calls == 20 && times.p50_us >= 0. && times.p50_us <= times.p99_us);
    let nothing = latency(&InitialOrder, &requests, 3, 5, 0);
    assert!(matches!(nothing, Err(LatencyError::NothingToTime { requests: 10, rounds: 0 })));
    for rounds in [usize::MAX, 10_000_001] {
        let too_much = latency(&InitialOrder, &requests, 3, 5, rounds);
        assert!(matches!(too_much, Err(LatencyError::TooMuchToTime { requests: 10, .. })));
    }
    assert!(matches!(latency(&Silent, &requests, 3, 0, 1), Err(LatencyError::Rerank(_))));
}
