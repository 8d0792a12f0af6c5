//! The real thing: the MovieLens development set, where it lies beside the checkout.

mod common;

use std::path::PathBuf;
use std::time::Instant;

use common::{feature, ndcg, pairwise_auc};
use psad_data::{RatedList, RatingsConfig, RatingsDataset, lint};

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ml-latest-small");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no MovieLens data at {}", folder.display());
    None
}

/// A number from 0 to 1 per candidate that has nothing to do with anything.
fn noise(list: &RatedList) -> Vec<f32> {
    let mix = |x: u32| (x ^ (x >> 15)).wrapping_mul(2_654_435_769);
    let draw = |&movie: &u32| (mix(mix(movie) ^ list.user.rotate_left(16)) >> 8) as f32 / (1 << 24) as f32;
    list.movies.iter().map(draw).collect()
}

#[test]
fn movielens_becomes_lists_without_leaks_and_with_an_honest_ranker() {
    let Some(folder) = folder() else { return };
    let begun = Instant::now();
    let dataset = RatingsDataset::load(folder, &RatingsConfig::default()).unwrap();
    eprintln!("loaded in {:?}", begun.elapsed());
    assert_eq!(dataset.report().ratings.skipped_rows(), 0);
    // The edition of October 2016; later ones of the same name hold other ratings.
    if dataset.report().ratings.read == 100_004 {
        assert_eq!((dataset.report().users, dataset.report().movies.read), (671, 9_125));
        assert_eq!((dataset.train.len(), dataset.validation.len(), dataset.test.len()), (1_749, 502, 755));
    }
    assert_eq!(dataset.title(1), Some("Toy Story (1995)"));
    assert_eq!(lint(&dataset), vec![]);

    for (name, lists) in [("validation", &dataset.validation), ("test", &dataset.test)] {
        let scored = |score: &dyn Fn(&RatedList) -> Vec<f32>| {
            let scored: Vec<_> = lists.iter().map(|list| (list.list.labels(), score(list))).collect();
            let (ndcg, auc) = (ndcg(scored.iter().cloned()), pairwise_auc(scored));
            (ndcg, auc)
        };
        let ranker = scored(&|list| list.list.request().candidates().scores().to_vec());
        // Equal numbers, as of all new films, are ordered at random: the list's own order is the ranker's.
        let by_feature = |name: &str, list: &RatedList| -> Vec<f32> {
            feature(&dataset, list, name).iter().zip(noise(list)).map(|(value, noise)| value + 1e-4 * noise).collect()
        };
        let mean = scored(&|list| by_feature("mean_rating", list));
        let popular = scored(&|list| by_feature("popularity", list));
        let random = scored(&noise);
        eprintln!(
            "{name} (NDCG@10, AUC): ranker {ranker:.4?}, film mean {mean:.4?}, popularity {popular:.4?}, \
             random {random:.4?}"
        );
        for (other, auc, ndcg) in [(mean, 0.02, 0.01), (popular, 0.06, 0.03), (random, 0.08, 0.06)] {
            assert!(ranker.1 > other.1 + auc, "{name}: AUC of {ranker:?} against {other:?}");
            assert!(ranker.0 > other.0 + ndcg, "{name}: NDCG of {ranker:?} against {other:?}");
        }
    }
}
