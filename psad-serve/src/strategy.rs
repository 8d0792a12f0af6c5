//! Strategies as one answer needs them.

use psad_decode::Strategy;

use crate::ServeError;

/// Widest beam that is served: what it holds in memory grows with it.
const WIDEST_BEAM: usize = 1_000;

/// A strategy that is checked and asks for no more than the one slate that is the answer.
pub(crate) fn of_one_answer(strategy: Strategy) -> Result<Strategy, ServeError> {
    strategy.check()?;
    match strategy {
        Strategy::Beam { width } if width > WIDEST_BEAM => Err(ServeError::Beam { width, most: WIDEST_BEAM }),
        // The first sample is the answer, and does not depend on the others.
        Strategy::Sample { seed, .. } => Ok(Strategy::Sample { seed, samples: 1 }),
        strategy => Ok(strategy),
    }
}
