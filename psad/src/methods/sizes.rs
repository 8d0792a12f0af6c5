//! From below, how many values the weights of a configuration make up. All sums and products saturate.

use psad_core::Schema;
use psad_encoder::SharedEncoderConfig;
use psad_nn::Batcher;

/// Weights of the shared encoder with its User Profile Network.
pub(super) fn encoder_weights(encoder: &SharedEncoderConfig, schema: &Schema) -> usize {
    let (width, profile) = (encoder.width, encoder.profile_width(schema));
    let when = |switch: bool, size: usize| if switch { size } else { 0 };
    let personal = encoder.gate || encoder.history_positions || encoder.candidate_positions;
    total([
        width.saturating_mul(width).saturating_mul(encoder.list_layers),
        width.saturating_mul(encoder.feed_forward),
        profile.saturating_mul(width),
        profile.saturating_mul(when(personal, encoder.profile_hidden)),
        width.saturating_mul(when(encoder.history_positions, Batcher::history_buckets(schema))),
        width.saturating_mul(when(encoder.candidate_positions, schema.max_candidates())),
    ])
}

/// Weights of fully connected layers from `input` through `hidden`.
pub(super) fn layers(input: usize, hidden: &[usize]) -> usize {
    let inputs = std::iter::once(&input).chain(hidden);
    total(inputs.zip(hidden).map(|(&input, &output)| input.saturating_mul(output)))
}

pub(super) fn total(sizes: impl IntoIterator<Item = usize>) -> usize {
    sizes.into_iter().fold(0, usize::saturating_add)
}
