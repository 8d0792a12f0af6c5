//! What the user did before.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Int, Tensor, activation};
use psad_core::Schema;
use psad_nn::{HistoryPositions, Mask, TransformerLayer, TransformerLayerConfig, Weights, linear};

/// A history after self-attention.
#[derive(Debug, Clone)]
pub struct EncodedHistory {
    /// The items in the light of each other, `[batch, history, width]`.
    pub items: Tensor<3>,
    /// The intent `h_u`, zero for a user without a history, `[batch, width]`.
    pub intent: Tensor<2>,
    /// Which items may be read.
    pub mask: Mask,
}

/// Self-attention over `z_t = gate(x_t) + PPE(t) + E(feedback_t)`, and the intent read from it.
#[derive(Module, Debug)]
pub struct HistoryEncoder {
    feedback: Param<Tensor<2>>,
    layer: TransformerLayer,
    relevance: Linear,
}

impl HistoryEncoder {
    /// Draws the weights.
    pub fn init(layer: &TransformerLayerConfig, schema: &Schema, weights: &mut Weights) -> Self {
        Self {
            // A schema without feedback kinds can only see empty histories; the table still needs a row.
            feedback: weights.normal([schema.feedback().len().max(1), layer.width], 0.1),
            layer: layer.init(weights.next_seed(), weights.device()),
            relevance: weights.linear(layer.width, 1),
        }
    }

    /// # Shapes
    /// * `gated`: `[batch, history, width]`
    /// * `feedback`: `[batch, history]`
    /// * `pad`: `[batch, history]`, true at padding
    pub fn forward(
        &self,
        gated: Tensor<3>,
        positions: HistoryPositions,
        feedback: Tensor<2, Int>,
        pad: Tensor<2, Bool>,
    ) -> EncodedHistory {
        let shape @ [batch, history, _] = gated.dims();
        let feedback = self.feedback.val().select(0, feedback.reshape([batch * history])).reshape(shape);
        let mask = Mask::keys(pad.clone());
        let items = self.layer.forward(gated + positions.encoding + feedback, &mask);
        let intent = self.intent(items.clone(), positions.log_decay, pad);
        EncodedHistory { items, intent, mask }
    }

    /// Attention pooling whose weights fade with the user's interest decay.
    fn intent(&self, items: Tensor<3>, log_decay: Tensor<2>, pad: Tensor<2, Bool>) -> Tensor<2> {
        let [batch, history, width] = items.dims();
        let relevance = linear(&self.relevance, items.clone()).reshape([batch, history]) + log_decay;
        // Below whatever decay and large features leave of a relevance.
        let weights = activation::softmax(relevance.mask_fill(pad.clone(), f32::MIN), 1);
        // Without a history the softmax is even over padding; there is no intent then.
        let weights = weights.mask_fill(pad, 0.).reshape([batch, 1, history]);
        weights.matmul(items).reshape([batch, width])
    }
}
