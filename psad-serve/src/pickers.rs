//! Pickers of a thread, one per strategy.

use psad_decode::{Picker, Strategy};

/// Strategies that a thread remembers; beyond these it starts anew.
const MOST: usize = 8;

/// A picker for each strategy that keeps one slate.
#[derive(Debug, Default)]
pub(crate) struct Pickers(Vec<(Strategy, Picker)>);

impl Pickers {
    /// The picker of a strategy; `None` for one that keeps several slates.
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
