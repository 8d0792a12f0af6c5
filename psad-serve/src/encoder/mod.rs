//! The shared encoder, in two halves: what follows from the user alone, and what needs the candidates.

mod candidates;
mod features;
mod user;

use psad_core::{ModelFileError, Schema, SparseField};

use crate::affine::Linear;
use crate::config::EncoderConfig;
use crate::kernel::Buffer;
use crate::layer::{FinalNorm, Layer, Memory, Projections, Sizes, Space};
use crate::personalization::{DecaySpace, Gate, InterestDecay, PositionBias};
use crate::source::Source;
use crate::table::Table;

/// Encodes users, histories and candidates.
pub(crate) struct Encoder {
    pub(crate) sizes: Sizes,
    item_tables: Vec<Table>,
    user_tables: Vec<Table>,
    item_dense: usize,
    tower: Linear,
    gate: Option<Gate>,
    interest_decay: Option<InterestDecay>,
    position_bias: Option<PositionBias>,
    feedback: Vec<f32>,
    history_layer: Layer,
    relevance: (Vec<f32>, f32),
    /// What the candidates' attention reads of the history.
    target_memory: Linear,
    target: Target,
    /// What the joining layer makes of user and intent, its own bias and that of the target attention.
    join_user: Linear,
    join_inputs: Linear,
    layers: Vec<Layer>,
    norm: FinalNorm,
}

/// Attention of the candidates to the history. Its output layer is joined with the layer behind it.
struct Target {
    query: Linear,
    output: Linear,
}

/// What is known of a user before the candidates are.
#[derive(Clone, Default)]
pub(crate) struct UserEncoding {
    /// What the user brings to the first layer of the gate.
    gate: Vec<f32>,
    /// How strongly the user minds positions.
    strength: Vec<f32>,
    /// The history, as candidates attend to it.
    memory: Memory,
    /// What the user brings to the layer that joins candidate, context and user.
    join: Vec<f32>,
    /// `[e_u; h_u]`: the user's features and the intent read from the history.
    pub(crate) profile: Vec<f32>,
}

/// Candidates after encoding.
#[derive(Default)]
pub(crate) struct Encoded {
    /// `x`, before gate and position, `[candidates, width]`.
    pub(crate) raw: Buffer,
    /// `x̃`, `[candidates, width]`.
    pub(crate) inputs: Buffer,
    /// `H`, `[candidates, width]`.
    pub(crate) items: Buffer,
    /// The ranker's scores, standardised.
    pub(crate) ranker: Vec<f32>,
}

/// Memory that encoding needs.
#[derive(Default)]
pub(crate) struct EncodeSpace {
    features: Buffer,
    items: Buffer,
    gate: Buffer,
    profile: Vec<f32>,
    distances: Vec<f32>,
    log_decay: Vec<f32>,
    decay: DecaySpace,
    weights: Buffer,
    pub(crate) layers: Space,
}

impl Encoder {
    pub(crate) fn read(source: &Source<'_>, config: &EncoderConfig, schema: &Schema) -> Result<Self, ModelFileError> {
        let (sizes, width, embedding) = (config.sizes(), config.width, config.embedding);
        let (profile, hidden) = (config.profile_width(schema), config.profile_hidden);
        let tables = |side, fields: &[SparseField]| {
            fields.iter().map(|field| source.table(side, field, embedding)).collect::<Result<Vec<_>, _>>()
        };
        let source = source.part("encoder");
        let upn = source.part("personalization");
        let features = schema.item_sparse().len().saturating_mul(embedding) + schema.item_dense().len() + 1;
        let history = source.part("history");
        let relevance = history.affine("relevance", width, 1)?;
        let join = source.affine("join", 3 * width, width)?;
        let target = Projections::read(&source.part("target_attention"), sizes)?;
        let target_memory = target.memory().pack(source.dispatch);
        let query = target.query.after(&source.norm("target_norm", width)?).pack(source.dispatch);
        // The bias of both layers goes with the user's part, which every candidate gets.
        let context = target.output.then(&join.part(width..2 * width));
        let mut user = source.affine("user", profile, width)?.then(&join.part(2 * width..3 * width));
        user.bias = user.bias + &join.bias + &context.bias;
        Ok(Self {
            sizes,
            item_tables: tables("item", schema.item_sparse())?,
            user_tables: tables("user", schema.user_sparse())?,
            item_dense: schema.item_dense().len(),
            tower: source.affine("tower.projection", features, width)?.pack(source.dispatch),
            gate: config.gate.then(|| Gate::read(&upn, profile, width, hidden)).transpose()?,
            interest_decay: config
                .history_positions
                .then(|| {
                    InterestDecay::read(&upn, [profile, width, hidden, config.decay_groups, schema.history_buckets()])
                })
                .transpose()?,
            position_bias: config
                .candidate_positions
                .then(|| PositionBias::read(&upn, [profile, width, hidden, schema.max_candidates()]))
                .transpose()?,
            feedback: history.rows("feedback", schema.feedback().len().max(1), width)?,
            history_layer: Layer::read(&history.part("layer"), sizes)?,
            relevance: (
                relevance.weight.iter().map(|&weight| weight as f32).collect(),
                relevance.bias.iter().map(|&bias| bias as f32).sum(),
            ),
            target_memory,
            target: Target { query, output: context.pack(source.dispatch) },
            join_user: user.pack(source.dispatch),
            join_inputs: join.part(0..width).pack(source.dispatch),
            layers: (0..config.list_layers)
                .map(|layer| Layer::read(&source.part(&format!("layers.{layer}")), sizes))
                .collect::<Result<_, _>>()?,
            norm: FinalNorm::read(&source, "norm", width)?,
        })
    }
}
