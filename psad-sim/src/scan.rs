//! How a user goes down a slate, and what the items above do to the next one.

use crate::Examination;
use crate::catalog::Kind;

/// Loyalty after a click falls by this factor with every slot: late clicks are rather the last.
const LOYALTY_DECAY: f64 = 0.97;

/// When a user goes on to the next slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scan {
    pub(crate) law: Examination,
    pub(crate) patience: f64,
    pub(crate) loyalty: f64,
}

impl Scan {
    /// Probability to go on from `slot` without having clicked there.
    pub(crate) fn after_skip(&self) -> f64 {
        self.patience
    }

    /// Probability to go on from `slot` after a click there.
    pub(crate) fn after_click(&self, slot: usize) -> f64 {
        match self.law {
            Examination::PositionBased => self.patience,
            Examination::Cascade => 0.,
            Examination::DependentClick => self.patience * self.loyalty * LOYALTY_DECAY.powf(slot as f64),
        }
    }
}

/// What the items above do to an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Context {
    /// How many slots above count.
    pub(crate) window: usize,
    /// Factor for each item of the same category, at most 1.
    pub(crate) substitute: f64,
    /// Factor for each item that the next one goes with, at least 1.
    pub(crate) complement: f64,
}

impl Context {
    /// The factor on the attraction of an item of kind `next` below the slots `above`.
    pub(crate) fn factor(&self, kinds: &[Kind], above: &[usize], next: Kind) -> f64 {
        let window = &above[above.len().saturating_sub(self.window)..];
        window.iter().map(|&item| self.effect(kinds[item], next)).product()
    }

    /// The factor that one item in the window puts on an item of kind `next`.
    pub(crate) fn effect(&self, above: Kind, next: Kind) -> f64 {
        if above.category == next.category {
            self.substitute
        } else if above.helps == next.category {
            self.complement
        } else {
            1.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_window_counts_and_substitutes_come_before_complements() {
        let context = Context { window: 2, substitute: 0.5, complement: 1.5 };
        let [a, b, own] = [(0, 1), (1, 0), (2, 2)].map(|(category, helps)| Kind { category, helps });
        let kinds = [a, a, b, own];
        assert_eq!(context.factor(&kinds, &[], a), 1.);
        assert_eq!(context.factor(&kinds, &[0, 1], a), 0.25);
        assert_eq!(context.factor(&kinds, &[0, 1], b), 2.25);
        assert_eq!(context.factor(&kinds, &[0, 1, 2], a), 0.75);
        assert_eq!(context.factor(&kinds, &[3], own), 0.5);
        assert_eq!(Context { window: 0, ..context }.factor(&kinds, &[0, 1], a), 1.);
    }

    #[test]
    fn the_laws_differ_in_what_a_click_does() {
        let scan = |law| Scan { law, patience: 0.8, loyalty: 0.5 };
        assert_eq!(scan(Examination::PositionBased).after_click(3), 0.8);
        assert_eq!(scan(Examination::Cascade).after_click(3), 0.);
        assert_eq!(scan(Examination::DependentClick).after_click(0), 0.4);
        assert!(scan(Examination::DependentClick).after_click(1) < 0.4);
    }
}
