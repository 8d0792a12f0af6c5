//! What placed candidates do to those below them.

use psad_core::ModelFileError;
use psad_decode::Influence;

use crate::affine::Linear;
use crate::encoder::Encoded;
use crate::kernel::{Buffer, Dispatch, Then};
use crate::source::Source;

/// `I[c, i] = (W x_c + a) · x_i / √width`.
pub(crate) struct Pairs {
    above: Linear,
}

/// Pairs, and nothing to oneself, times a factor per distance.
pub(crate) struct PairInfluence {
    pairs: Pairs,
    reach: Vec<f32>,
}

impl PairInfluence {
    pub(crate) fn read(source: &Source<'_>, width: usize, max_candidates: usize) -> Result<Self, ModelFileError> {
        Ok(Self { pairs: Pairs::read(source, width)?, reach: source.numbers("reach", max_candidates)? })
    }

    /// The influence between the candidates of a list.
    pub(crate) fn between(&self, dispatch: Dispatch, encoded: &Encoded, hidden: &mut Buffer, pairs: &mut Influence) {
        let count = encoded.ranker.len();
        let rows = pairs.reset(count, &self.reach);
        self.pairs.write(dispatch, encoded, hidden, rows);
        // Nothing stands below itself.
        rows.iter_mut().step_by(count + 1).for_each(|itself| *itself = 0.);
    }
}

impl Pairs {
    pub(crate) fn read(source: &Source<'_>, width: usize) -> Result<Self, ModelFileError> {
        let above = source.affine("above", width, width)?.scaled((width as f64).sqrt().recip());
        Ok(Self { above: above.pack(source.dispatch) })
    }

    /// With an influence, which is `known` here, beside it.
    pub(crate) fn beside(
        &self,
        dispatch: Dispatch,
        encoded: &Encoded,
        hidden: &mut Buffer,
        (known, influence): (&Influence, &PairInfluence),
        pairs: &mut Influence,
    ) {
        let rows = pairs.reset(encoded.ranker.len(), &influence.reach);
        self.write(dispatch, encoded, hidden, rows);
        rows.iter_mut().zip(known.pairs()).for_each(|(pair, known)| *pair += known);
    }

    fn write(&self, dispatch: Dispatch, encoded: &Encoded, hidden: &mut Buffer, rows: &mut [f32]) {
        let (count, width) = (encoded.ranker.len(), self.above.columns());
        let raw = encoded.raw.get(count * width);
        let above = hidden.room(count * width);
        self.above.forward(dispatch, raw, above, Then::Write);
        for (row, above) in rows.chunks_exact_mut(count).zip(above.chunks_exact(width)) {
            dispatch.dots(raw, above, 0., row);
        }
    }
}
