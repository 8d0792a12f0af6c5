//! The candidates' half.

use psad_core::Candidates;

use super::{EncodeSpace, Encoded, Encoder, UserEncoding};
use crate::kernel::{Dispatch, Rows, Then};
use crate::layer::mix;

impl Encoder {
    /// Encodes candidates that fit the schema, for a user who has been encoded.
    pub(crate) fn candidates(
        &self,
        dispatch: Dispatch,
        user: &UserEncoding,
        candidates: &Candidates,
        space: &mut EncodeSpace,
        encoded: &mut Encoded,
    ) {
        let (width, count) = (self.sizes.width, candidates.len());
        encoded.ranker.clear();
        encoded.ranker.extend(candidates.standardised_scores());
        let inputs = encoded.inputs.room(count * width);
        let scores = encoded.ranker.iter().copied();
        self.tower(dispatch, candidates.items(), scores, &mut space.features, inputs);
        encoded.raw.room(count * width).copy_from_slice(inputs);
        if let Some(gate) = &self.gate {
            gate.apply(dispatch, &user.gate, inputs, &mut space.layers.hidden, &mut space.gate);
        }
        if let Some(bias) = &self.position_bias {
            bias.add_to(&user.strength, inputs);
        }
        let items = space.items.room(count * width);
        self.join_inputs.apply_with(dispatch, Rows::new(inputs, width), count, Some(&user.join), items, Then::Write);
        let layers = &mut space.layers;
        if user.history() > 0 {
            let mixed = mix(dispatch, &self.target.query, inputs, user.memory.parts(), &[], layers);
            self.target.output.apply_with(dispatch, Rows::new(mixed, width), count, None, items, Then::Add);
        }
        for layer in &self.layers {
            layer.forward(dispatch, items, layers);
        }
        self.norm.apply(dispatch, items, encoded.items.room(count * width));
    }
}
