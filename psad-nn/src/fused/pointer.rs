//! A pointer's comparison in one step.

use burn::tensor::{Tensor, activation};

use super::op::{Fused, Input, Output, Past, View, apply};
use crate::kernels::{Point, PointGradient, PointSizes, dispatch};

/// `U[s, i] = v · tanh(x_i + q_s)` (Vinyals et al. 2015), without the tensor of all sums.
///
/// # Shapes
/// * `items`: `x`, `[batch, candidates, pointer]`
/// * `queries`: `q`, `[batch, slots, pointer]`
/// * `compare`: `v`, `[pointer, 1]`
/// * answer: `[batch, slots, candidates]`
pub fn point(items: Tensor<3>, queries: Tensor<3>, compare: Tensor<2>) -> Tensor<3> {
    let fused = (Input::of(&items).zip(Input::of(&queries)).zip(Input::of(&compare)))
        .and_then(|((items, queries), compare)| apply(Pointing, [items, queries, compare]));
    fused.unwrap_or_else(|| composed(items, queries, compare))
}

/// The product with `v` is computed as `2 v · σ(2x) − Σ v`, which is the same number: some backends' `tanh` costs three
/// times their sigmoid.
pub(super) fn composed(items: Tensor<3>, queries: Tensor<3>, compare: Tensor<2>) -> Tensor<3> {
    let ([batch, candidates, width], [_, slots, _]) = (items.dims(), queries.dims());
    let (items, queries) = (items * 2., queries * 2.);
    let sum = items.reshape([batch, 1, candidates, width]) + queries.reshape([batch, slots, 1, width]);
    let squashed = activation::sigmoid(sum).reshape([batch * slots * candidates, width]);
    let offset = compare.clone().sum().reshape([1, 1, 1]);
    squashed.matmul(compare).reshape([batch, slots, candidates]) * 2. - offset
}

#[derive(Debug, Clone)]
struct Pointing;

fn sizes(items: View<'_>, queries: View<'_>) -> PointSizes {
    let (batch, width) = (items.shape[0], items.width());
    PointSizes { batch, slots: queries.shape[1], candidates: items.shape[1], width }
}

impl Fused<3> for Pointing {
    fn forward(&self, [items, queries, compare]: [View<'_>; 3]) -> Output {
        let sizes = sizes(items, queries);
        let PointSizes { batch, slots, candidates, .. } = sizes;
        let mut out = vec![0.; batch * slots * candidates];
        let (item, query, compare) = (items.values, queries.values, compare.values);
        dispatch(Point { item, query, compare, sizes, out: &mut out });
        Output { values: out, shape: vec![batch, slots, candidates], kept: Vec::new() }
    }

    fn backward(&self, [items, queries, compare]: [View<'_>; 3], past: Past<'_>, _wanted: [bool; 3]) -> [Vec<f32>; 3] {
        let mut answers = [items, queries, compare].map(|input| vec![0.; input.values.len()]);
        let [for_item, for_query, for_compare] = &mut answers;
        dispatch(PointGradient {
            item: items.values,
            query: queries.values,
            compare: compare.values,
            sizes: sizes(items, queries),
            gradient: past.gradient,
            for_item,
            for_query,
            for_compare,
        });
        answers
    }
}
