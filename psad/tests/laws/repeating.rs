//! One seed gives one model, whoever computes it.

use psad::FittedPsad;
use psad::train::EpochReport;

use crate::common::{DATA, FITTED, bytes, fit, rerankers};

fn timeless(fitted: &FittedPsad) -> Vec<EpochReport> {
    fitted.epochs.iter().map(|epoch| EpochReport { seconds: 0., ..epoch.clone() }).collect()
}

fn assert_alike(one: &FittedPsad, other: &FittedPsad) {
    assert_eq!(bytes(&one.method), bytes(&other.method));
    assert_eq!(timeless(one), timeless(other));
    assert_eq!(one.validation, other.validation);
    assert_eq!((one.best_epoch, one.stopped_early), (other.best_epoch, other.stopped_early));
}

#[test]
fn one_seed_gives_one_model_byte_for_byte() {
    assert_alike(&FITTED, &fit(7, 1));
    assert_eq!(FITTED.epochs.len(), 2);
    assert_eq!(FITTED.validation.len(), 2);
}

#[test]
fn the_number_of_workers_changes_no_byte() {
    assert_alike(&FITTED, &fit(7, 2));
    assert_alike(&FITTED, &fit(7, 0));
}

#[test]
fn another_seed_gives_another_model() {
    assert_ne!(bytes(&FITTED.method), bytes(&fit(8, 1).method));
}

#[test]
fn two_rerankers_of_one_model_answer_alike() {
    for ((name, one), (_, other)) in rerankers(&FITTED.method).iter().zip(rerankers(&FITTED.method)) {
        for list in &DATA.test {
            let (one, other) = (one.rerank(list.request(), 5).unwrap(), other.rerank(list.request(), 5).unwrap());
            assert_eq!(one, other, "{name}");
        }
    }
}
