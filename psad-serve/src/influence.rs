//! What placed candidates do to those below them.

use psad_core::ModelFileError;
use psad_decode::Influence;

use crate::affine::Linear;
use crate::encoder::Encoded;
use crate::kernel::{Buffer, Dispatch, Then};
use crate::source::Source;

/// `I[c, i] = (W_a x_c + a) · (W_b x_i + b) / √rank`, times a factor per distance.
pub(crate) struct PairInfluence {
    above: Linear,
    below: Linear,
    reach: Vec<f32>,
    width: usize,
}

impl PairInfluence {
    pub(crate) fn read(
        source: &Source<'_>,
        width: usize,
        rank: usize,
        max_candidates: usize,
    ) -> Result<Self, ModelFileError> {
        Ok(Self {
            above: source.affine("above", width, rank)?.scaled((rank as f64).sqrt().recip()).pack(source.dispatch),
            below: source.affine("below", width, rank)?.pack(source.dispatch),
            reach: source.numbers("reach", max_candidates)?,
            width,
        })
    }

    /// The influence between the candidates of a list.
    pub(crate) fn between(
        &self,
        dispatch: Dispatch,
        encoded: &Encoded,
        [above, below]: &mut [Buffer; 2],
        pairs: &mut Influence,
    ) {
        let count = encoded.ranker.len();
        self.write(dispatch, encoded, [above, below], pairs.reset(count, &self.reach));
    }

    /// With what is in `known` beside it: another influence, whose factors per distance are those of both.
    pub(crate) fn beside(
        &self,
        dispatch: Dispatch,
        encoded: &Encoded,
        hidden: &mut [Buffer; 2],
        (known, factors): (&Influence, &Self),
        pairs: &mut Influence,
    ) {
        let rows = pairs.reset(encoded.ranker.len(), &factors.reach);
        self.write(dispatch, encoded, hidden.each_mut(), rows);
        rows.iter_mut().zip(known.pairs()).for_each(|(pair, known)| *pair += known);
    }

    fn write(&self, dispatch: Dispatch, encoded: &Encoded, [above, below]: [&mut Buffer; 2], rows: &mut [f32]) {
        let (count, rank) = (encoded.ranker.len(), self.above.columns());
        let raw = encoded.raw.get(count * self.width);
        let above = above.room(count * rank);
        self.above.forward(dispatch, raw, above, Then::Write);
        let below = below.room(count * rank);
        self.below.forward(dispatch, raw, below, Then::Write);
        for (row, above) in rows.chunks_exact_mut(count).zip(above.chunks_exact(rank)) {
            dispatch.dots(below, above, 0., row);
        }
    }
}
