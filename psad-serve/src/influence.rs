//! What placed candidates do to those below them.

use psad_core::ModelFileError;
use psad_decode::Influence;

use crate::affine::Linear;
use crate::encoder::Encoded;
use crate::kernel::{Buffer, Dispatch, Then};
use crate::source::Source;

/// `I[c, i] = (W_a x_c + a) · (W_b x_i + b) / √rank`, times a factor per distance.
pub(crate) struct PairInfluence {
    acting: Linear,
    affected: Linear,
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
            acting: source.affine("acting", width, rank)?.scaled((rank as f64).sqrt().recip()).pack(source.dispatch),
            affected: source.affine("affected", width, rank)?.pack(source.dispatch),
            reach: source.numbers("reach", max_candidates)?,
            width,
        })
    }

    /// The influence between the candidates of a list.
    pub(crate) fn between(
        &self,
        dispatch: Dispatch,
        encoded: &Encoded,
        [acting, affected]: &mut [Buffer; 2],
        pairs: &mut Influence,
    ) {
        let count = encoded.ranker.len();
        self.write(dispatch, encoded, [acting, affected], pairs.reset(count, &self.reach));
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

    fn write(&self, dispatch: Dispatch, encoded: &Encoded, [acting, affected]: [&mut Buffer; 2], rows: &mut [f32]) {
        let (count, rank) = (encoded.ranker.len(), self.acting.columns());
        let raw = encoded.raw.get(count * self.width);
        let acting = acting.room(count * rank);
        self.acting.forward(dispatch, raw, acting, Then::Write);
        let affected = affected.room(count * rank);
        self.affected.forward(dispatch, raw, affected, Then::Write);
        for (row, acting) in rows.chunks_exact_mut(count).zip(acting.chunks_exact(rank)) {
            dispatch.dots(affected, acting, 0., row);
        }
    }
}
