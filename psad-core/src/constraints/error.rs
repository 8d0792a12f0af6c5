//! Why rules cannot be kept.

use thiserror::Error;

use super::Rule;

/// Why a list with its rules yields no slate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// A rule names a candidate outside the list.
    #[error("the rule \"{rule}\" names item {item}, but the list has {candidates} candidates")]
    OutOfRange {
        /// The rule.
        rule: Rule,
        /// The candidate.
        item: usize,
        /// Length of the list.
        candidates: usize,
    },
    /// A window of no slots.
    #[error("the rule \"{rule}\" looks at windows of 0 slots; the least is 1")]
    EmptyWindow {
        /// The rule.
        rule: Rule,
    },
    /// No slate keeps all of these rules; without any one of them there would be one, as far as a search could tell.
    #[error("no slate of {slots} out of {candidates} candidates keeps all of these rules: {}", listed(rules))]
    Infeasible {
        /// Slots to fill.
        slots: usize,
        /// Length of the list.
        candidates: usize,
        /// The rules that conflict.
        rules: Vec<Rule>,
    },
    /// The rules are so entangled that the search for a slate was given up.
    #[error(
        "no slate of {slots} slots was found within {steps} steps, and none was ruled out: the {rules} rules are too entangled"
    )]
    Undecided {
        /// Slots to fill.
        slots: usize,
        /// Steps of the search.
        steps: usize,
        /// Number of rules.
        rules: usize,
    },
}

fn listed(rules: &[Rule]) -> String {
    rules.iter().map(Rule::to_string).collect::<Vec<_>>().join("; ")
}
