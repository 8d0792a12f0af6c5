//! The User Profile Network: gate, interest decay and position bias.

use psad_core::ModelFileError;

use crate::affine::Linear;
use crate::kernel::{Buffer, Dispatch, Rows, Then};
use crate::layer::on_row;
use crate::source::Source;

/// `x ⊙ 2 σ(W₂ ReLU(W₁ [p; x] + b₁) + b₂)`. What the profile adds to the first layer is worked out once per user.
pub(crate) struct Gate {
    profile: Linear,
    items: Linear,
    outer: Linear,
}

impl Gate {
    pub(crate) fn read(
        source: &Source<'_>,
        profile: usize,
        width: usize,
        hidden: usize,
    ) -> Result<Self, ModelFileError> {
        let source = source.part("gate.network");
        let inner = source.affine("inner", profile + width, hidden)?;
        Ok(Self {
            profile: inner.part(0..profile).pack(source.dispatch),
            items: inner.part(profile..profile + width).pack(source.dispatch),
            outer: source.affine("outer", hidden, width)?.pack(source.dispatch),
        })
    }

    /// What the user brings to the first layer.
    pub(crate) fn user(&self, dispatch: Dispatch, profile: &[f32], bias: &mut Vec<f32>) {
        bias.resize(self.profile.columns(), 0.);
        on_row(dispatch, &self.profile, profile, bias, Then::Write);
    }

    /// Gates `x`, `[rows, width]`, in place.
    pub(crate) fn apply(&self, dispatch: Dispatch, user: &[f32], x: &mut [f32], hidden: &mut Buffer, z: &mut Buffer) {
        let width = self.outer.columns();
        let rows = x.len() / width;
        let hidden = hidden.room(rows * user.len());
        self.items.apply_with(dispatch, Rows::new(x, width), rows, Some(user), hidden, Then::Relu);
        let z = z.room(x.len());
        self.outer.forward(dispatch, hidden, z, Then::Write);
        dispatch.gate(x, z);
    }
}

/// `exp(−θ δ_t) p_{δ_t}` with the user's pace `θ = softplus(w ReLU(W p))` per channel group.
pub(crate) struct InterestDecay {
    hidden: Linear,
    pace: Linear,
    positions: Vec<f32>,
    width: usize,
}

/// Memory that the decay needs.
#[derive(Default)]
pub(crate) struct DecaySpace {
    hidden: Buffer,
    pace: Vec<f32>,
    left: Buffer,
}

impl InterestDecay {
    pub(crate) fn read(
        source: &Source<'_>,
        [profile, width, hidden, groups, buckets]: [usize; 5],
    ) -> Result<Self, ModelFileError> {
        let source = source.part("interest_decay");
        Ok(Self {
            hidden: source.affine("hidden", profile, hidden)?.pack(source.dispatch),
            pace: source.affine("pace", hidden, groups)?.pack(source.dispatch),
            positions: source.rows("positions", buckets, width)?,
            width,
        })
    }

    /// Adds its position to each history item `[history, width]`, and writes the logarithm of what its age leaves.
    pub(crate) fn add_to(
        &self,
        dispatch: Dispatch,
        profile: &[f32],
        distances: &[f32],
        items: &mut [f32],
        log_decay: &mut [f32],
        space: &mut DecaySpace,
    ) {
        let groups = self.pace.columns();
        let hidden = space.hidden.room(self.hidden.columns());
        on_row(dispatch, &self.hidden, profile, hidden, Then::Relu);
        space.pace.resize(groups, 0.);
        on_row(dispatch, &self.pace, hidden, &mut space.pace, Then::Write);
        // For a large pace the logarithm would leave the range of its argument; the pace itself is the answer there.
        space.pace.iter_mut().for_each(|pace| *pace = if *pace > 20. { *pace } else { pace.exp().ln_1p() });
        let left = space.left.room(distances.len() * groups);
        for ((left, &distance), decay) in left.chunks_exact_mut(groups).zip(distances).zip(log_decay) {
            left.iter_mut().zip(&space.pace).for_each(|(left, pace)| *left = -distance * pace);
            *decay = left.iter().sum::<f32>() / groups as f32;
        }
        dispatch.exp(left);
        let last = self.positions.len() / self.width - 1;
        let per_group = self.width / groups;
        for ((item, &distance), left) in
            items.chunks_exact_mut(self.width).zip(distances).zip(left.chunks_exact(groups))
        {
            let bucket = (distance as usize).min(last);
            let position = &self.positions[bucket * self.width..][..self.width];
            let channels = item.chunks_exact_mut(per_group).zip(position.chunks_exact(per_group));
            for ((item, position), &left) in channels.zip(left) {
                item.iter_mut().zip(position).for_each(|(item, position)| *item += position * left);
            }
        }
    }
}

/// `2 σ(MLP(p)) ⊙ q_j`, where the ranker put candidate `j`.
pub(crate) struct PositionBias {
    inner: Linear,
    outer: Linear,
    positions: Vec<f32>,
}

impl PositionBias {
    pub(crate) fn read(
        source: &Source<'_>,
        [profile, width, hidden, positions]: [usize; 4],
    ) -> Result<Self, ModelFileError> {
        let source = source.part("position_bias");
        Ok(Self {
            inner: source.affine("strength.inner", profile, hidden)?.pack(source.dispatch),
            outer: source.affine("strength.outer", hidden, width)?.pack(source.dispatch),
            positions: source.rows("positions", positions, width)?,
        })
    }

    /// How strongly the user minds positions, `[width]`.
    pub(crate) fn user(&self, dispatch: Dispatch, profile: &[f32], hidden: &mut Buffer, strength: &mut Vec<f32>) {
        let width = self.outer.columns();
        let hidden = hidden.room(self.inner.columns() + width);
        let (hidden, z) = hidden.split_at_mut(self.inner.columns());
        on_row(dispatch, &self.inner, profile, hidden, Then::Relu);
        on_row(dispatch, &self.outer, hidden, z, Then::Write);
        strength.clear();
        strength.resize(width, 1.);
        dispatch.gate(strength, z);
    }

    /// Adds its position to each candidate, `[candidates, width]` in the ranker's order.
    pub(crate) fn add_to(&self, strength: &[f32], items: &mut [f32]) {
        let width = strength.len();
        for (item, position) in items.chunks_exact_mut(width).zip(self.positions.chunks_exact(width)) {
            for ((value, position), strength) in item.iter_mut().zip(position).zip(strength) {
                *value += position * strength;
            }
        }
    }
}
