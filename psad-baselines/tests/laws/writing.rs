//! Seq2Slate as a generator: training and decoding give the same numbers, and slates are slates.

use burn::tensor::{Device, Int, Tensor, TensorData};
use ndarray::Array3;
use proptest::{collection::vec, prelude::*};
use psad_baselines::Seq2Slate;
use psad_core::Slate;
use psad_decode::{BlockSchedule, Strategy as Decoding};
use psad_nn::{Encoded, Generator, ListEncoder, generate};

use crate::common::{LONGEST, List, RICH, as_if_trained, batch, cases, floats, list, seq2slate};

/// What two ways to the same logit may differ by: a few steps of a recurrent network.
const TOLERANCE: f32 = 1e-5;

struct World {
    generator: Seq2Slate,
    encoded: Encoded,
    /// Any order of each list's candidates.
    targets: Vec<Vec<usize>>,
}

impl World {
    fn new(lists: &[List], keys: &[Vec<u8>]) -> Self {
        let device = Device::flex();
        let model = as_if_trained(seq2slate(RICH, &device));
        let encoded = model.encoder.encode(&batch(lists, RICH, &device));
        let target = |(list, keys): (&List, &Vec<u8>)| {
            let mut order: Vec<usize> = (0..list.len()).collect();
            order.sort_by_key(|&item| keys[item]);
            order
        };
        let targets = lists.iter().zip(keys).map(target).collect();
        Self { generator: model.generator, encoded, targets }
    }

    fn columns(&self) -> usize {
        self.encoded.pad.dims()[1]
    }

    fn schedule(&self, block: usize) -> BlockSchedule {
        BlockSchedule::new(self.columns(), block).unwrap()
    }

    fn targets(&self) -> Tensor<2, Int> {
        let row = |order: &Vec<usize>| [order.clone(), (order.len()..self.columns()).collect()].concat();
        let flat = self.targets.iter().flat_map(row).map(|item| item as i32).collect();
        let shape = [self.targets.len(), self.columns()];
        Tensor::from_data(TensorData::new::<i32, _>(flat, shape), &self.encoded.pad.device())
    }

    fn taught(&self, block: usize) -> Array3<f32> {
        array(self.generator.teacher_forced(&self.encoded, self.schedule(block), self.targets()))
    }

    /// The logits of every block, each asked for by itself while the targets are placed block by block.
    fn stepwise(&self, block: usize) -> Array3<f32> {
        let mut state = self.generator.start(&self.encoded);
        let mut blocks = Vec::new();
        for slots in self.schedule(block).blocks() {
            blocks.push(self.generator.block_logits(&self.encoded, &state, slots.clone()));
            let picks = self.targets().narrow(1, slots.start, slots.len());
            state = self.generator.advance(&self.encoded, state, slots, picks);
        }
        array(Tensor::cat(blocks, 1))
    }

    /// Where slot `slot` of a list may choose.
    fn open(&self, list: usize, slot: usize, block: usize) -> Vec<usize> {
        let taken = &self.targets[list][..slot - slot % block];
        (0..self.encoded.lens[list]).filter(|item| !taken.contains(item)).collect()
    }
}

fn array(tensor: Tensor<3>) -> Array3<f32> {
    let shape = tensor.dims();
    Array3::from_shape_vec(shape, floats(tensor)).unwrap()
}

fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), LONGEST), 3)
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_pass_of_training_is_the_step_by_step_pass(lists in vec(list(), 1..=3), keys in keys(), block in 1_usize..9) {
        let world = World::new(&lists, &keys);
        let (taught, steps) = (world.taught(block), world.stepwise(block));
        prop_assert_eq!(taught.dim(), steps.dim());
        for (list, &len) in world.encoded.lens.iter().enumerate() {
            for slot in 0..len {
                for item in world.open(list, slot, block) {
                    let (a, b) = (taught[[list, slot, item]], steps[[list, slot, item]]);
                    prop_assert!((a - b).abs() < TOLERANCE, "list {}, slot {}, item {}: {} {}", list, slot, item, a, b);
                }
            }
        }
    }

    #[test]
    fn a_row_is_finite_where_it_may_choose_and_ruled_out_elsewhere(
        lists in vec(list(), 1..=3), keys in keys(), block in 1_usize..9,
    ) {
        let world = World::new(&lists, &keys);
        for logits in [world.taught(block), world.stepwise(block)] {
            for (list, &len) in world.encoded.lens.iter().enumerate() {
                for slot in 0..len {
                    let open = world.open(list, slot, block);
                    for item in 0..world.columns() {
                        let logit = logits[[list, slot, item]];
                        prop_assert_eq!(open.contains(&item), logit.abs() < 100.);
                        prop_assert!(open.contains(&item) || logit < -1e8);
                    }
                }
            }
        }
    }

    #[test]
    fn a_target_changes_nothing_up_to_its_block(
        lists in vec(list(), 1..=3), keys in keys(), block in 1_usize..4, at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let mut world = World::new(&lists, &keys);
        let before = world.taught(block);
        let len = world.targets[0].len();
        let (at, other) = (at.index(len), other.index(len));
        world.targets[0].swap(at, other);
        let after = world.taught(block);
        let end = ((at.min(other) / block + 1) * block).min(world.columns());
        for slot in 0..end {
            // Bit for bit, batch mates included.
            prop_assert_eq!(before.index_axis(ndarray::Axis(1), slot), after.index_axis(ndarray::Axis(1), slot));
        }
        let mates = |logits: &Array3<f32>| logits.outer_iter().skip(1).map(|mate| mate.to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(mates(&before), mates(&after));
    }

    #[test]
    fn every_strategy_writes_slates_alone_as_in_a_batch(
        lists in vec(list(), 1..=3), keys in keys(), block in 1_usize..4, slots in 1_usize..9,
    ) {
        let schedule = BlockSchedule::new(slots, block).unwrap();
        let write = |lists: &[List], strategy: &Decoding| {
            let world = World::new(lists, &keys);
            generate(&world.generator, &world.encoded, schedule, strategy).unwrap()
        };
        for strategy in [Decoding::Greedy, Decoding::Beam { width: 3 }, Decoding::Sample { seed: 7, samples: 2 }] {
            let together = write(&lists, &strategy);
            for (list, together) in lists.iter().zip(together) {
                let alone = write(std::slice::from_ref(list), &strategy).remove(0);
                prop_assert_eq!(alone.len(), together.len());
                for (alone, together) in alone.iter().zip(&together) {
                    prop_assert_eq!((alone.slate.len(), alone.slate.candidates()), (slots.min(list.len()), list.len()));
                    // Where two slates lie closer than rounding, alone and in a batch may take either.
                    prop_assert!((alone.log_probability - together.log_probability).abs() < 1e-3);
                }
            }
        }
    }
}

#[test]
fn a_greedy_slate_follows_the_logits_one_by_one() {
    let lists = crate::common::some_lists();
    let keys = vec![vec![0; LONGEST]; lists.len()];
    let mut world = World::new(&lists, &keys);
    let slates = generate(&world.generator, &world.encoded, world.schedule(1), &Decoding::Greedy).unwrap();
    world.targets = slates.iter().map(|slates| slates[0].slate.as_slice().to_vec()).collect();
    let logits = world.taught(1);
    for (list, slate) in world.targets.iter().enumerate() {
        for (slot, &picked) in slate.iter().enumerate() {
            let best = world.open(list, slot, 1).into_iter().map(|item| logits[[list, slot, item]]);
            assert_eq!(logits[[list, slot, picked]], best.fold(f32::MIN, f32::max));
        }
        assert!(Slate::new(slate.clone(), slate.len()).is_ok());
    }
}
