//! What stands in a list, and what never does.

mod common;

use common::{Row, composition, lists, rows, write};
use proptest::prelude::*;
use psad_core::{Candidates, LabeledList, Request};
use psad_data::{Leak, RankerConfig, RatedList, RatingsConfig, RatingsDataset, Split, lint};

fn config(list_length: usize, seed: u64) -> RatingsConfig {
    let ranker = RankerConfig { factors: 2, sweeps: 2, ..RankerConfig::default() };
    let min_list_length = list_length.div_ceil(2);
    let splits = common::shares();
    RatingsConfig { list_length, min_list_length, max_history: 6, splits, ranker, seed, ..RatingsConfig::default() }
}

fn load(rows: &[Row], config: &RatingsConfig) -> RatingsDataset {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 30, rows);
    RatingsDataset::load(folder.path(), config).unwrap()
}

/// The time of the first candidate of all.
fn first_cut(dataset: &RatingsDataset) -> i64 {
    dataset.ranker().last_rating + 1
}

proptest! {
    #![proptest_config(common::cases(24))]

    #[test]
    fn no_label_decides_what_a_list_holds(salt in any::<u64>(), length in 2_usize..8, seed in any::<u64>()) {
        let rows = rows(10, 30, salt);
        let config = config(length, seed);
        let before = load(&rows, &config);
        let flipped: Vec<Row> = rows.iter().map(|row| Row { stars: 5.5 - row.stars, ..*row }).collect();
        prop_assert_eq!(composition(&before), composition(&load(&flipped, &config)));
        let loved: Vec<Row> = rows.iter().map(|row| Row { stars: 5., ..*row }).collect();
        prop_assert_eq!(composition(&before), composition(&load(&loved, &config)));
    }

    #[test]
    fn no_later_rating_reaches_the_ranker_the_features_or_an_earlier_list(salt in any::<u64>(), length in 2_usize..8) {
        let rows = rows(10, 30, salt);
        let config = config(length, 3);
        let before = load(&rows, &config);
        let later = |cut: i64| -> Vec<Row> {
            rows.iter().map(|row| if row.time < cut { *row } else { Row { stars: 5.5 - row.stars, ..*row } }).collect()
        };
        let after = load(&later(first_cut(&before)), &config);
        prop_assert_eq!(before.ranker(), after.ranker());
        for ((_, a), (_, b)) in lists(&before).zip(lists(&after)) {
            let movies = |list: &RatedList| {
                let items = list.list.request().candidates().items();
                let row = |(index, &movie): (usize, &u32)| (movie, items.dense().row(index).to_vec());
                let mut rows: Vec<_> = list.movies.iter().enumerate().map(row).collect();
                rows.sort_by_key(|(movie, _)| *movie);
                rows
            };
            prop_assert_eq!(movies(a), movies(b));
        }
        // Every list's request is blind to the ratings of its own time and after, its order included.
        for (split, list) in lists(&before).step_by(7) {
            let after = load(&later(list.time.max(first_cut(&before))), &config);
            let same = |(name, other): (&str, &RatedList)| {
                name == split && other.movies == list.movies && other.list.request() == list.list.request()
            };
            prop_assert!(lists(&after).any(same));
        }
    }

    #[test]
    fn lists_are_whole_in_order_and_without_leaks(salt in any::<u64>(), length in 2_usize..8, seed in any::<u64>()) {
        let rows = rows(10, 30, salt);
        let dataset = load(&rows, &config(length, seed));
        prop_assert_eq!(lint(&dataset), vec![]);
        let stars = |user, movie| rows.iter().find(|row| (row.user, row.movie) == (user, movie)).unwrap();
        for (_, rated) in lists(&dataset) {
            let request = rated.list.request();
            dataset.schema().check(request).unwrap();
            prop_assert!((length.div_ceil(2)..=length).contains(&rated.movies.len()));
            for (&movie, &label) in rated.movies.iter().zip(rated.list.labels()) {
                prop_assert_eq!(label > 0., stars(rated.user, movie).stars >= 4.);
            }
            let ages = request.history().ages().unwrap();
            for ((&movie, &kind), &age) in rated.history.iter().zip(request.history().feedback()).zip(ages) {
                let row = stars(rated.user, movie);
                prop_assert_eq!(kind == 1, row.stars >= 4.);
                prop_assert!(age > 0. && (age - (rated.time - row.time) as f32 / 86_400.).abs() < 1e-4);
            }
            prop_assert!(ages.iter().rev().is_sorted(), "oldest first");
            let earlier = rows.iter().filter(|row| row.user == rated.user && row.time < rated.time).count();
            prop_assert_eq!(rated.history.len(), earlier.min(6));
        }
    }

    #[test]
    fn the_order_of_rows_in_the_file_changes_nothing(salt in any::<u64>()) {
        let mut rows = rows(10, 30, salt);
        let before = load(&rows, &config(5, 1));
        rows.reverse();
        let after = load(&rows, &config(5, 1));
        prop_assert_eq!(before.ranker(), after.ranker());
        prop_assert_eq!((before.train, before.validation, before.test), (after.train, after.validation, after.test));
    }
}

/// Gives the worst score to the first candidate, and so on.
fn turn_scores(rated: &mut RatedList) {
    let request = rated.list.request();
    let scores = request.candidates().scores().iter().rev().copied().collect();
    let candidates = Candidates::new(request.candidates().items().clone(), scores).unwrap();
    let request = Request::new(request.user().clone(), request.history().clone(), candidates).unwrap();
    rated.list = LabeledList::new(request, rated.list.labels().to_vec().into()).unwrap();
}

#[test]
fn the_linter_finds_each_kind_of_leak() {
    let clean = load(&rows(10, 30, 9), &config(5, 1));
    let found = |tamper: &dyn Fn(&mut RatingsDataset), expected: &dyn Fn(&Leak) -> bool| {
        let mut dataset = clean.clone();
        tamper(&mut dataset);
        let leaks = lint(&dataset);
        assert!(leaks.iter().any(expected), "{leaks:?}");
        assert!(!leaks[0].to_string().is_empty());
    };
    let test = |leak: &Leak| matches!(leak, Leak::OutsideSplit { split: Split::RerankerTrain, .. });
    found(&|data| data.train.push(data.test[0].clone()), &test);
    found(&|data| data.train.push(data.test[0].clone()), &|leak| matches!(leak, Leak::Overlap { .. }));
    found(&|data| data.train.push(data.train[0].clone()), &|leak| matches!(leak, Leak::Repeated { .. }));
    found(&|data| drop(data.test.remove(0)), &|leak| matches!(leak, Leak::Dropped { split: Split::Test, .. }));
    let gap = |data: &mut RatingsDataset| data.train[0].movies.truncate(4);
    found(&gap, &|leak| matches!(leak, Leak::Dropped { .. } | Leak::Gap { .. }));
    found(&|data| turn_scores(&mut data.train[3]), &|leak| matches!(leak, Leak::Order { list: 3, position: 1, .. }));
    found(&|data| data.train[0].movies[0] = 99, &|leak| matches!(leak, Leak::Untraced { movie: 99, .. }));
    found(&|data| data.test[0].history[0] = 99, &|leak| matches!(leak, Leak::Untraced { movie: 99, .. }));
    let future = |data: &mut RatingsDataset| data.test[0].history[0] = data.test[0].movies[0];
    found(&future, &|leak| matches!(leak, Leak::FutureHistory { split: Split::Test, list: 0, .. }));
}

#[test]
fn a_film_that_training_hardly_knows_reads_the_unknown_row() {
    let mut rows = rows(30, 30, 4);
    // Film 7 appears only in the newest ratings.
    for row in rows.iter_mut().filter(|row| row.movie == 7) {
        row.time = 9_000_000;
    }
    let dataset = load(&rows, &config(5, 1));
    let (list, place) = lists(&dataset)
        .find_map(|(_, list)| list.movies.iter().position(|&movie| movie == 7).map(|place| (list, place)))
        .unwrap();
    let items = list.list.request().candidates().items();
    assert_eq!(items.sparse()[[place, 0]], 0);
    assert_eq!(common::feature(&dataset, list, "popularity")[place], 0.);
    assert_eq!(common::feature(&dataset, list, "mean_rating")[place], 0.);
    let other = (place + 1) % list.movies.len();
    assert_eq!(items.sparse()[[other, 0]], list.movies[other]);
}
