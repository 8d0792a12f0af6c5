//! From below, how many values the weights of a configuration make up. All sums and products saturate.

use psad_baselines::PlainEncoderConfig;
use psad_core::Schema;
use psad_encoder::SharedEncoderConfig;

/// Weights of the shared encoder with its User Profile Network.
pub(super) fn shared_encoder(encoder: &SharedEncoderConfig, schema: &Schema) -> usize {
    let (width, profile) = (encoder.width, encoder.profile_width(schema));
    let when = |switch: bool, size: usize| if switch { size } else { 0 };
    let personal = encoder.gate || encoder.history_positions || encoder.candidate_positions;
    total([
        product([width, width, encoder.list_layers]),
        product([width, encoder.feed_forward]),
        product([profile, width]),
        product([profile, when(personal, encoder.profile_hidden)]),
        product([width, when(encoder.history_positions, schema.history_buckets())]),
        product([width, when(encoder.candidate_positions, schema.max_candidates())]),
    ])
}

/// Weights of the encoder that most baselines read, and of the layer by which they join the user.
pub(super) fn plain_encoder(encoder: &PlainEncoderConfig, schema: &Schema) -> usize {
    let positions = if encoder.positions { schema.max_candidates() } else { 0 };
    total([product([encoder.width, positions]), item_tower(encoder.width, encoder.embedding, schema)])
}

/// Weights of the layer that every item passes.
pub(super) fn item_tower(width: usize, embedding: usize, schema: &Schema) -> usize {
    product([width, product([schema.item_sparse().len(), embedding])])
}

/// Weights of self-attention layers with their feed-forward blocks.
pub(super) fn attention_layers(width: usize, feed_forward: usize, count: usize) -> usize {
    total([product([width, width, count]), product([width, feed_forward, count])])
}

/// Weights of fully connected layers from `input` through `hidden`.
pub(super) fn layers(input: usize, hidden: &[usize]) -> usize {
    let inputs = std::iter::once(&input).chain(hidden);
    total(inputs.zip(hidden).map(|(&input, &output)| product([input, output])))
}

pub(super) fn total(sizes: impl IntoIterator<Item = usize>) -> usize {
    sizes.into_iter().fold(0, usize::saturating_add)
}

pub(super) fn product(sizes: impl IntoIterator<Item = usize>) -> usize {
    sizes.into_iter().fold(1, usize::saturating_mul)
}
