//! The whole encoder.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use psad_nn::{
    Attention, AttentionConfig, Component, Encoded, ListBatch, ListEncoder, Mask, Norm, Part, Personalization,
    TransformerLayer, TransformerLayerConfig, Weights, linear, linear_of_parts, mean_history,
};

use crate::{HistoryEncoder, ItemTower};

/// Encodes users, histories and candidates; made by [`SharedEncoderConfig`](crate::SharedEncoderConfig).
///
/// 1. `x_i`: every item through the tower;
/// 2. `p_u = [e_u; mean of the history's x]`, the profile by which `personalization` adapts items and positions;
/// 3. the history attends to itself and yields the intent `h_u`;
/// 4. candidates `x̃_i = gate(x_i) + PPE(i)` attend to the history, which gives `c_i`;
/// 5. `W_c [x̃_i; c_i; W_u [e_u; h_u]]` goes through self-attention over the list, which gives `H`.
#[derive(Module, Debug)]
pub struct SharedEncoder<P> {
    tower: ItemTower,
    history: HistoryEncoder,
    personalization: P,
    target_attention: Attention,
    target_norm: Norm,
    user: Linear,
    join: Linear,
    layers: Vec<TransformerLayer>,
    norm: Norm,
}

impl<P: Personalization> SharedEncoder<P> {
    pub(crate) fn assemble(
        tower: ItemTower,
        history: HistoryEncoder,
        personalization: P,
        layer: &TransformerLayerConfig,
        layers: usize,
        profile: usize,
        weights: &mut Weights,
    ) -> Self {
        let (width, device) = (layer.width, weights.device().clone());
        Self {
            tower,
            history,
            personalization,
            target_attention: AttentionConfig { width, heads: layer.heads }.init(weights.next_seed(), &device),
            target_norm: weights.norm(width),
            user: weights.linear(profile, width),
            join: weights.linear(3 * width, width),
            layers: (0..layers).map(|_| layer.init(weights.next_seed(), &device)).collect(),
            norm: weights.norm(width),
        }
    }
}

impl<P: Component + Personalization> ListEncoder for SharedEncoder<P> {
    fn encode(&self, batch: &ListBatch) -> Encoded {
        let past = &batch.history;
        let history = self.tower.forward(&past.items, &batch.rows); // [batch, history, width]
        let raw = self.tower.forward(&batch.candidates, &batch.rows); // [batch, candidates, width]
        let user = batch.user_features();
        let profile = beside(user.clone(), mean_history(history.clone(), past.items.pad.clone()));

        let positions = self.personalization.history_positions(&profile, past.distance.clone(), past.bucket.clone());
        let history = self.personalization.gate(&profile, history);
        let history = self.history.forward(history, positions, past.feedback.clone(), past.items.pad.clone());

        let inputs = self.personalization.gate(&profile, raw.clone())
            + self.personalization.candidate_positions(&profile, batch.positions.clone());
        let queries = self.target_norm.forward(inputs.clone());
        let context = self.target_attention.forward(queries, history.items, &history.mask);
        let profile = beside(user, history.intent);

        Encoded {
            items: self.attend(inputs.clone(), context, &profile, batch),
            inputs,
            raw,
            profile,
            ranker: batch.ranker_scores(),
            pad: batch.candidates.pad.clone(),
            lens: batch.candidates.lens.clone(),
        }
    }
}

impl<P: Personalization> SharedEncoder<P> {
    /// The candidates in the light of user and list, `[batch, candidates, width]`.
    fn attend(&self, inputs: Tensor<3>, context: Tensor<3>, profile: &Tensor<2>, batch: &ListBatch) -> Tensor<3> {
        let user = linear(&self.user, profile.clone());
        let joined = vec![Part::Items(inputs), Part::Items(context), Part::List(user)];
        let joined = linear_of_parts(&self.join, joined, false);
        let mask = Mask::keys(batch.candidates.pad.clone());
        let items = self.layers.iter().fold(joined, |items, layer| layer.forward(items, &mask));
        self.norm.forward(items)
    }
}

/// `[user; other]`, or `other` alone where nothing is known of the user.
fn beside(user: Option<Tensor<2>>, other: Tensor<2>) -> Tensor<2> {
    match user {
        Some(user) => Tensor::cat(vec![user, other], 1),
        None => other,
    }
}
