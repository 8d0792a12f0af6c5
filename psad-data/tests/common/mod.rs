//! Small folders of ratings, and what tests measure of lists.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::ProptestConfig;
use psad_data::{RatedList, RatingsDataset, SplitFractions};

/// So many cases; failures are printed and not kept in files.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Shares that leave every split of a small folder enough ratings for a list.
pub(crate) fn shares() -> SplitFractions {
    SplitFractions { ranker_train: 0.3, reranker_train: 0.3, validation: 0.2, test: 0.2 }
}

/// A rating as a test writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    pub(crate) user: u32,
    pub(crate) movie: u32,
    pub(crate) stars: f32,
    pub(crate) time: i64,
}

/// Writes a folder with `movies` films, ids 10, 20, …, and the given ratings.
pub(crate) fn write(folder: &Path, movies: u32, ratings: &[Row]) {
    let mut films = String::from("movieId,title,genres\n");
    for movie in 1..=movies {
        let genres = ["Comedy", "Drama|War", "(no genres listed)"][movie as usize % 3];
        writeln!(films, "{},\"Film, {movie} ({})\",{genres}", movie * 10, 1950 + movie).unwrap();
    }
    std::fs::write(folder.join("movies.csv"), films).unwrap();
    let mut stars = String::from("userId,movieId,rating,timestamp\n");
    for row in ratings {
        writeln!(stars, "{},{},{},{}", row.user, row.movie * 10, row.stars, row.time).unwrap();
    }
    std::fs::write(folder.join("ratings.csv"), stars).unwrap();
}

/// Ratings of `users` users, of all films each, with many equal timestamps; `salt` varies them.
pub(crate) fn rows(users: u32, movies: u32, salt: u64) -> Vec<Row> {
    let mut state = salt;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut rows = Vec::new();
    for user in 1..=users {
        for movie in 1..=movies {
            let stars = 0.5 + 0.5 * next(10) as f32;
            rows.push(Row { user, movie, stars, time: 1_000_000 + 5_000 * next(40) as i64 });
        }
    }
    rows
}

/// All lists with the name of their split.
pub(crate) fn lists(dataset: &RatingsDataset) -> impl Iterator<Item = (&'static str, &RatedList)> {
    let name = |name| move |list| (name, list);
    let train = dataset.train.iter().map(name("train"));
    train.chain(dataset.validation.iter().map(name("validation"))).chain(dataset.test.iter().map(name("test")))
}

/// What lists hold, without order: split, user, time and films.
pub(crate) fn composition(dataset: &RatingsDataset) -> Vec<(&'static str, u32, i64, Vec<u32>)> {
    let sorted = |list: &RatedList| {
        let mut movies = list.movies.clone();
        movies.sort_unstable();
        movies
    };
    lists(dataset).map(|(split, list)| (split, list.user, list.time, sorted(list))).collect()
}

/// A dense feature of the candidates of a list.
pub(crate) fn feature(dataset: &RatingsDataset, list: &RatedList, name: &str) -> Vec<f32> {
    let column = dataset.schema().item_dense().iter().position(|feature| feature == name).unwrap();
    list.list.request().candidates().items().dense().column(column).to_vec()
}

/// Share of pairs of a like and a dislike that scores put in the right order, over all lists; a tie is half a pair.
pub(crate) fn pairwise_auc<'a>(lists: impl IntoIterator<Item = (&'a [f32], Vec<f32>)>) -> f64 {
    let (mut right, mut pairs) = (0., 0.);
    for (labels, scores) in lists {
        for (_, a) in labels.iter().zip(&scores).filter(|(label, _)| **label > 0.) {
            for (_, b) in labels.iter().zip(&scores).filter(|(label, _)| **label == 0.) {
                right += if a > b {
                    1.
                } else if a == b {
                    0.5
                } else {
                    0.
                };
                pairs += 1.;
            }
        }
    }
    right / pairs
}

/// Mean NDCG@10 of the order by descending scores, lists without a like left out; equal scores keep the list's order.
pub(crate) fn ndcg<'a>(lists: impl IntoIterator<Item = (&'a [f32], Vec<f32>)>) -> f64 {
    let discounted = |labels: &[f32]| -> f64 {
        labels.iter().take(10).enumerate().map(|(i, &label)| f64::from(label) / (i as f64 + 2.).log2()).sum()
    };
    let (mut sum, mut count) = (0., 0.);
    for (labels, scores) in lists {
        let mut ideal = labels.to_vec();
        ideal.sort_by(|a, b| b.total_cmp(a));
        if ideal[0] > 0. {
            let mut order: Vec<usize> = (0..labels.len()).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            let ranked: Vec<f32> = order.into_iter().map(|i| labels[i]).collect();
            sum += discounted(&ranked) / discounted(&ideal);
            count += 1.;
        }
    }
    sum / count
}
