//! What the examples share: where lists come from, how methods are trained on them, how rerankers are compared, how a run
//! is drawn; and the published study.

mod comparison;
mod drawing;
mod input;
mod learning_curves;
mod plans;
mod showcase;
mod study;

pub use comparison::{Comparison, Difference, LatencyUs, ListCounts, Row, SLATE_LENGTH};
pub use input::Input;
pub use learning_curves::draw_learning_curves;
pub use plans::{Model, Source};
pub use showcase::before_and_after;
pub use study::Study;

/// The README's programs compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
