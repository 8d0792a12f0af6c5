//! Self-attention layers.

use psad_core::ModelFileError;

use crate::affine::{Affine, Linear};
use crate::attention::{Keys, Queries, Values, attend};
use crate::kernel::{Buffer, Dispatch, Rows, Then};
use crate::source::Source;

/// `ε` of every layer normalisation.
pub(crate) const EPSILON: f32 = 1e-5;

/// Width, heads and feed-forward width that all layers of a model share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) feed_forward: usize,
}

impl Sizes {
    pub(crate) fn head_width(self) -> usize {
        self.width / self.heads
    }

    /// What scores are multiplied by.
    fn scale(self) -> f64 {
        (self.head_width() as f64).sqrt().recip()
    }
}

/// The four projections of an attention, queries scaled.
pub(crate) struct Projections {
    pub(crate) query: Affine,
    pub(crate) key: Affine,
    pub(crate) value: Affine,
    pub(crate) output: Affine,
}

impl Projections {
    pub(crate) fn read(source: &Source<'_>, sizes: Sizes) -> Result<Self, ModelFileError> {
        let square = |name| source.affine(name, sizes.width, sizes.width);
        Ok(Self {
            query: square("query")?.scaled(sizes.scale()),
            key: square("key")?,
            value: square("value")?,
            output: square("output")?,
        })
    }

    /// Keys and values side by side.
    pub(crate) fn memory(&self) -> Affine {
        self.key.beside(&self.value)
    }
}

/// Two linear layers with a ReLU between them.
pub(crate) struct FeedForward {
    inner: Linear,
    outer: Linear,
}

impl FeedForward {
    /// `norm` names the normalisation in front of it.
    pub(crate) fn read(source: &Source<'_>, norm: &str, sizes: Sizes) -> Result<Self, ModelFileError> {
        let Sizes { width, feed_forward, .. } = sizes;
        let part = source.part("feed_forward");
        let inner = part.affine("inner", width, feed_forward)?.after(&source.norm(norm, width)?);
        let outer = part.affine("outer", feed_forward, width)?;
        Ok(Self { inner: inner.pack(source.dispatch), outer: outer.pack(source.dispatch) })
    }

    /// Adds the block's answer to `x`, `[rows, width]`.
    pub(crate) fn add_to(&self, dispatch: Dispatch, x: &mut [f32], space: &mut Space) {
        let width = self.outer.columns();
        let normed = space.normed.room(x.len());
        dispatch.normalise(x, normed, width, EPSILON);
        let hidden = space.hidden.room(x.len() / width * self.inner.columns());
        self.inner.forward(dispatch, normed, hidden, Then::Relu);
        self.outer.forward(dispatch, hidden, x, Then::Add);
    }
}

/// Memory for what lies between the layers.
#[derive(Default)]
pub(crate) struct Space {
    pub(crate) normed: Buffer,
    pub(crate) projected: Buffer,
    pub(crate) scores: Buffer,
    pub(crate) mixed: Buffer,
    pub(crate) hidden: Buffer,
    pub(crate) keys: Keys,
}

/// Self-attention of rows: queries, keys and values in one product.
pub(crate) struct SelfAttention {
    sizes: Sizes,
    project: Linear,
    output: Linear,
}

impl SelfAttention {
    /// `norm` names the normalisation in front of the attention `name`.
    pub(crate) fn read(source: &Source<'_>, name: &str, norm: &str, sizes: Sizes) -> Result<Self, ModelFileError> {
        let projections = Projections::read(&source.part(name), sizes)?;
        let project = projections.query.beside(&projections.memory()).after(&source.norm(norm, sizes.width)?);
        let (project, output) = (project.pack(source.dispatch), projections.output.pack(source.dispatch));
        Ok(Self { sizes, project, output })
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Values of a row of [`SelfAttention::project`].
    pub(crate) fn stride(&self) -> usize {
        3 * self.sizes.width
    }

    /// Query, key and value of every row, side by side.
    pub(crate) fn project(&self, dispatch: Dispatch, x: &[f32], normed: &mut Buffer, projected: &mut [f32]) {
        let normed = normed.room(x.len());
        dispatch.normalise(x, normed, self.sizes.width, EPSILON);
        self.project.forward(dispatch, normed, projected, Then::Write);
    }

    /// Adds what the attention makes of `mixed` to `x`.
    pub(crate) fn add_output(&self, dispatch: Dispatch, mixed: &[f32], x: &mut [f32]) {
        self.output.forward(dispatch, mixed, x, Then::Add);
    }

    /// Adds what each of the first `asking` rows reads of all rows to it; `x` is `[rows, width]`.
    pub(crate) fn add_to(&self, dispatch: Dispatch, x: &mut [f32], asking: usize, space: &mut Space) {
        let (width, stride) = (self.sizes.width, self.stride());
        let rows = x.len() / width;
        let Space { normed, projected, scores, mixed, keys, .. } = space;
        let projected = projected.room(rows * stride);
        self.project(dispatch, x, normed, projected);
        keys.reset(dispatch, self.sizes.heads, self.sizes.head_width(), rows);
        keys.extend(projected.get(width..).unwrap_or_default(), stride);
        let mixed = mixed.room(asking * width);
        let queries = Queries { data: projected, stride, count: asking };
        attend(dispatch, queries, keys, values_of(projected, width, stride), &[], scores, mixed);
        self.add_output(dispatch, mixed, &mut x[..asking * width]);
    }
}

/// The values in rows of query, key and value.
pub(crate) fn values_of(projected: &[f32], width: usize, stride: usize) -> Values<'_> {
    Values { data: projected.get(2 * width..).unwrap_or_default(), stride }
}

/// Attention of rows to a memory that was projected before.
pub(crate) struct CrossAttention {
    query: Linear,
    output: Linear,
}

impl CrossAttention {
    /// The attention `name` with the normalisation `norm` in front of its queries, and the projection of its memory.
    pub(crate) fn read(
        source: &Source<'_>,
        name: &str,
        norm: &str,
        sizes: Sizes,
    ) -> Result<(Self, Linear), ModelFileError> {
        let projections = Projections::read(&source.part(name), sizes)?;
        let memory = projections.memory().pack(source.dispatch);
        let query = projections.query.after(&source.norm(norm, sizes.width)?).pack(source.dispatch);
        Ok((Self { query, output: projections.output.pack(source.dispatch) }, memory))
    }

    /// Adds what every row reads of the memory to `x`, `[rows, width]`.
    pub(crate) fn add_to(
        &self,
        dispatch: Dispatch,
        x: &mut [f32],
        memory: (&Keys, Values<'_>),
        hidden: &[usize],
        space: &mut Space,
    ) {
        let mixed = mix(dispatch, &self.query, x, memory, hidden, space);
        self.output.forward(dispatch, mixed, x, Then::Add);
    }
}

/// What every row of `x` `[rows, width]` reads of a memory, before the attention's output layer; `query` asks for it.
pub(crate) fn mix<'s>(
    dispatch: Dispatch,
    query: &Linear,
    x: &[f32],
    (keys, values): (&Keys, Values<'_>),
    hidden: &[usize],
    space: &'s mut Space,
) -> &'s [f32] {
    let width = query.columns();
    let Space { normed, projected, scores, mixed, .. } = space;
    let normed = normed.room(x.len());
    dispatch.normalise(x, normed, width, EPSILON);
    let asking = projected.room(x.len());
    query.forward(dispatch, normed, asking, Then::Write);
    let mixed = mixed.room(x.len());
    let queries = Queries { data: asking, stride: width, count: x.len() / width };
    attend(dispatch, queries, keys, values, hidden, scores, mixed);
    mixed
}

/// A memory that rows attend to: keys, and values in rows beside them.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    pub(crate) keys: Keys,
    rows: Buffer,
    width: usize,
}

impl Memory {
    /// Projects `rows` of `width` values with the memory side of an attention.
    pub(crate) fn set(&mut self, dispatch: Dispatch, project: &Linear, rows: &[f32], sizes: Sizes) {
        self.width = sizes.width;
        let count = rows.len() / sizes.width;
        let projected = self.rows.room(count * 2 * sizes.width);
        project.forward(dispatch, rows, projected, Then::Write);
        self.keys.reset(dispatch, sizes.heads, sizes.head_width(), count);
        self.keys.extend(projected, 2 * sizes.width);
    }

    /// Keys and values.
    pub(crate) fn parts(&self) -> (&Keys, Values<'_>) {
        let data = self.rows.get(self.keys.len() * 2 * self.width);
        (&self.keys, Values { data: data.get(self.width..).unwrap_or_default(), stride: 2 * self.width })
    }
}

/// Self-attention and a feed-forward block.
pub(crate) struct Layer {
    attention: SelfAttention,
    feed_forward: FeedForward,
}

impl Layer {
    pub(crate) fn read(source: &Source<'_>, sizes: Sizes) -> Result<Self, ModelFileError> {
        Ok(Self {
            attention: SelfAttention::read(source, "attention", "attention_norm", sizes)?,
            feed_forward: FeedForward::read(source, "feed_forward_norm", sizes)?,
        })
    }

    /// `[rows, width]`, in place.
    pub(crate) fn forward(&self, dispatch: Dispatch, x: &mut [f32], space: &mut Space) {
        self.attention.add_to(dispatch, x, x.len() / self.attention.sizes.width, space);
        self.feed_forward.add_to(dispatch, x, space);
    }
}

/// Final normalisation, with scale and shift of its own: what reads it is more than one layer.
pub(crate) struct FinalNorm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

impl FinalNorm {
    pub(crate) fn read(source: &Source<'_>, name: &str, width: usize) -> Result<Self, ModelFileError> {
        let norm = source.norm(name, width)?;
        let single = |values: ndarray::Array1<f64>| values.iter().map(|&value| value as f32).collect();
        Ok(Self { gamma: single(norm.gamma), beta: single(norm.beta) })
    }

    /// `[rows, width]` → the same, into `to`.
    pub(crate) fn apply(&self, dispatch: Dispatch, from: &[f32], to: &mut [f32]) {
        let width = self.gamma.len();
        dispatch.normalise(from, to, width, EPSILON);
        for row in to.chunks_exact_mut(width) {
            for ((value, gamma), beta) in row.iter_mut().zip(&self.gamma).zip(&self.beta) {
                *value = *value * gamma + beta;
            }
        }
    }
}

/// A layer on one row.
pub(crate) fn on_row(dispatch: Dispatch, layer: &Linear, row: &[f32], out: &mut [f32], then: Then) {
    layer.apply(dispatch, Rows::new(row, row.len()), 1, out, then);
}
