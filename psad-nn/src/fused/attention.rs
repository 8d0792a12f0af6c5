//! Attention between projected queries, keys and values in one step.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Bool, Tensor, activation};

use super::op::{Fused, Input, Output, Past, View, apply, bytes, flags};
use crate::kernels::{Attend, AttendGradient, Blocked, HeadSizes, dispatch};

/// Finite, so that a row in which everything is blocked gives numbers and no NaN; and below every score, however low
/// large features make it, so that an open row gives blocked keys a weight of exactly zero.
const BLOCKED: f32 = f32::MIN;

/// `softmax(Q Kᵀ / √d) V` of every head, where no query reads a blocked key.
///
/// # Shapes
/// * `query`: `[batch, queries, width]`, `key` and `value`: `[batch, keys, width]`
/// * `blocked`: `[batch, 1, keys]`, where a list without an open key answers zero, or `[batch, queries, keys]`, where a
///   query without one weighs all keys alike
/// * answer: `[batch, queries, width]`
pub(crate) fn attend(
    query: Tensor<3>,
    key: Tensor<3>,
    value: Tensor<3>,
    blocked: &Tensor<3, Bool>,
    any_open: Option<&Tensor<3>>,
    heads: usize,
) -> Tensor<3> {
    let inputs = Input::of(&query).zip(Input::of(&key)).zip(Input::of(&value));
    let fused = inputs.zip(flags(blocked)).and_then(|(((query, key), value), flags)| {
        apply(Attention { flags, by_pairs: any_open.is_none(), heads }, [query, key, value])
    });
    fused.unwrap_or_else(|| composed(query, key, value, blocked, any_open, heads))
}

pub(super) fn composed(
    query: Tensor<3>,
    key: Tensor<3>,
    value: Tensor<3>,
    blocked: &Tensor<3, Bool>,
    any_open: Option<&Tensor<3>>,
    heads: usize,
) -> Tensor<3> {
    let shape @ [_, _, width] = query.dims();
    let split = |projected: Tensor<3>| -> Tensor<4> {
        let [batch, length, _] = projected.dims();
        projected.reshape([batch, length, heads, width / heads]).swap_dims(1, 2)
    };
    let (query, key, value) = (split(query), split(key), split(value)); // [batch, heads, rows, per head]
    let scores = query.matmul(key.swap_dims(2, 3)) / ((width / heads) as f32).sqrt();
    let weights = activation::softmax(scores.mask_fill(blocked.clone().unsqueeze_dim(1), BLOCKED), 3);
    let mixed = weights.matmul(value).swap_dims(1, 2).reshape(shape);
    match any_open {
        Some(any_open) => mixed * any_open.clone(),
        None => mixed,
    }
}

#[derive(Debug, Clone)]
struct Attention {
    flags: FlexTensor,
    by_pairs: bool,
    heads: usize,
}

impl Attention {
    fn blocked(&self) -> Blocked<'_> {
        if self.by_pairs { Blocked::Pairs(bytes(&self.flags)) } else { Blocked::Keys(bytes(&self.flags)) }
    }

    fn sizes(&self, query: View<'_>, key: View<'_>) -> HeadSizes {
        let (batch, width) = (query.shape[0], query.width());
        HeadSizes { batch, queries: query.shape[1], keys: key.shape[1], width, heads: self.heads }
    }
}

impl Fused<3> for Attention {
    fn forward(&self, [query, key, value]: [View<'_>; 3]) -> Output {
        let sizes = self.sizes(query, key);
        let (mut out, mut weights) = (vec![0.; query.values.len()], vec![0.; sizes.weights()]);
        dispatch(Attend {
            query: query.values,
            key: key.values,
            value: value.values,
            blocked: self.blocked(),
            sizes,
            out: &mut out,
            weights: &mut weights,
        });
        Output { values: out, shape: query.shape.to_vec(), kept: weights }
    }

    fn backward(&self, [query, key, value]: [View<'_>; 3], past: Past<'_>, _wanted: [bool; 3]) -> [Vec<f32>; 3] {
        let mut answers = [query, key, value].map(|input| vec![0.; input.values.len()]);
        let [for_query, for_key, for_value] = &mut answers;
        dispatch(AttendGradient {
            query: query.values,
            key: key.values,
            value: value.values,
            blocked: self.blocked(),
            sizes: self.sizes(query, key),
            weights: past.kept,
            gradient: past.gradient,
            for_query,
            for_key,
            for_value,
        });
        answers
    }
}
