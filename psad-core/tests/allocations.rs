//! What a server does for every request allocates nothing once the memory is there.

use allocation_counter::measure;
use ndarray::{Array1, Array2};
use psad_core::{Candidates, History, Items, Request, Schema, Slate, SlateBuilder, User};

fn items(count: usize) -> Items {
    Items::new(Array2::zeros((count, 2)), Array2::zeros((count, 1))).unwrap()
}

/// A list of any length up to 100, whose scores repeat.
fn request(candidates: usize) -> Request {
    let scores = Array1::from_shape_fn(candidates, |item| ((item * 37) % 11) as f32);
    let history = History::new(items(20), Array1::zeros(20)).unwrap().with_ages(Array1::ones(20)).unwrap();
    Request::new(User::anonymous(), history, Candidates::new(items(candidates), scores).unwrap()).unwrap()
}

#[test]
fn a_slate_by_score_allocates_nothing_after_the_longest_list() {
    let lists: Vec<Vec<f32>> =
        [100, 1, 40, 100, 7].map(|count| (0..count).map(|item| ((item * 37) % 11) as f32).collect()).into();
    let (mut builder, mut slate, mut order) = (SlateBuilder::new(0), Slate::default(), Vec::new());
    let mut answer = |scores: &[f32], len| {
        builder.reset(scores.len(), len);
        builder.push(0).unwrap();
        builder.fill_by_score(scores, &mut order).unwrap();
        builder.finish_into(&mut slate);
    };
    answer(&lists[0], 100);
    let allocations = measure(|| {
        for (scores, len) in lists.iter().flat_map(|scores| [1, 10, 100].map(|len| (scores, len))) {
            answer(scores, len);
        }
    });
    assert_eq!(allocations.count_total, 0);
    assert_eq!(slate.len(), 7);
}

#[test]
fn checks_and_features_of_a_request_allocate_nothing() {
    let schema = Schema::builder().item_sparse("film", 9).item_sparse("genre", 3).item_dense("year");
    let schema = schema.feedback(["liked"]).build().unwrap();
    let request = request(50);
    let mut sum = 0.;
    let allocations = measure(|| {
        schema.check(&request).unwrap();
        schema.check_user(request.user(), request.history()).unwrap();
        schema.check_candidates(request.candidates()).unwrap();
        sum = request.candidates().standardised_scores().map(f32::abs).sum::<f32>();
        sum += request.history().distances().map(|far| schema.history_bucket(far) as f32).sum::<f32>();
    });
    assert_eq!(allocations.count_total, 0);
    assert!(sum > 20.);
}
