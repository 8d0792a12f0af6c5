//! A generator trained alone: its loss on the host, and that a step lowers it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use proptest::prelude::*;
use psad_core::LabeledList;
use psad_decode::BlockSchedule;
use psad_nn::{
    Batcher, Generator, GeneratorObjective, ListBatch, ListEncoder, Objective, SlotTargets, TiedTargets,
    load_parameters, named_parameters,
};

use crate::common::{World, worlds};
use crate::toy::{Pair, Repelled, Tower};

type Toy = GeneratorObjective<Tower, Repelled>;

const QUERIES: [Pair; 3] = [[3, -1], [-2, 2], [0, 3]];

fn objective(world: &World, block: usize, device: &Device) -> Toy {
    GeneratorObjective::new(Tower::new(&world.schema, 1, device), Repelled::new(&QUERIES, device), block)
}

fn batch(world: &World, lists: &[LabeledList], device: &Device) -> ListBatch {
    Batcher::new(&world.schema).lists(&lists.iter().collect::<Vec<_>>(), &world.tables, device).unwrap()
}

fn losses(objective: &Toy, batch: &ListBatch) -> Vec<f64> {
    let parts = objective.losses(batch).parts;
    assert_eq!(parts.iter().map(|part| (part.name, part.weight)).collect::<Vec<_>>(), [("cross-entropy", 1.)]);
    parts[0].per_list.to_data().iter::<f64>().collect()
}

/// `Σ_j w_j / |ties| Σ_{i tied with π*_j} −log softmax(U_j)_i` over the slots whose target is relevant.
fn on_host(objective: &Toy, batch: &ListBatch, block: usize) -> Vec<f64> {
    let encoded = objective.encoder.encode(batch);
    let [_, candidates] = encoded.pad.dims();
    let schedule = BlockSchedule::new(candidates, block).unwrap();
    let labels = batch.labels.as_ref().unwrap();
    let targets = SlotTargets::new(labels, &encoded.ranker, &encoded.lens, schedule, TiedTargets::Shared);
    let logits = objective.generator.teacher_forced(&encoded, schedule, targets.order.clone());
    let logits: Vec<f64> = logits.to_data().iter::<f64>().collect();
    let order: Vec<usize> = targets.order.to_data().iter::<i64>().map(|item| item as usize).collect();
    let values: Vec<f32> = labels.values.to_data().iter::<f32>().collect();
    let list = |(list, &len): (usize, &usize)| {
        let (order, values) = (&order[list * candidates..][..len], &values[list * candidates..][..len]);
        let relevant = values.iter().filter(|&&label| label > 0.).count();
        let slot = |slot: usize| {
            let free = &order[slot - slot % block..];
            let row = &logits[(list * candidates + slot) * candidates..][..candidates];
            let normaliser = free.iter().map(|&item| row[item].exp()).sum::<f64>().ln();
            let label = values[order[slot]];
            let tied: Vec<f64> = free.iter().filter(|&&item| values[item] == label).map(|&item| row[item]).collect();
            let mean = tied.iter().map(|logit| normaliser - logit).sum::<f64>() / tied.len() as f64;
            if label > 0. { mean / (slot as f64 + 2.).log2() } else { 0. }
        };
        if relevant == 0 || relevant == len { 0. } else { (0..len).map(slot).sum() }
    };
    encoded.lens.iter().enumerate().map(list).collect()
}

/// Whether two losses agree: logits of some tens, whose parts cancel.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-4 * (1. + a.abs())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_the_cross_entropy_of_the_labels_order(world in worlds(), block in 1_usize..5) {
        let device = Device::flex();
        let (objective, batch) = (objective(&world, block, &device), batch(&world, &world.lists, &device));
        for (found, expected) in losses(&objective, &batch).into_iter().zip(on_host(&objective, &batch, block)) {
            prop_assert!(near(found, expected), "{found} {expected}");
        }
    }

    #[test]
    fn a_list_teaches_the_same_in_any_batch(world in worlds(), block in 0_usize..5) {
        let device = Device::flex();
        let objective = objective(&world, block, &device);
        let together = losses(&objective, &batch(&world, &world.lists, &device));
        for (list, together) in world.lists.iter().zip(together) {
            let alone = losses(&objective, &batch(&world, std::slice::from_ref(list), &device))[0];
            prop_assert!(near(alone, together), "{alone} {together}");
        }
    }

    #[test]
    fn a_step_down_the_gradient_lowers_the_loss(world in worlds(), block in 1_usize..4) {
        let training = Device::flex().autodiff();
        let objective = objective(&world, block, &training);
        let per_list = objective.losses(&batch(&world, &world.lists, &training)).total().unwrap();
        let slopes = slopes(&objective, &per_list.sum().backward());
        let length = slopes.values().flatten().map(|&slope| f64::from(slope).powi(2)).sum::<f64>().sqrt();
        // Without contrast, or where the items are the same, there is nothing to learn.
        prop_assume!(length > 0.1);
        let mut values = named_parameters(&objective).unwrap();
        for (path, slopes) in &slopes {
            let step = (1e-3 / length) as f32;
            values.get_mut(path).unwrap().iter_mut().zip(slopes).for_each(|(value, slope)| *value -= step * slope);
        }
        let plain = batch(&world, &world.lists, &Device::flex());
        let before: f64 = losses(&objective.valid(), &plain).iter().sum();
        let after: f64 = losses(&load_parameters(objective.valid(), values).unwrap(), &plain).iter().sum();
        prop_assert!(after < before, "{before} -> {after}");
    }
}

/// The gradient of every parameter that has one.
fn slopes(objective: &Toy, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Collect<'a> {
        path: Vec<String>,
        gradients: &'a Gradients,
        found: BTreeMap<String, Vec<f32>>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                self.found.insert(self.path.join("."), gradient.try_into_vec_as().unwrap());
            }
        }
    }
    let mut collect = Collect { path: Vec::new(), gradients, found: BTreeMap::new() };
    objective.visit(&mut collect);
    collect.found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_labels_there_is_nothing_to_learn(world in worlds()) {
        let device = Device::flex();
        let requests = Batcher::new(&world.schema).requests(&world.requests(), &world.tables, &device).unwrap();
        prop_assert!(objective(&world, 1, &device).losses(&requests).parts.is_empty());
    }

    #[test]
    fn blocks_of_none_are_blocks_of_one(world in worlds()) {
        let device = Device::flex();
        let batch = batch(&world, &world.lists, &device);
        prop_assert_eq!(losses(&objective(&world, 0, &device), &batch), losses(&objective(&world, 1, &device), &batch));
    }
}
