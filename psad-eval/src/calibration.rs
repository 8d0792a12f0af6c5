//! Whether predicted probabilities are the shares that come true.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::input::{InputError, check_length, check_probabilities};

/// How predictions are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Bins {
    /// This many intervals of one width: (0, 1/n], (1/n, 2/n], …, the first with its 0.
    Width(u32),
    /// This many bins of as equal a number of items as ties allow: an item with `below` of `items` predictions under its
    /// own is in bin `⌊n · below / items⌋`. Equal predictions are always in one bin, so the order of items means nothing.
    Mass(u32),
}

/// A bin of the reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Lower end: of the interval for [`Bins::Width`], the least prediction for [`Bins::Mass`].
    pub low: f64,
    /// Upper end: of the interval for [`Bins::Width`], the greatest prediction for [`Bins::Mass`].
    pub high: f64,
    /// Number of items.
    pub count: usize,
    /// Mean of their predictions.
    pub mean_prediction: f64,
    /// Mean of their labels.
    pub mean_label: f64,
}

/// The reliability table of predictions, and the error that is read from it.
///
/// ```
/// use psad_eval::{Bins, Calibration};
/// let table = Calibration::new(&[0.125, 0.25, 0.75, 0.75], &[0., 1., 1., 1.], Bins::Width(2))?;
/// let bars: Vec<_> = table.bins().iter().map(|bin| (bin.count, bin.mean_prediction, bin.mean_label)).collect();
/// assert_eq!(bars, [(2, 0.1875, 0.5), (2, 0.75, 1.)]);
/// assert_eq!((table.name().as_str(), table.ece()), ("ece(width,2)", Some(0.28125)));
/// # Ok::<(), psad_eval::InputError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    binning: Bins,
    bins: Vec<Bin>,
}

impl Calibration {
    /// Puts predictions and their labels into bins; both lie in [0, 1].
    ///
    /// # Errors
    /// [`InputError::Length`], [`InputError::Probability`] for a prediction or a label outside [0, 1],
    /// [`InputError::Parameter`] for 0 bins.
    pub fn new(predictions: &[f32], labels: &[f32], binning: Bins) -> Result<Self, InputError> {
        check_length("labels", predictions.len(), labels.len())?;
        check_probabilities("prediction", predictions)?;
        check_probabilities("label", labels)?;
        let (Bins::Width(number) | Bins::Mass(number)) = binning;
        if number == 0 {
            return Err(InputError::Parameter { what: "number of bins", value: 0., range: "[1, ∞)" });
        }
        let mut order: Vec<usize> = (0..predictions.len()).collect();
        // Ties by label: sums then come out the same in whatever order the items came.
        order.sort_by(|&a, &b| predictions[a].total_cmp(&predictions[b]).then_with(|| labels[a].total_cmp(&labels[b])));
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut below = 0;
        for group in order.chunk_by(|&a, &b| predictions[a] == predictions[b]) {
            let bin = match binning {
                Bins::Width(number) => interval(predictions[group[0]], number),
                Bins::Mass(number) => (u128::from(number) * below as u128 / predictions.len() as u128) as u32,
            };
            members.entry(bin).or_default().extend(group);
            below += group.len();
        }
        let bins = members.into_iter().map(|(bin, items)| row(binning, bin, &items, predictions, labels)).collect();
        Ok(Self { binning, bins })
    }

    /// `ece(width,15)`, `ece(mass,15)`.
    pub fn name(&self) -> String {
        match self.binning {
            Bins::Width(number) => format!("ece(width,{number})"),
            Bins::Mass(number) => format!("ece(mass,{number})"),
        }
    }

    /// The bins that hold an item, by ascending prediction.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// Expected calibration error: `Σ count / items · |mean label − mean prediction|` over bins (Naeini, Cooper &
    /// Hauskrecht, AAAI 2015; Guo et al., *On calibration of modern neural networks*, ICML 2017). `None` without items.
    pub fn ece(&self) -> Option<f64> {
        let items: usize = self.bins.iter().map(|bin| bin.count).sum();
        let gaps = self.bins.iter().map(|bin| bin.count as f64 * (bin.mean_label - bin.mean_prediction).abs());
        (items > 0).then(|| gaps.sum::<f64>() / items as f64)
    }
}

fn interval(prediction: f32, number: u32) -> u32 {
    // A `f32` times a number below 2^29 is exact in `f64`, so a prediction on an edge is found to be on it.
    let end = (f64::from(prediction) * f64::from(number)).ceil();
    (end as u32).saturating_sub(1)
}

fn row(binning: Bins, bin: u32, items: &[usize], predictions: &[f32], labels: &[f32]) -> Bin {
    let mean = |values: &[f32]| items.iter().map(|&item| f64::from(values[item])).sum::<f64>() / items.len() as f64;
    let (low, high) = match binning {
        Bins::Width(number) => {
            let edge = |at: u32| f64::from(at) / f64::from(number);
            (edge(bin), edge(bin + 1))
        }
        // Items came by ascending prediction, and no bin is made without one.
        Bins::Mass(_) => (f64::from(predictions[items[0]]), f64::from(predictions[items[items.len() - 1]])),
    };
    Bin { low, high, count: items.len(), mean_prediction: mean(predictions), mean_label: mean(labels) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(predictions: &[f32], binning: Bins) -> Vec<(f64, f64, usize)> {
        let table = Calibration::new(predictions, &vec![0.; predictions.len()], binning).unwrap();
        table.bins().iter().map(|bin| (bin.low, bin.high, bin.count)).collect()
    }

    #[test]
    fn an_edge_belongs_to_the_interval_below_it() {
        let edges = [0., 0.25, 0.5, 0.500_000_06, 1.];
        assert_eq!(counts(&edges, Bins::Width(4)), [(0., 0.25, 2), (0.25, 0.5, 1), (0.5, 0.75, 1), (0.75, 1., 1)]);
        assert_eq!(counts(&[1., 0., -0.], Bins::Width(u32::MAX)).len(), 2);
    }

    #[test]
    fn equal_predictions_share_a_bin() {
        assert_eq!(counts(&[0.5, 0.25, 0.5, 0.5], Bins::Mass(2)), [(0.25, 0.5, 4)]);
        assert_eq!(counts(&[0.5, 0.25, 0.75, 1.], Bins::Mass(2)), [(0.25, 0.5, 2), (0.75, 1., 2)]);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let refuse =
            |predictions: &[f32], labels: &[f32], bins| Calibration::new(predictions, labels, bins).unwrap_err();
        assert!(matches!(refuse(&[f32::NAN], &[0.], Bins::Width(3)), InputError::Probability { item: 0, .. }));
        assert!(matches!(refuse(&[0.5], &[2.], Bins::Mass(3)), InputError::Probability { what: "label", .. }));
        assert!(matches!(refuse(&[0.5], &[], Bins::Mass(3)), InputError::Length { .. }));
        assert!(matches!(refuse(&[], &[], Bins::Width(0)), InputError::Parameter { .. }));
        assert_eq!(Calibration::new(&[], &[], Bins::Width(3)).unwrap().ece(), None);
    }
}
