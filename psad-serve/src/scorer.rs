//! PSAD-S: a small network per candidate.

use psad_core::ModelFileError;

use crate::affine::Linear;
use crate::encoder::Encoded;
use crate::kernel::{Buffer, Dispatch, Rows, Then};
use crate::layer::on_row;
use crate::source::Source;

/// `s_i = MLP([H_i; x̃_i; e_u; h_u]) + x_i · (W [e_u; h_u] + b) / √width + β r_i`.
pub(crate) struct Scorer {
    /// The first layer in parts: what it reads of `H`, of `x̃`, and of the user.
    items: Linear,
    inputs: Linear,
    user: Linear,
    hidden: Vec<Linear>,
    /// The last layer, a row of weights and the bias; `None` where the first is the last.
    last: Option<(Vec<f32>, f32)>,
    /// What of an item suits the user.
    taste: Linear,
    ranker: f32,
}

/// What a user brings to the scores.
#[derive(Clone, Default)]
pub(crate) struct UserPart {
    /// To the first layer, with the layer's bias.
    bias: Vec<f32>,
    /// To the product with the raw items.
    taste: Vec<f32>,
}

impl Scorer {
    pub(crate) fn read(
        source: &Source<'_>,
        width: usize,
        profile: usize,
        hidden: &[usize],
    ) -> Result<Self, ModelFileError> {
        let dispatch = source.dispatch;
        let layer = |index: usize, input, output| source.affine(&format!("layers.layers.{index}"), input, output);
        let first = layer(0, 2 * width + profile, hidden.first().copied().unwrap_or(1))?;
        let between = hidden.windows(2).enumerate();
        let last = match hidden.last() {
            None => None,
            Some(&input) => {
                let last = layer(hidden.len(), input, 1)?;
                let weights = last.weight.iter().map(|&weight| weight as f32).collect();
                Some((weights, last.bias.iter().map(|&bias| bias as f32).sum()))
            }
        };
        Ok(Self {
            items: first.part(0..width).pack(dispatch),
            inputs: first.part(width..2 * width).pack(dispatch),
            user: first.part(2 * width..2 * width + profile).pack(dispatch),
            hidden: between
                .map(|(index, pair)| Ok(layer(index + 1, pair[0], pair[1])?.pack(dispatch)))
                .collect::<Result<_, ModelFileError>>()?,
            last,
            taste: source.affine("taste", profile, width)?.scaled((width as f64).sqrt().recip()).pack(dispatch),
            ranker: source.number("ranker")?,
        })
    }

    /// What the user brings.
    pub(crate) fn user(&self, dispatch: Dispatch, profile: &[f32], UserPart { bias, taste }: &mut UserPart) {
        bias.clear();
        bias.extend_from_slice(self.items.bias());
        on_row(dispatch, &self.user, profile, bias, Then::Add);
        taste.clear();
        taste.resize(self.taste.columns(), 0.);
        on_row(dispatch, &self.taste, profile, taste, Then::Write);
    }

    /// Scores of all candidates.
    pub(crate) fn scores(
        &self,
        dispatch: Dispatch,
        user: &UserPart,
        encoded: &Encoded,
        layers: &mut [Buffer; 2],
        scores: &mut Vec<f32>,
    ) {
        let (count, first) = (encoded.ranker.len(), self.items.columns());
        let width = self.items.depth();
        let [from, to] = layers;
        let (mut from, mut to) = (from, to);
        let hidden = from.room(count * first);
        let (items, inputs) = (encoded.items.get(count * width), encoded.inputs.get(count * width));
        let then = if self.last.is_some() { Then::AddRelu } else { Then::Add };
        self.items.apply_with(dispatch, Rows::new(items, width), count, Some(&user.bias), hidden, Then::Write);
        self.inputs.apply_with(dispatch, Rows::new(inputs, width), count, None, hidden, then);
        let mut columns = first;
        for layer in &self.hidden {
            let next = to.room(count * layer.columns());
            layer.forward(dispatch, from.get(count * columns), next, Then::Relu);
            columns = layer.columns();
            std::mem::swap(&mut from, &mut to);
        }
        scores.resize(count, 0.);
        match &self.last {
            Some((weights, bias)) => dispatch.dots(from.get(count * columns), weights, *bias, scores),
            None => scores.copy_from_slice(from.get(count)),
        }
        let suited = from.room(count);
        dispatch.dots(encoded.raw.get(count * width), &user.taste, 0., suited);
        let beside = encoded.ranker.iter().zip(&*suited);
        scores.iter_mut().zip(beside).for_each(|(score, (ranker, suited))| *score += suited + self.ranker * ranker);
    }
}
