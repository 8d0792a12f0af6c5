//! The logits along a given slate.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array2;
use proptest::{prelude::*, sample::Index};
use psad_core::{RerankError, Reranker, Slate, SlateBuilder};
use psad_decode::{BlockSchedule, Strategy};
use psad_nn::{Generator, ListEncoder, Teacher, TensorReranker};

use crate::common::{World, worlds};
use crate::toy::{Pair, Repelled, Tower};

fn teacher(world: &World, block: usize) -> TensorReranker<Teacher<Tower, Repelled>> {
    let (device, queries): (_, [Pair; 3]) = (Device::flex(), [[3, -1], [-2, 2], [0, 3]]);
    let model =
        Teacher::new(Tower::new(&world.schema, 1, &device), Repelled::new(&queries, &device), block, Strategy::Greedy);
    TensorReranker::new(&model, Arc::new(world.tables.clone()), &world.schema, &device)
}

/// Any slate of `len` slots.
fn any_slate(candidates: usize, len: usize, picks: &[Index]) -> Slate {
    let mut builder = SlateBuilder::new(candidates);
    for pick in picks.iter().take(len) {
        let free: Vec<usize> = builder.free().collect();
        builder.push(free[pick.index(free.len())]).unwrap();
    }
    builder.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_logits_along_a_slate_are_the_teacher_forced_rows_of_the_slate(
        world in worlds(), len in 1_usize..9, block in 1_usize..5, picks in prop::collection::vec(any::<Index>(), 9),
    ) {
        let teacher = teacher(&world, block);
        for request in world.requests() {
            let candidates = request.candidates().len();
            let slate = any_slate(candidates, len.min(candidates), &picks);
            let logits = teacher.logits_along(request, &slate).unwrap();
            prop_assert_eq!(logits.dim(), (slate.len(), candidates));

            let encoded = teacher.model().encoder.encode(&teacher.batch(&[request]).unwrap());
            let order: Vec<i32> = slate.completed().as_slice().iter().map(|&item| item as i32).collect();
            let target = Tensor::from_data(TensorData::new::<i32, _>(order, [1, candidates]), &Device::flex());
            let schedule = BlockSchedule::new(slate.len(), block).unwrap();
            let rows = teacher.model().generator.teacher_forced(&encoded, schedule, target);
            let rows = Array2::from_shape_vec(logits.dim(), rows.try_into_vec_as::<f32>().unwrap()).unwrap();
            for (a, b) in logits.iter().zip(&rows) {
                prop_assert!((a - b).abs() <= 1e-5 * (1. + b.abs()), "{logits} {rows}");
            }
        }
    }

    #[test]
    fn a_greedy_slate_takes_the_greatest_logit_of_each_slot(world in worlds(), len in 1_usize..9, block in 1_usize..5) {
        let teacher = teacher(&world, block);
        for request in world.requests() {
            let slate = teacher.rerank(request, len).unwrap();
            let logits = teacher.logits_along(request, &slate).unwrap();
            for (slot, row) in logits.outer_iter().enumerate() {
                let placed = &slate.as_slice()[..slot];
                let free = row.iter().enumerate().filter(|(item, _)| !placed.contains(item));
                let greatest = free.map(|(_, &logit)| logit).fold(f32::NEG_INFINITY, f32::max);
                prop_assert_eq!(row[slate.as_slice()[slot]], greatest);
            }
        }
    }

    #[test]
    fn a_slate_of_another_list_or_without_slots_is_refused(world in worlds()) {
        let teacher = teacher(&world, 2);
        for request in world.requests() {
            let candidates = request.candidates().len();
            let other = teacher.logits_along(request, &Slate::initial(candidates + 1, 1));
            prop_assert!(matches!(other, Err(RerankError::Slate(_))));
            let none = teacher.logits_along(request, &Slate::initial(candidates, 0));
            prop_assert!(matches!(none, Err(RerankError::EmptySlate)));
        }
    }
}
