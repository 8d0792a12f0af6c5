//! What may be placed next without running into a dead end.

use std::sync::Arc;

use super::plan::{Class, Plan, plan};
use super::search::{Found, STEPS, search};
use super::witness::{Change, Witness};
use super::{ConstraintError, Constraints, conflict};

/// A partial slate's way to the end: one filling of all its slots, and which classes of candidates may take the next one.
///
/// Whether a class may come next is mostly answered by a small change of the known filling; only where none fits, a search
/// answers.
#[derive(Debug, Clone)]
pub(crate) struct Lookahead {
    plan: Arc<Plan>,
    witness: Witness,
    /// Whether each class may take the next slot.
    open: Vec<bool>,
}

/// How a class can take the next slot.
enum Way {
    Changed(Change),
    Anew(Vec<Class>),
}

/// Steps of all searches for what may take one slot. A class of which they do not tell is taken as closed.
const LOOK_STEPS: usize = 4_000;

impl Lookahead {
    /// Looks for a first way to fill `slots` slots.
    pub(crate) fn new(candidates: usize, slots: usize, rules: &Constraints) -> Result<Self, ConstraintError> {
        let plan = plan(candidates, slots, rules);
        let mut budget = STEPS;
        match search(&plan, &[], &mut budget) {
            Found::Filled(filling) => {
                let witness = Witness::new(&plan, filling);
                let mut ahead = Self { open: vec![false; plan.classes()], witness, plan: Arc::new(plan) };
                ahead.look();
                Ok(ahead)
            }
            Found::Nothing => {
                let rules = conflict::smallest(candidates, slots, rules);
                Err(ConstraintError::Infeasible { slots, candidates, rules })
            }
            Found::GaveUp => Err(ConstraintError::Undecided { slots, steps: STEPS, rules: rules.rules().len() }),
        }
    }

    /// Whether the candidate's class may take the next slot.
    pub(crate) fn is_open(&self, item: usize) -> bool {
        self.open[self.plan.class_of(item) as usize]
    }

    /// The class of a candidate, or 0 outside the list.
    pub(crate) fn class_of(&self, item: usize) -> usize {
        if item < self.plan.candidates() { self.plan.class_of(item) as usize } else { 0 }
    }

    /// Whether a candidate may stand in a slot, whatever stands elsewhere.
    pub(crate) fn allows(&self, item: usize, slot: usize) -> bool {
        self.plan.allows(self.plan.class_of(item), slot)
    }

    /// Fills the next slot with a candidate that is open there.
    pub(crate) fn place(&mut self, item: usize) {
        let plan = &self.plan;
        // A search that found a way with what was left of a budget finds it again with a whole one.
        let mut budget = STEPS;
        match self.way(plan.class_of(item), &mut budget) {
            Some(Way::Changed(change)) => self.witness.apply(plan, change),
            Some(Way::Anew(filling)) => self.witness.renew(plan, filling),
            // What is open has a way.
            None => {}
        }
        self.witness.advance(&self.plan);
        self.look();
    }

    fn look(&mut self) {
        if self.witness.is_full() {
            self.open.fill(false);
            return;
        }
        // One budget for all classes, so that entangled rules cost a bounded time per slot.
        let mut budget = LOOK_STEPS;
        for class in 0..self.plan.classes() {
            self.open[class] = self.way(class as Class, &mut budget).is_some();
        }
    }

    /// `None` if there is no way to the end with this class in the next slot, or none that a search finds.
    fn way(&self, class: Class, budget: &mut usize) -> Option<Way> {
        if let Some(change) = self.witness.replacement(&self.plan, class) {
            return Some(Way::Changed(change));
        }
        if !self.witness.may_come_next(&self.plan, class) {
            return None;
        }
        if let Some(change) = self.witness.change(&self.plan, class) {
            return Some(Way::Changed(change));
        }
        match search(&self.plan, &[self.witness.filled(), &[class]].concat(), budget) {
            Found::Filled(filling) => Some(Way::Anew(filling)),
            Found::Nothing | Found::GaveUp => None,
        }
    }
}
