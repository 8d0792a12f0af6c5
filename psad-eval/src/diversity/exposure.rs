//! How evenly items share the attention that many slates give.

use std::collections::BTreeMap;

use psad_core::Slate;

use crate::MergeError;
use crate::input::{InputError, check_length};

/// How much attention a slot of the top k gives to its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExposureDiscount {
    /// `1 / log2(i + 1)` in slot i (Singh & Joachims, *Fairness of exposure in rankings*, KDD 2018).
    Logarithmic,
    /// 1 in each slot: how often an item was shown.
    Uniform,
}

/// The items among which exposure is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Population {
    /// Those that were a candidate of at least one list.
    Candidates,
    /// A catalogue of this many items, of which those that were never a candidate have no exposure.
    Catalog(usize),
}

/// Gini coefficient of exposure over items, from the top k of many slates.
///
/// `G = Σ_i (2i − n − 1) x_i / (n Σ x)` with exposures x ascending and i from 1 (Gini 1912; for recommendations Fleder &
/// Hosanagar, *Blockbuster culture's next rise or fall*, Management Science 2009): 0 where all have the same,
/// `1 − 1/n` where one item has all. Some divide by `n − 1` instead of n: multiply by `n / (n − 1)` for that.
///
/// What is kept is how often each item stood in each slot, so shards merge exactly, in any order.
///
/// ```
/// use psad_core::Slate;
/// use psad_eval::{ExposureDiscount, ExposureGini, Population};
/// let mut gini = ExposureGini::new(1, ExposureDiscount::Uniform, Population::Candidates);
/// gini.push(&Slate::new(vec![0], 2)?, &[10, 11])?; // the ids of the list's candidates
/// gini.push(&Slate::new(vec![1], 2)?, &[12, 10])?;
/// assert_eq!(gini.name(), "gini@1(uniform,candidates)");
/// assert_eq!(gini.exposures().collect::<Vec<_>>(), [(10, 2.), (11, 0.), (12, 0.)]);
/// assert_eq!(gini.value()?, Some(2. / 3.));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureGini {
    k: usize,
    discount: ExposureDiscount,
    population: Population,
    /// How often each item stood in each slot, up to the last in which it ever stood.
    shown: BTreeMap<u32, Vec<u64>>,
}

impl ExposureGini {
    /// Nothing shown yet.
    pub fn new(k: usize, discount: ExposureDiscount, population: Population) -> Self {
        Self { k, discount, population, shown: BTreeMap::new() }
    }

    /// Adds a slate; `items` has the id of each candidate of its list. k larger than the slate is the whole slate.
    ///
    /// # Errors
    /// [`InputError::Length`] for another number of ids than the slate has candidates; nothing is added then.
    pub fn push(&mut self, slate: &Slate, items: &[u32]) -> Result<(), InputError> {
        check_length("item ids", slate.candidates(), items.len())?;
        for &item in items {
            self.shown.entry(item).or_default();
        }
        for (slot, item) in slate.iter().take(self.k).enumerate() {
            let slots = self.shown.entry(items[item]).or_default();
            slots.resize(slots.len().max(slot + 1), 0);
            slots[slot] += 1;
        }
        Ok(())
    }

    /// Adds what another has seen.
    ///
    /// # Errors
    /// [`MergeError::Metric`] if it measures something else; nothing is changed then.
    pub fn merge(&mut self, other: Self) -> Result<(), MergeError> {
        if self.name() != other.name() {
            return Err(MergeError::Metric { expected: self.name(), found: other.name() });
        }
        for (item, theirs) in other.shown {
            let slots = self.shown.entry(item).or_default();
            slots.resize(slots.len().max(theirs.len()), 0);
            slots.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours += theirs);
        }
        Ok(())
    }

    /// `gini@10(log,candidates)`, `gini@10(uniform,catalog=5000)`.
    pub fn name(&self) -> String {
        let discount = match self.discount {
            ExposureDiscount::Logarithmic => "log",
            ExposureDiscount::Uniform => "uniform",
        };
        match self.population {
            Population::Candidates => format!("gini@{}({discount},candidates)", self.k),
            Population::Catalog(items) => format!("gini@{}({discount},catalog={items})", self.k),
        }
    }

    /// The exposure of each item that was a candidate, by ascending id.
    pub fn exposures(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.shown.iter().map(|(&item, slots)| {
            let each = slots.iter().enumerate().map(|(slot, &times)| match self.discount {
                ExposureDiscount::Logarithmic => times as f64 / (slot as f64 + 2.).log2(),
                ExposureDiscount::Uniform => times as f64,
            });
            (item, each.sum())
        })
    }

    /// The coefficient; `None` where nothing was shown.
    ///
    /// # Errors
    /// [`InputError::Catalog`] for a catalogue with fewer items than were candidates.
    pub fn value(&self) -> Result<Option<f64>, InputError> {
        let seen = self.shown.len();
        let items = match self.population {
            Population::Candidates => seen,
            Population::Catalog(catalog) if catalog < seen => return Err(InputError::Catalog { catalog, seen }),
            Population::Catalog(catalog) => catalog,
        };
        let mut exposures: Vec<f64> = self.exposures().map(|(_, exposure)| exposure).collect();
        exposures.sort_by(f64::total_cmp);
        let total: f64 = exposures.iter().sum();
        // The rest of a catalogue stands before them, with an exposure of 0.
        let unseen = (items - seen) as f64;
        let weights = (0..seen).map(|rank| 2. * (unseen + rank as f64 + 1.) - items as f64 - 1.);
        let weighted: f64 = exposures.iter().zip(weights).map(|(exposure, weight)| exposure * weight).sum();
        Ok((total > 0.).then(|| (weighted / (items as f64 * total)).max(0.)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_a_candidate_counts_in_a_catalogue() {
        let slate = Slate::initial(2, 2);
        let value = |catalog| {
            let mut gini = ExposureGini::new(2, ExposureDiscount::Uniform, Population::Catalog(catalog));
            gini.push(&slate, &[3, 4]).unwrap();
            gini.value()
        };
        assert_eq!((value(2), value(4)), (Ok(Some(0.)), Ok(Some(0.5))));
        assert_eq!(value(1), Err(InputError::Catalog { catalog: 1, seen: 2 }));
        assert!(value(usize::MAX).unwrap().unwrap() <= 1.);
    }

    #[test]
    fn nothing_shown_has_no_inequality() {
        let mut gini = ExposureGini::new(2, ExposureDiscount::Logarithmic, Population::Candidates);
        assert_eq!(gini.value(), Ok(None));
        gini.push(&Slate::new(vec![], 2).unwrap(), &[1, 2]).unwrap();
        assert_eq!(gini.value(), Ok(None));
        let error = gini.push(&Slate::initial(2, 1), &[1]).unwrap_err();
        assert_eq!(error, InputError::Length { what: "item ids", expected: 2, found: 1 });
    }

    #[test]
    fn different_measures_do_not_merge() {
        let mut here = ExposureGini::new(2, ExposureDiscount::Logarithmic, Population::Candidates);
        let error = here.merge(ExposureGini::new(3, ExposureDiscount::Uniform, Population::Catalog(9))).unwrap_err();
        let text = "expected a summary of `gini@2(log,candidates)`, found one of `gini@3(uniform,catalog=9)`";
        assert_eq!(error.to_string(), text);
    }
}
