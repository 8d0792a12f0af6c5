//! Laws of reliability tables and of the expected calibration error.

use proptest::prelude::*;
use psad_eval::{Bins, Calibration};

fn items() -> impl Strategy<Value = Vec<(f32, f32)>> {
    let coarse = (0_u8..=8).prop_map(|eighths| f32::from(eighths) / 8.);
    prop::collection::vec((prop_oneof![coarse, 0_f32..=1.], (0_u8..2).prop_map(f32::from)), 1..60)
}

fn binnings() -> impl Strategy<Value = Bins> {
    (1_u32..20, any::<bool>()).prop_map(|(bins, width)| if width { Bins::Width(bins) } else { Bins::Mass(bins) })
}

fn table(items: &[(f32, f32)], bins: Bins) -> Calibration {
    let (predictions, labels): (Vec<f32>, Vec<f32>) = items.iter().copied().unzip();
    Calibration::new(&predictions, &labels, bins).unwrap()
}

proptest! {
    #[test]
    fn every_item_is_in_one_bin_and_within_its_ends(items in items(), bins in binnings()) {
        let table = table(&items, bins);
        let count: usize = table.bins().iter().map(|bin| bin.count).sum();
        prop_assert_eq!(count, items.len());
        for bin in table.bins() {
            prop_assert!(bin.count > 0 && bin.low - 1e-12 <= bin.mean_prediction && bin.mean_prediction <= bin.high + 1e-12);
        }
        prop_assert!(table.bins().windows(2).all(|pair| pair[0].high <= pair[1].low));
        prop_assert!((0. ..=1.).contains(&table.ece().unwrap()));
    }

    #[test]
    fn the_order_of_items_does_not_matter(items in items(), bins in binnings()) {
        let turned: Vec<(f32, f32)> = items.iter().rev().copied().collect();
        prop_assert_eq!(table(&items, bins), table(&turned, bins));
    }

    #[test]
    fn predictions_that_are_the_labels_have_no_error(items in items(), bins in binnings()) {
        let certain: Vec<(f32, f32)> = items.iter().map(|&(_, label)| (label, label)).collect();
        let wrong: Vec<(f32, f32)> = items.iter().map(|&(_, label)| (1. - label, label)).collect();
        if let Bins::Width(2..) = bins {
            prop_assert_eq!(table(&certain, bins).ece(), Some(0.));
            prop_assert_eq!(table(&wrong, bins).ece(), Some(1.));
        }
    }

    #[test]
    fn one_bin_compares_the_means(items in items()) {
        let mean = |values: Vec<f32>| values.iter().copied().map(f64::from).sum::<f64>() / values.len() as f64;
        let (predictions, labels): (Vec<f32>, Vec<f32>) = items.iter().copied().unzip();
        let gap = (mean(predictions) - mean(labels)).abs();
        for bins in [Bins::Width(1), Bins::Mass(1)] {
            prop_assert!((table(&items, bins).ece().unwrap() - gap).abs() < 1e-12);
        }
    }

    #[test]
    fn distinct_predictions_fill_bins_of_equal_mass_evenly(items in 1_usize..60, bins in 1_u32..20) {
        let distinct: Vec<(f32, f32)> = (0..items).map(|item| (item as f32 / items as f32, 0.)).collect();
        let table = table(&distinct, Bins::Mass(bins));
        let counts: Vec<usize> = table.bins().iter().map(|bin| bin.count).collect();
        prop_assert_eq!(counts.len(), items.min(bins as usize));
        prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{:?}", counts);
    }
}
