//! `NAR4Rec`: candidates matched with positions, all at once.

use psad_core::ModelFileError;

use crate::affine::Linear;
use crate::attention::Keys;
use crate::config::Nar4RecConfig;
use crate::encoder::Encoded;
use crate::kernel::{Buffer, Dispatch, Right, Rows, Size, Then};
use crate::layer::{
    CrossAttention, EPSILON, FeedForward, FinalNorm, Layer, Memory, SelfAttention, Sizes, Space, on_row,
};
use crate::source::Source;

/// The matching generator.
pub(crate) struct Matching {
    sizes: Sizes,
    /// The joining layer in parts: what it reads of the items, and of the user.
    join: Linear,
    join_user: Linear,
    layers: Vec<Layer>,
    norm: FinalNorm,
    /// A vector per position, `[positions, width]`.
    embeddings: Vec<f32>,
    positions: Vec<PositionLayer>,
    /// Final normalisation of the positions and the comparison, in one.
    compare: Linear,
    ranker: f32,
}

/// Positions attend to each other, then to the candidates.
struct PositionLayer {
    positions: SelfAttention,
    candidates: CrossAttention,
    memory: Linear,
    feed_forward: FeedForward,
}

/// Memory that matching needs.
#[derive(Default)]
pub(crate) struct MatchSpace {
    joined: Buffer,
    /// `x`, the candidates' vectors, `[candidates, width]`.
    vectors: Buffer,
    memory: Memory,
    positions: Buffer,
    keys: Keys,
    wanted: Buffer,
}

impl MatchSpace {
    /// What contrastive search compares the candidates by, `[candidates, width]`.
    pub(crate) fn vectors(&self) -> &Buffer {
        &self.vectors
    }
}

impl Matching {
    pub(crate) fn read(
        source: &Source<'_>,
        config: &Nar4RecConfig,
        [profile, max_candidates]: [usize; 2],
    ) -> Result<Self, ModelFileError> {
        let (sizes, width) = (config.encoder.sizes(), config.encoder.width);
        let (candidates, positions) = (source.part("candidates"), source.part("positions"));
        let join = candidates.affine("join", width + profile, width)?;
        let compare = source.projection("compare", width, width)?.after(&positions.norm("norm", width)?);
        let layer = |index: usize| Layer::read(&candidates.part(&format!("layers.{index}")), sizes);
        let position = |index: usize| PositionLayer::read(&positions.part(&format!("layers.{index}")), sizes);
        Ok(Self {
            sizes,
            join: join.part(0..width).pack(source.dispatch),
            join_user: join.part(width..width + profile).pack(source.dispatch),
            layers: (0..config.candidate_layers).map(layer).collect::<Result<_, _>>()?,
            norm: FinalNorm::read(&candidates, "norm", width)?,
            embeddings: positions.rows("embeddings", max_candidates, width)?,
            positions: (0..config.position_layers).map(position).collect::<Result<_, _>>()?,
            compare: compare.pack(source.dispatch),
            ranker: source.number("ranker")?,
        })
    }

    /// Width of all vectors.
    pub(crate) fn width(&self) -> usize {
        self.sizes.width
    }

    /// What the user brings to the joining layer, with the layer's bias.
    pub(crate) fn user(&self, dispatch: Dispatch, profile: &[f32], bias: &mut Vec<f32>) {
        bias.clear();
        bias.extend_from_slice(self.join.bias());
        on_row(dispatch, &self.join_user, profile, bias, Then::Add);
    }

    /// Logits of the first `slots` slots, `[slots, candidates]`; there are no more slots than candidates.
    pub(crate) fn logits(
        &self,
        dispatch: Dispatch,
        user: &[f32],
        encoded: &Encoded,
        (slots, logits): (usize, &mut Buffer),
        space: &mut MatchSpace,
        layers: &mut Space,
    ) {
        let (width, count) = (self.sizes.width, encoded.ranker.len());
        let joined = space.joined.room(count * width);
        let items = Rows::new(encoded.items.get(count * width), width);
        self.join.apply_with(dispatch, items, count, Some(user), joined, Then::Write);
        for layer in &self.layers {
            layer.forward(dispatch, joined, layers);
        }
        let vectors = space.vectors.room(count * width);
        self.norm.apply(dispatch, joined, vectors);

        let positions = space.positions.room(count * width);
        positions.copy_from_slice(&self.embeddings[..count * width]);
        for (index, layer) in self.positions.iter().enumerate() {
            // What positions beyond the slots learn in the last layer is read by nobody.
            let asking = if index + 1 == self.positions.len() { slots } else { count };
            layer.forward(dispatch, positions, asking, vectors, &mut space.memory, layers);
        }
        let normed = layers.normed.room(slots * width);
        dispatch.normalise(&positions[..slots * width], normed, width, EPSILON);
        let wanted = space.wanted.room(slots * width);
        self.compare.forward(dispatch, normed, wanted, Then::Write);
        self.compare_all(dispatch, wanted, encoded, (vectors, &mut space.keys), logits);
    }

    /// `x_i · W t_j + β r_i`.
    fn compare_all(
        &self,
        dispatch: Dispatch,
        wanted: &[f32],
        encoded: &Encoded,
        (vectors, keys): (&[f32], &mut Keys),
        logits: &mut Buffer,
    ) {
        let (width, count) = (self.sizes.width, encoded.ranker.len());
        let slots = wanted.len() / width;
        keys.reset(dispatch, 1, width, count);
        keys.extend(vectors, width);
        let logits = logits.room(slots * count);
        for row in logits.chunks_exact_mut(count) {
            row.iter_mut().zip(&encoded.ranker).for_each(|(logit, ranker)| *logit = self.ranker * ranker);
        }
        let size = Size { rows: slots, depth: width, columns: count };
        let right = Right::Packed(keys.of_head(0));
        dispatch.product(size, Rows::new(wanted, width), right, None, (logits, count), Then::Add);
    }
}

impl PositionLayer {
    fn read(source: &Source<'_>, sizes: Sizes) -> Result<Self, ModelFileError> {
        let (candidates, memory) = CrossAttention::read(source, "candidates", "candidates_norm", sizes)?;
        Ok(Self {
            positions: SelfAttention::read(source, "positions", "positions_norm", sizes)?,
            candidates,
            memory,
            feed_forward: FeedForward::read(source, "feed_forward_norm", sizes)?,
        })
    }

    /// `x` `[positions, width]` in place, of which only the first `asking` go on.
    fn forward(
        &self,
        dispatch: Dispatch,
        x: &mut [f32],
        asking: usize,
        candidates: &[f32],
        memory: &mut Memory,
        space: &mut Space,
    ) {
        let sizes = self.positions.sizes();
        self.positions.add_to(dispatch, x, asking, space);
        let x = &mut x[..asking * sizes.width];
        memory.set(dispatch, &self.memory, candidates, sizes);
        self.candidates.add_to(dispatch, x, memory.parts(), &[], space);
        self.feed_forward.add_to(dispatch, x, space);
    }
}
