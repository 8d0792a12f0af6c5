//! Linear layers, with what is usually added to them and a ReLU in the same step.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, activation};

use super::op::{Fused, Input, Output, Past, View, apply};
use crate::kernels::{Left, Product, add_to_groups, dispatch, spread_groups};

/// `x W + b`.
///
/// # Shapes
/// `[.., input]` → `[.., output]`
pub fn linear<const D: usize>(layer: &Linear, input: Tensor<D>) -> Tensor<D> {
    affine(input, layer.weight.val(), layer.bias.as_ref().map(Param::val), false)
}

/// `ReLU(x W + b)`.
pub fn linear_relu<const D: usize>(layer: &Linear, input: Tensor<D>) -> Tensor<D> {
    affine(input, layer.weight.val(), layer.bias.as_ref().map(Param::val), true)
}

fn affine<const D: usize>(input: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>, relu: bool) -> Tensor<D> {
    let fused = match &bias {
        Some(bias) => (Input::of(&input).zip(Input::of(&weight)).zip(Input::of(bias)))
            .and_then(|((input, weight), bias)| apply(Affine { relu }, [input, weight, bias])),
        None => Input::of(&input)
            .zip(Input::of(&weight))
            .and_then(|(input, weight)| apply(Affine { relu }, [input, weight])),
    };
    fused.unwrap_or_else(|| {
        let output = burn::tensor::module::linear(input, weight, bias);
        if relu { activation::relu(output) } else { output }
    })
}

/// `residual + x W + b`.
///
/// # Shapes
/// * `input`: `[.., input]`
/// * `residual` and the answer: `[.., output]`
pub fn linear_residual<const D: usize>(layer: &Linear, input: Tensor<D>, residual: Tensor<D>) -> Tensor<D> {
    match &layer.bias {
        Some(bias) => affine_residual(input, layer.weight.val(), bias.val(), residual),
        None => linear(layer, input) + residual,
    }
}

pub(super) fn affine_residual<const D: usize>(
    input: Tensor<D>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    residual: Tensor<D>,
) -> Tensor<D> {
    let inputs = (Input::of(&input).zip(Input::of(&weight))).zip(Input::of(&residual).zip(Input::of(&bias)));
    let fused = inputs
        .and_then(|((input, weight), (residual, bias))| apply(Affine { relu: false }, [input, weight, residual, bias]));
    fused.unwrap_or_else(|| burn::tensor::module::linear(input, weight, Some(bias)) + residual)
}

/// A part of what a layer reads.
#[derive(Debug, Clone)]
pub enum Part {
    /// Of every item for itself, `[batch, length, width]`.
    Items(Tensor<3>),
    /// The same for all items of a list, `[batch, width]`.
    List(Tensor<2>),
}

impl Part {
    fn width(&self) -> usize {
        match self {
            Self::Items(part) => part.dims()[2],
            Self::List(part) => part.dims()[1],
        }
    }
}

/// `[first part; second part; ..] W + b` of every item, then a ReLU if asked for.
///
/// `[x; p] W = x W_x + p W_p`, with `W_x` and `W_p` rows of the one weight: nothing wide is put together, and what a list
/// says to all of its items is worked out once.
///
/// # Shapes
/// The widths of the parts, at least one of them [`Part::Items`], add up to the layer's input; the answer is
/// `[batch, length, output]`.
///
/// # Panics
/// If they do not, as every layer does.
pub fn linear_of_parts(layer: &Linear, parts: Vec<Part>, relu: bool) -> Tensor<3> {
    let weight = layer.weight.val();
    let [_, output] = weight.dims();
    let (mut from, mut onto) = (0, layer.bias.as_ref().map(|bias| bias.val().reshape([1, output])));
    let mut of_items = Vec::new();
    for part in parts {
        let rows = weight.clone().narrow(0, from, part.width());
        from += part.width();
        match part {
            Part::Items(part) => of_items.push((part, rows)),
            Part::List(part) => onto = Some(affine_onto(part, rows, onto, false)),
        }
    }
    assert_eq!(from, weight.dims()[0], "the parts are not as wide as the layer");
    let count = of_items.len();
    let mut answer = None;
    for (index, (part, rows)) in of_items.into_iter().enumerate() {
        let [batch, length, _] = part.dims();
        let sum = affine_onto(part, rows, onto.take(), relu && index + 1 == count);
        if index + 1 == count {
            answer = Some(sum);
        } else {
            onto = Some(sum.reshape([batch * length, output]));
        }
    }
    answer.unwrap_or_else(|| Tensor::zeros([0, 0, output], &weight.device()))
}

/// `x W + onto`, where row `g` of `onto`, `[groups, output]`, belongs to the `g`-th run of equally many rows of `x`.
fn affine_onto<const D: usize>(input: Tensor<D>, weight: Tensor<2>, onto: Option<Tensor<2>>, relu: bool) -> Tensor<D> {
    let Some(onto) = onto else { return affine(input, weight, None, relu) };
    let fused = (Input::of(&input).zip(Input::of(&weight)).zip(Input::of(&onto)))
        .and_then(|((input, weight), onto)| apply(Affine { relu }, [input, weight, onto]));
    fused.unwrap_or_else(|| composed(input, weight, onto, relu))
}

fn composed<const D: usize>(input: Tensor<D>, weight: Tensor<2>, onto: Tensor<2>, relu: bool) -> Tensor<D> {
    let mut shape = input.dims();
    let rows: usize = shape[..D - 1].iter().product();
    let ([width, output], [groups, _]) = (weight.dims(), onto.dims());
    let product = input.reshape([groups, rows / groups.max(1), width]).matmul(weight.unsqueeze());
    let sum = product + onto.reshape([groups, 1, output]);
    shape[D - 1] = output;
    let sum = sum.reshape(shape);
    if relu { activation::relu(sum) } else { sum }
}

/// Inputs: `x`, `W`, and what is added, each `[groups, output]` or a single row; nothing is added twice per row.
#[derive(Debug, Clone)]
struct Affine {
    relu: bool,
}

impl<const N: usize> Fused<N> for Affine {
    fn forward(&self, inputs: [View<'_>; N]) -> Output {
        let (input, weight) = (inputs[0], inputs[1]);
        let [depth, columns] = [input.width(), weight.width()];
        assert_eq!(weight.values.len(), depth * columns, "a layer of another width");
        let rows = input.values.len() / depth.max(1);
        let mut out = vec![0.; rows * columns];
        for onto in &inputs[2..] {
            spread_groups(onto.values, columns, &mut out);
        }
        let left = Left::Rows { values: input.values, stride: depth };
        let size = [rows, depth, columns];
        let right = weight.values;
        dispatch(Product { left, right, right_stride: columns, out: &mut out, out_stride: columns, size });
        if self.relu {
            // Comparing this way round keeps a NaN.
            for value in &mut out {
                *value = if *value < 0. { 0. } else { *value };
            }
        }
        let mut shape = input.shape.to_vec();
        if let Some(last) = shape.last_mut() {
            *last = columns;
        }
        Output { values: out, shape, kept: Vec::new() }
    }

    fn backward(&self, inputs: [View<'_>; N], past: Past<'_>, wanted: [bool; N]) -> [Vec<f32>; N] {
        let (input, weight) = (inputs[0], inputs[1]);
        let [depth, columns] = [input.width(), weight.width()];
        let rows = input.values.len() / depth.max(1);
        let mut opened = Vec::new();
        if self.relu {
            let passed = past.gradient.iter().zip(past.output.values);
            opened.extend(passed.map(|(&gradient, &output)| if output > 0. { gradient } else { 0. }));
        }
        let gradient = if self.relu { &opened } else { past.gradient };
        let mut answers = [const { Vec::new() }; N];
        if wanted[0] {
            answers[0] = vec![0.; rows * depth];
            let turned = transposed(weight.values, columns);
            let left = Left::Rows { values: gradient, stride: columns };
            let (out, size) = (&mut answers[0], [rows, columns, depth]);
            dispatch(Product { left, right: &turned, right_stride: depth, out, out_stride: depth, size });
        }
        if wanted[1] {
            answers[1] = vec![0.; depth * columns];
            let left = Left::Columns { values: input.values, stride: depth };
            let (out, size) = (&mut answers[1], [depth, rows, columns]);
            dispatch(Product { left, right: gradient, right_stride: columns, out, out_stride: columns, size });
        }
        for index in (2..N).filter(|&index| wanted[index]) {
            answers[index] = vec![0.; inputs[index].values.len()];
            add_to_groups(gradient, columns, &mut answers[index]);
        }
        answers
    }
}

fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns.max(1);
    let mut out = vec![0.; values.len()];
    for (row, values) in values.chunks_exact(columns.max(1)).enumerate() {
        for (column, &value) in values.iter().enumerate() {
            out[column * rows + row] = value;
        }
    }
    out
}
