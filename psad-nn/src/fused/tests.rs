//! Every fused operation against the same from the backend's operations, forward and backward, and against differences.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use proptest::prelude::*;

use super::*;
use crate::Weights;

fn device() -> Device {
    Device::flex().autodiff()
}

/// Values that follow from a seed, a leaf of a graph.
fn leaf<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    let values = Weights::seeded(seed, &Device::flex()).normal(shape, 1.).val().into_data();
    Tensor::from_data(values, &device()).require_grad()
}

fn flags<const D: usize>(shape: [usize; D], seed: u64, share: u64) -> Tensor<D, Bool> {
    let count = shape.iter().product::<usize>() as u64;
    let flag = |i: u64| (i + 1).wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60 < share;
    Tensor::from_data(TensorData::new::<bool, _>((0..count).map(flag).collect(), shape), &device())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

/// Both forms of an operation on the same leaves: outputs and the gradients of a weighted sum of them agree, and the
/// gradient agrees with differences along one direction.
fn agree<const N: usize, const D: usize>(
    leaves: &[Tensor<3>; N],
    fused: impl Fn(&[Tensor<3>; N]) -> Tensor<D>,
    composed: impl Fn(&[Tensor<3>; N]) -> Tensor<D>,
) -> Result<(), TestCaseError> {
    let weight = {
        let shape = fused(leaves).dims();
        leaf(shape, 99).detach()
    };
    let run = |form: &dyn Fn(&[Tensor<3>; N]) -> Tensor<D>| {
        let leaves = leaves.each_ref().map(|leaf| leaf.clone().detach().require_grad());
        let output = form(&leaves);
        let gradients = (output.clone() * weight.clone()).sum().backward();
        (values(output), leaves.map(|leaf| leaf.grad(&gradients).map(values).unwrap_or_default()))
    };
    let (found, gradients) = run(&fused);
    let (expected, expected_gradients) = run(&composed);
    let close = |a: &[f32], b: &[f32]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4 * (1. + a.abs() + b.abs()))
    };
    prop_assert!(close(&found, &expected), "{found:?} instead of {expected:?}");
    for (found, expected) in gradients.iter().zip(&expected_gradients) {
        prop_assert!(close(found, expected), "{found:?} instead of {expected:?}");
    }
    for (index, gradient) in gradients.iter().enumerate() {
        let step = leaf(leaves[index].dims(), 7).detach();
        let slope: f32 = values(step.clone()).iter().zip(gradient).map(|(step, gradient)| step * gradient).sum();
        let moved = |size: f32| {
            let mut moved = leaves.each_ref().map(|leaf| leaf.clone().detach());
            moved[index] = moved[index].clone() + step.clone() * size;
            values((fused(&moved) * weight.clone()).sum())[0]
        };
        let difference = (moved(5e-3) - moved(-5e-3)) / 1e-2;
        prop_assert!((slope - difference).abs() < 0.05 * (1. + slope.abs()), "{slope} instead of {difference}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_norm_is_that_of_the_backend(rows in 1_usize..6, width in 2_usize..40, seed in 0_u64..1000) {
        let leaves = [leaf([2, rows, width], seed), leaf([1, 1, width], seed + 1), leaf([1, 1, width], seed + 2)];
        let affine = |leaf: &Tensor<3>| leaf.clone().reshape([width]);
        agree(
            &leaves,
            |[x, gamma, beta]| normalise(x.clone(), affine(gamma), affine(beta), 1e-2),
            |[x, gamma, beta]| burn::tensor::module::layer_norm(x.clone(), affine(gamma), Some(affine(beta)), 1e-2),
        )?;
    }

    #[test]
    fn a_gate_is_that_of_the_backend(rows in 1_usize..6, width in 1_usize..40, seed in 0_u64..1000) {
        let leaves = [leaf([2, rows, width], seed), leaf([2, rows, width], seed + 1)];
        agree(&leaves, |[z, x]| gated(z.clone(), x.clone()), |[z, x]| gate::composed(z.clone(), x.clone()))?;
    }

    #[test]
    fn a_pointer_is_that_of_the_backend(
        slots in 1_usize..6, candidates in 1_usize..20, width in 1_usize..9, seed in 0_u64..1000,
        shift in prop::sample::select(vec![0_f32, 30., 42., 60.]), opposite: bool,
    ) {
        // Exponentials are split at 30, not at 60, and at 42 in some lists alone. With one sign their product is infinite.
        let against = if opposite { -shift } else { shift };
        let leaves = [leaf([2, candidates, width], seed), leaf([2, slots, width], seed + 1), leaf([1, width, 1], seed + 2)];
        let compare = |leaf: &Tensor<3>| leaf.clone().reshape([width, 1]);
        agree(
            &leaves,
            |[x, q, v]| point(x.clone() + shift, q.clone() + against, compare(v)),
            |[x, q, v]| pointer::composed(x.clone() + shift, q.clone() + against, compare(v)),
        )?;
    }

    #[test]
    fn attention_is_that_of_the_backend(
        queries in 1_usize..6, keys in 1_usize..20, heads in 1_usize..3, per_head in 1_usize..20, seed in 0_u64..1000,
        pairs: bool, share in 0_u64..=16,
    ) {
        let width = heads * per_head;
        let leaves = [leaf([3, queries, width], seed), leaf([3, keys, width], seed + 1), leaf([3, keys, width], seed + 2)];
        let blocked = flags([3, if pairs { queries } else { 1 }, keys], seed, share);
        let any_open = (!pairs).then(|| blocked.clone().all_dim(2).bool_not().float());
        agree(
            &leaves,
            |[q, k, v]| attend(q.clone(), k.clone(), v.clone(), &blocked, any_open.as_ref(), heads),
            |[q, k, v]| attention::composed(q.clone(), k.clone(), v.clone(), &blocked, any_open.as_ref(), heads),
        )?;
    }

    #[test]
    fn a_layer_over_parts_is_the_layer_over_them_side_by_side(
        length in 1_usize..9, a in 1_usize..20, b in 1_usize..9, output in 1_usize..40, seed in 0_u64..1000,
    ) {
        let layer = Weights::seeded(seed, &device()).linear(2 * a + b, output);
        let leaves = [leaf([2, length, a], seed), leaf([2, length, a], seed + 1), leaf([2, 1, b], seed + 2)];
        let user = |leaf: &Tensor<3>| leaf.clone().reshape([2, b]);
        agree(
            &leaves,
            |[x, y, p]| {
                linear_of_parts(&layer, vec![Part::Items(x.clone()), Part::Items(y.clone()), Part::List(user(p))], false)
            },
            |[x, y, p]| layer.forward(Tensor::cat(vec![x.clone(), y.clone(), p.clone().expand([2, length, b])], 2)),
        )?;
    }

    #[test]
    fn a_layer_with_a_residual_path_is_their_sum(
        rows in 1_usize..20, input in 1_usize..40, output in 1_usize..40, seed in 0_u64..1000,
    ) {
        let leaves = [
            leaf([1, rows, input], seed), leaf([1, input, output], seed + 1), leaf([1, 1, output], seed + 2),
            leaf([1, rows, output], seed + 3),
        ];
        let weight = |leaf: &Tensor<3>| leaf.clone().reshape([input, output]);
        let bias = |leaf: &Tensor<3>| leaf.clone().reshape([output]);
        agree(
            &leaves,
            |[x, w, b, r]| linear::affine_residual(x.clone(), weight(w), bias(b), r.clone()),
            |[x, w, b, r]| burn::tensor::module::linear(x.clone(), weight(w), Some(bias(b))) + r.clone(),
        )?;
    }
}

#[test]
fn a_layer_with_relu_has_the_relus_gradient() {
    let layer = Weights::seeded(3, &device()).linear(5, 20);
    let input = leaf([2, 7, 5], 4);
    let run = |output: Tensor<3>| {
        let gradients = (output.clone() * output.clone()).sum().backward();
        (values(output), values(input.grad(&gradients).unwrap()))
    };
    let (found, gradient) = run(linear_relu(&layer, input.clone()));
    let (expected, expected_gradient) = run(burn::tensor::activation::relu(layer.forward(input.clone())));
    for (a, b) in found.iter().zip(expected).chain(gradient.iter().zip(expected_gradient)) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}
