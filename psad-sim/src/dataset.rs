//! Lists of a world, by split.

use psad_core::LabeledList;

use crate::ListTruth;

/// Which part of the protocol a list belongs to. Users of one split return in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose models and stopping times with.
    Validation,
    /// To be opened once, by the final evaluation.
    Test,
}

/// A logged list together with the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedList {
    /// The request, what was shown with which propensities, and a label of 1 for each clicked candidate.
    pub list: LabeledList,
    /// The user, counted from 0; their id in the request is one more.
    pub user: u32,
    /// The answer to any slate of the candidates.
    pub truth: ListTruth,
}

/// All lists of a world.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// To learn from.
    pub train: Vec<SimulatedList>,
    /// To choose models and stopping times with.
    pub validation: Vec<SimulatedList>,
    /// To be opened once, by the final evaluation.
    pub test: Vec<SimulatedList>,
}
