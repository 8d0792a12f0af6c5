//! Pickers of a thread, one per strategy that they know.

use psad_decode::{Picker, Strategy};

/// Strategies that a thread remembers; beyond these it starts anew.
const MOST: usize = 8;

/// A picker for greedy search, and for contrastive search with each weight.
#[derive(Debug, Default)]
pub(crate) struct Pickers(Vec<(Strategy, Picker)>);

impl Pickers {
    /// The picker of a strategy; `None` for one that no picker follows.
    pub(crate) fn of(&mut self, strategy: &Strategy) -> Option<&mut Picker> {
        if !self.0.iter().any(|(known, _)| known == strategy) {
            let picker = Picker::new(strategy).ok()?;
            if self.0.len() == MOST {
                self.0.clear();
            }
            self.0.push((strategy.clone(), picker));
        }
        self.0.iter_mut().find(|(known, _)| known == strategy).map(|(_, picker)| picker)
    }
}
