//! MIR's encoder.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use psad_core::Schema;
use psad_encoder::ItemTower;
use psad_nn::{Attention, AttentionConfig, Encoded, HistoryBatch, ListBatch, ListEncoder, Mask, Weights};

use super::MirConfig;
use super::affinity::{FeatureAffinity, ItemAffinity};
use super::pace::Pace;
use super::set_to_list::{Padding, SetToList};
use crate::parts::tanh;
use crate::plain_encoder::profile;
use crate::recurrent::{Gru, Reading};

/// Multi-level interaction reranking (Xi et al., *Multi-Level Interaction Reranking with User Behavior History*, SIGIR
/// 2022). Made by [`MirConfig`]; [`MirScorer`](super::MirScorer) scores what it encodes.
///
/// 1. Within the set, candidates attend to each other: `S_i = [x_i; attention_i]`.
/// 2. Within the list, two recurrent networks read the history, from its beginning and from its end:
///    `L_t = [y_t; →_t; ←_t]`, in which `y_t` is the item and its feedback.
/// 3. Set to list, candidate `i` and history item `t` have the affinity
///    `C = tanh((items + features) · (1 + e^{−θ_u δ_t}))`: a bilinear form of `S_i` and `L_t`, and one of their features'
///    embeddings; the user's pace `θ_u` decides what age leaves of it. A co-attention led by `C` reads both.
///
/// Permuting the candidates permutes the encodings and changes nothing else.
///
/// Deviations from the paper:
/// * the recurrent networks are GRUs, not LSTMs;
/// * the co-attention's maps have the length of the list as a size there, which fixes the number of candidates; here
///   they are dot products, `softmax(H_S H_Sᵀ / √D)` and `softmax(H_S H_Lᵀ / √D + C)`, for lists of any length and
///   order; what a side hears of the other is divided by the root of its length, where the paper adds it up;
/// * the item affinity is divided by `√` of its width before the `tanh`;
/// * the feature affinity reads the sparse fields alone, and its pairs of fields are weighed and summed without a
///   convolution's bias; dense features speak through the items;
/// * what is read of both sides passes a linear layer to the model's width before the scorer;
/// * the history brings its kinds of feedback; the profile holds the mean of the history beside the user's features;
/// * no dropout; the score adds `β r_i` with the ranker's standardised score, `β` learned from one, and the last layer
///   starts at zero.
#[derive(Module, Debug)]
pub struct MirEncoder {
    tower: ItemTower,
    /// A vector per kind of feedback, `[kinds, width]`.
    feedback: Param<Tensor<2>>,
    within_set: Attention,
    forwards: Gru,
    backwards: Gru,
    pace: Pace,
    items: ItemAffinity,
    features: Option<FeatureAffinity>,
    set_to_list: SetToList,
    join: Linear,
}

impl MirEncoder {
    pub(super) fn init(config: &MirConfig, schema: &Schema, weights: &mut Weights) -> Self {
        let (width, device) = (config.width, weights.device().clone());
        let (set, list) = (2 * width, width + 2 * config.hidden);
        let fields = schema.item_sparse().len();
        Self {
            tower: ItemTower::init(schema, config.embedding, width, weights),
            // A schema without feedback kinds can only see empty histories; the table still needs a row.
            feedback: weights.normal([schema.feedback().len().max(1), width], 0.1),
            within_set: AttentionConfig { width, heads: config.heads }.init(weights.next_seed(), &device),
            forwards: Gru::init(width, config.hidden, weights),
            backwards: Gru::init(width, config.hidden, weights),
            pace: Pace::init(config.profile_width(schema), config.pace_hidden, weights),
            items: ItemAffinity::init(set, list, weights),
            features: (fields > 0).then(|| FeatureAffinity::init(fields, config.embedding, weights)),
            set_to_list: SetToList::init(set, list, width, weights),
            join: weights.linear(set + list, width),
        }
    }

    /// `S`, `[batch, candidates, 2 · width]`.
    fn set(&self, candidates: Tensor<3>, batch: &ListBatch) -> Tensor<3> {
        let mask = Mask::keys(batch.candidates.pad.clone());
        let attended = self.within_set.forward(candidates.clone(), candidates.clone(), &mask);
        Tensor::cat(vec![candidates, attended], 2)
    }

    /// `L`, `[batch, history, width + 2 · hidden]`.
    fn list(&self, history: Tensor<3>, past: &HistoryBatch) -> Tensor<3> {
        let shape @ [batch, length, _] = history.dims();
        let feedback = self.feedback.val().select(0, past.feedback.clone().reshape([batch * length]));
        let items = history + feedback.reshape(shape);
        let (forwards, _) = self.forwards.read(items.clone(), &past.items.pad, Reading::FirstToLast);
        let (backwards, _) = self.backwards.read(items.clone(), &past.items.pad, Reading::LastToFirst);
        Tensor::cat(vec![items, forwards, backwards], 2)
    }

    /// `C`, `[batch, candidates, history]`.
    fn affinity(&self, set: Tensor<3>, list: Tensor<3>, batch: &ListBatch, profile: &Tensor<2>) -> Tensor<3> {
        let past = &batch.history;
        let items = self.items.forward(set, list);
        let features = self.features.as_ref();
        let features = features.and_then(|each| each.forward(&batch.candidates, &past.items, &batch.rows));
        let both = match features {
            Some(features) => items + features,
            None => items,
        };
        let left = self.pace.left(profile, past.distance.clone()) + 1.; // [batch, history]
        tanh(both * left.unsqueeze_dim::<3>(1))
    }
}

impl ListEncoder for MirEncoder {
    fn encode(&self, batch: &ListBatch) -> Encoded {
        let past = &batch.history;
        let history = self.tower.forward(&past.items, &batch.rows); // [batch, history, width]
        let candidates = self.tower.forward(&batch.candidates, &batch.rows); // [batch, candidates, width]
        let profile = profile(batch, history.clone());
        let (set, list) = (self.set(candidates.clone(), batch), self.list(history, past));
        let affinity = self.affinity(set.clone(), list.clone(), batch, &profile);
        let pad = Padding { set: batch.candidates.pad.clone(), list: past.items.pad.clone() };
        Encoded {
            items: self.join.forward(self.set_to_list.forward(set, list, affinity, &pad)),
            inputs: candidates.clone(),
            raw: candidates,
            profile,
            ranker: batch.ranker_scores(),
            pad: pad.set,
            lens: batch.candidates.lens.clone(),
        }
    }
}
