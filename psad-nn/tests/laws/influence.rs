//! What is placed acts on what stands below: on tensors as in a plain loop, and as the decoder adds it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use ndarray::{Array2, Array3, ArrayD, ArrayView2, Axis};
use proptest::{collection::vec, prelude::*};
use psad_core::{Reranker, Slate};
use psad_decode::Strategy as Search;
use psad_nn::{Encoded, Influence, ListEncoder, PairInfluence, Teacher, TensorReranker, named_parameters};

use crate::common::{World, worlds};
use crate::reranking::reranker;
use crate::toy::{Pair, Repelled, Tower, encoded, influence};

#[derive(Debug, Clone)]
struct Case {
    pairs: Array3<f32>,
    reach: Vec<f32>,
    /// What stands in each slot of each list.
    orders: Vec<Vec<usize>>,
}

fn cases() -> impl Strategy<Value = Case> {
    let shape =
        (1_usize..4, 1_usize..7).prop_flat_map(|(batch, candidates)| (Just((batch, candidates)), 1..=candidates));
    (shape, vec(-2_f32..2., 1..8)).prop_flat_map(|(((batch, candidates), slots), reach)| {
        let order = Just((0..candidates).collect::<Vec<_>>()).prop_shuffle();
        let orders = vec(order.prop_map(move |order| order[..slots].to_vec()), batch);
        let pairs = vec(-3_f32..3., batch * candidates * candidates)
            .prop_map(move |pairs| Array3::from_shape_vec((batch, candidates, candidates), pairs).unwrap());
        (pairs, Just(reach), orders).prop_map(|(pairs, reach, orders)| Case { pairs, reach, orders })
    })
}

fn array(tensor: Tensor<3>) -> Array3<f32> {
    let shape = tensor.dims();
    Array3::from_shape_vec(shape, tensor.try_into_vec_as().unwrap()).unwrap()
}

impl Case {
    fn along(&self) -> Array3<f32> {
        let (device, slots) = (Device::flex(), self.orders[0].len());
        let (batch, above, below) = self.pairs.dim();
        let pairs = TensorData::new::<f32, _>(self.pairs.iter().copied().collect(), [batch, above, below]);
        let influence = Influence {
            pairs: Tensor::from_data(pairs, &device),
            reach: Tensor::from_data(self.reach.as_slice(), &device),
            exposure: None,
        };
        let order: Vec<i32> = self.orders.concat().into_iter().map(|item| item as i32).collect();
        let order = TensorData::new::<i32, _>(order, [self.orders.len(), slots]);
        array(influence.along(&Tensor::from_data(order, &device)))
    }
}

/// What the decoder adds to the logits of every slot of a slate, `[slots, candidates]`.
fn added(pairs: &ArrayView2<'_, f32>, reach: &[f32], slate: &[usize]) -> Array2<f32> {
    let host = psad_decode::Influence::new(pairs.to_owned(), reach.to_vec());
    let mut added = Array2::zeros((slate.len(), pairs.ncols()));
    for (slot, mut row) in added.outer_iter_mut().enumerate() {
        host.add(row.as_slice_mut().unwrap(), slate, slot);
    }
    added
}

/// The numbers of an influence, `[batch, candidates, candidates]` and `[distances]`.
fn numbers(influence: &PairInfluence, encoded: &Encoded) -> (Array3<f32>, Vec<f32>) {
    let Influence { pairs, reach, .. } = influence.between(encoded);
    (array(pairs), reach.try_into_vec_as().unwrap())
}

fn teacher(world: &World, block: usize, between: Option<PairInfluence>) -> TensorReranker<Teacher<Tower, Repelled>> {
    let (device, queries): (_, [Pair; 3]) = (Device::flex(), [[3, -1], [-2, 2], [0, 3]]);
    let (encoder, generator) = (Tower::new(&world.schema, 1, &device), Repelled::new(&queries, &device));
    let teacher = Teacher::new(encoder, generator, block, Search::Greedy).with_influence(between);
    reranker(&teacher, world, &device)
}

fn lists() -> impl Strategy<Value = Vec<Vec<Pair>>> {
    vec(vec(prop::array::uniform2(-2_i8..=2), 1..=5), 1..=3)
}

/// By itself an item of a toy list is three times what it is in the list.
fn raw(item: Pair) -> [f64; 2] {
    item.map(|value| 3. * f64::from(value))
}

/// `(W x + a)` of one item.
fn above(values: &BTreeMap<String, ArrayD<f32>>, item: Pair) -> Vec<f64> {
    let (weight, bias) = (&values["above.weight"], &values["above.bias"]);
    let part = |axis: usize, out: usize| raw(item)[axis] * f64::from(weight[[axis, out]]);
    (0..bias.len()).map(|out| part(0, out) + part(1, out) + f64::from(bias[[out]])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_slot_gains_what_stands_above_it_times_the_factor_of_the_distance(case in cases()) {
        let (found, (_, _, candidates)) = (case.along(), case.pairs.dim());
        for (list, order) in case.orders.iter().enumerate() {
            for slot in 0..order.len() {
                for item in 0..candidates {
                    let mut expected = 0.;
                    for (above, &other) in order[..slot].iter().enumerate() {
                        let factor = case.reach.get(slot - above - 1).copied().unwrap_or(0.);
                        expected += f64::from(factor) * f64::from(case.pairs[[list, other, item]]);
                    }
                    let found = f64::from(found[[list, slot, item]]);
                    prop_assert!((found - expected).abs() < 1e-5, "slot {slot}, item {item}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn it_is_what_the_decoder_adds(case in cases()) {
        let found = case.along();
        for (list, order) in case.orders.iter().enumerate() {
            let expected = added(&case.pairs.index_axis(Axis(0), list), &case.reach, order);
            for (a, b) in found.index_axis(Axis(0), list).iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_pair_is_the_product_of_what_acts_and_what_is_affected(
        lists in lists(), seed in any::<u64>(), reach in vec(-2_f32..2., 1..8),
    ) {
        let device = Device::flex();
        let module = influence(seed, 1., &reach, &device);
        let (pairs, found) = numbers(&module, &encoded(&lists, &device));
        prop_assert_eq!(found, reach);
        let values = named_parameters(&module).unwrap();
        for (list, items) in lists.iter().enumerate() {
            for (c, &acting) in items.iter().enumerate() {
                for (i, &affected) in items.iter().enumerate() {
                    let (a, x) = (above(&values, acting), raw(affected));
                    let product = a.iter().zip(&x).map(|(a, x)| a * x).sum::<f64>() / (x.len() as f64).sqrt();
                    // Nothing stands below itself.
                    let expected = if c == i { 0. } else { product };
                    let found = f64::from(pairs[[list, c, i]]);
                    prop_assert!((found - expected).abs() < 1e-4 * (1. + expected.abs()), "{found} {expected}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_logits_along_a_slate_gain_what_the_decoder_adds(
        world in worlds(), len in 1_usize..9, block in 1_usize..5, seed in any::<u64>(),
        reach in vec(-2_f32..2., 1..8), order in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let between = influence(seed, 2., &reach, &Device::flex());
        let (plain, influenced) = (teacher(&world, block, None), teacher(&world, block, Some(between.clone())));
        for request in world.requests() {
            let candidates = request.candidates().len();
            let items = order.iter().copied().filter(|&item| item < candidates).take(len).collect();
            let slate = Slate::new(items, candidates).unwrap();
            let encoded = plain.model().encoder.encode(&plain.batch(&[request]).unwrap());
            let (pairs, reach) = numbers(&between, &encoded);
            let added = added(&pairs.index_axis(Axis(0), 0), &reach, slate.as_slice());
            let expected = plain.logits_along(request, &slate).unwrap() + &added;
            let found = influenced.logits_along(request, &slate).unwrap();
            prop_assert_eq!(found.dim(), expected.dim());
            // What is added may be much more than what comes out.
            let size = added.iter().fold(1_f32, |size, each| size.max(each.abs()));
            for (a, b) in found.iter().zip(&expected) {
                prop_assert!((a - b).abs() <= 1e-5 * (size + b.abs()), "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_greedy_slate_takes_the_greatest_logit_below_what_is_placed_in_its_own_block_too(
        world in worlds(), len in 1_usize..9, block in 1_usize..9, seed in any::<u64>(), reach in vec(-2_f32..2., 1..8),
    ) {
        let teacher = teacher(&world, block, Some(influence(seed, 2., &reach, &Device::flex())));
        for (request, slate) in world.requests().into_iter().zip(teacher.rerank_batch(&world.requests(), len).unwrap()) {
            prop_assert_eq!(slate.len(), len.min(request.candidates().len()));
            let logits = teacher.logits_along(request, &slate).unwrap();
            for (slot, row) in logits.outer_iter().enumerate() {
                let free = row.iter().enumerate().filter(|(item, _)| !slate.as_slice()[..slot].contains(item));
                let greatest = free.map(|(_, &logit)| logit).fold(f32::NEG_INFINITY, f32::max);
                // The decoder adds in another order than a product of matrices.
                let size = row.iter().fold(1_f32, |size, each| size.max(each.abs()));
                prop_assert!(row[slate.as_slice()[slot]] >= greatest - 1e-4 * size, "{slot}: {logits} {slate:?}");
            }
        }
    }
}

/// How many parameters a loss reaches.
fn reached(module: &PairInfluence, gradients: &Gradients) -> usize {
    struct Count<'a>(&'a Gradients, usize);
    impl ModuleVisitor for Count<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1 += usize::from(param.val().grad(self.0).is_some());
        }
    }
    let mut count = Count(gradients, 0);
    module.visit(&mut count);
    count.1
}

#[test]
fn what_is_detached_is_the_same_and_passes_no_gradient() {
    let device = Device::flex().autodiff();
    let lists = [vec![[1, 2], [-1, 1], [2, 0]], vec![[1, 1], [0, 2]]];
    let encoded = encoded(&lists, &device);
    let raw = encoded.raw.clone().require_grad();
    let encoded = Encoded { raw: raw.clone(), ..encoded };
    let module = influence(3, 1., &[1., 0.5, -0.5], &device);
    let order = Tensor::from_data([[2, 0, 1], [1, 0, 2]], &device);
    let factor = Tensor::<1>::from_data([2.], &device).require_grad();
    let flow = |influence: Influence| {
        let along = influence.along(&order);
        let gradients = (along.clone().sum() * factor.clone()).backward();
        let parameters = reached(&module, &gradients);
        assert!(factor.grad(&gradients).is_some());
        (array(along), parameters, raw.grad(&gradients).is_some())
    };
    let (whole, parameters, items) = flow(module.between(&encoded));
    assert_eq!((parameters, items), (3, true));
    let (detached, parameters, items) = flow(module.between(&encoded).detach());
    assert_eq!((parameters, items), (0, false));
    assert_eq!(whole, detached);
    assert!(whole.iter().any(|&each| each != 0.));
}
