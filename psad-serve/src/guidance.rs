//! What PSAD-S learned from its teacher of what candidates do to each other.

use psad_core::ModelFileError;
use psad_decode::Influence;

use crate::encoder::Encoded;
use crate::influence::Pairs;
use crate::kernel::{Buffer, Dispatch};
use crate::source::Source;

/// Pairs beside those of the influence, and foresight, `f Σ_i p_i (1 − p_i) I[c, i]`, with a factor for each number of slots
/// below.
pub(crate) struct Guidance {
    pub(crate) pairs: Pairs,
    foresight: Vec<f32>,
}

impl Guidance {
    pub(crate) fn read(source: &Source<'_>, width: usize, max_candidates: usize) -> Result<Self, ModelFileError> {
        Ok(Self { pairs: Pairs::read(source, width)?, foresight: source.numbers("foresight", max_candidates)? })
    }

    /// The scores of every slot of a slate, `[slots, candidates]`, into `rows`. The candidates are ranked by log-odds of a
    /// click, which `known` changes.
    pub(crate) fn rows(
        &self,
        dispatch: Dispatch,
        (encoded, known): (&Encoded, &Influence),
        scores: &[f32],
        slots: usize,
        [slopes, brought]: &mut [Buffer; 2],
        rows: &mut Vec<f32>,
    ) {
        let (slopes, brought) = (slopes.room(scores.len()), brought.room(scores.len()));
        for (slope, &ranker) in slopes.iter_mut().zip(&encoded.ranker) {
            let chance = 1. / (1. + (-ranker).exp());
            *slope = chance * (1. - chance);
        }
        dispatch.dots(known.pairs(), slopes, 0., brought);
        for below in (0..slots).rev() {
            let factor = self.foresight.get(below).copied().unwrap_or(0.);
            rows.extend(scores.iter().zip(&*brought).map(|(score, brought)| score + factor * brought));
        }
    }
}
