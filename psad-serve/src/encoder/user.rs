//! The user's half: everything that is known before the ranker has answered.

use psad_core::{History, User};

use super::{EncodeSpace, Encoder, UserEncoding};
use crate::kernel::{Buffer, Dispatch, Right, Rows, Size, Then};
use crate::layer::on_row;

impl Encoder {
    /// Encodes a user with a history, both of which fit the schema.
    pub(crate) fn user(
        &self,
        dispatch: Dispatch,
        user: &User,
        history: &History,
        space: &mut EncodeSpace,
        encoding: &mut UserEncoding,
    ) {
        let EncodeSpace { features, items, gate, profile, distances, log_decay, decay, weights, layers } = space;
        let width = self.sizes.width;
        let items = items.room(history.len() * width);
        self.tower(dispatch, history.items(), std::iter::repeat(0.), features, items);
        self.user_features(user, profile);
        encoding.profile.clear();
        encoding.profile.extend_from_slice(profile);
        add_mean(items, width, profile);

        if let Some(bias) = &self.position_bias {
            bias.user(dispatch, profile, &mut layers.hidden, &mut encoding.strength);
        }
        if let Some(personal) = &self.gate {
            personal.user(dispatch, profile, &mut encoding.gate);
            personal.apply(dispatch, &encoding.gate, items, &mut layers.hidden, gate);
        }
        log_decay.clear();
        log_decay.resize(history.len(), 0.);
        if let Some(positions) = &self.interest_decay {
            distances.clear();
            distances.extend(history.distances());
            positions.add_to(dispatch, profile, distances, items, log_decay, decay);
        }
        for (item, &kind) in items.chunks_exact_mut(width).zip(history.feedback()) {
            let feedback = &self.feedback[kind as usize * width..][..width];
            item.iter_mut().zip(feedback).for_each(|(item, feedback)| *item += feedback);
        }
        self.history_layer.forward(dispatch, items, layers);
        self.add_intent(dispatch, items, log_decay, weights, &mut encoding.profile);
        encoding.memory.set(dispatch, &self.target_memory, items, self.sizes);
        encoding.join.resize(width, 0.);
        on_row(dispatch, &self.join_user, &encoding.profile, &mut encoding.join, Then::Write);
    }

    /// `h_u`: the history's items, weighted by relevance and age; zero without any. It goes behind what is known of the
    /// user.
    fn add_intent(
        &self,
        dispatch: Dispatch,
        items: &[f32],
        log_decay: &[f32],
        weights: &mut Buffer,
        profile: &mut Vec<f32>,
    ) {
        let (width, known, count) = (self.sizes.width, profile.len(), log_decay.len());
        profile.resize(known + width, 0.);
        if count == 0 {
            return;
        }
        let room = count.next_multiple_of(dispatch.lanes());
        let weights = weights.room(room);
        dispatch.dots(items, &self.relevance.0, self.relevance.1, &mut weights[..count]);
        weights.iter_mut().zip(log_decay).for_each(|(weight, decay)| *weight += decay);
        dispatch.softmax(weights, 1, count, room);
        let size = Size { rows: 1, depth: count, columns: width };
        let items = Right::Plain(Rows::new(items, width));
        dispatch.product(size, Rows::new(weights, room), items, None, (&mut profile[known..], width), Then::Write);
    }
}

/// Puts the mean of the items behind what is known of the user; zero without any.
fn add_mean(items: &[f32], width: usize, profile: &mut Vec<f32>) {
    let known = profile.len();
    profile.resize(known + width, 0.);
    let mean = &mut profile[known..];
    for item in items.chunks_exact(width) {
        mean.iter_mut().zip(item).for_each(|(sum, value)| *sum += value);
    }
    let count = (items.len() / width).max(1) as f32;
    for sum in mean {
        *sum /= count;
    }
}

impl UserEncoding {
    /// Length of the history.
    pub(crate) fn history(&self) -> usize {
        self.memory.keys.len()
    }
}
