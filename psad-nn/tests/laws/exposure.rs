//! What slots are exposed to says nothing of what should stand in them.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use ndarray::{Array1, Array2};
use proptest::{array::uniform2, array::uniform6, collection::vec, prelude::*};
use psad_core::Reranker;
use psad_decode::{BlockSchedule, Strategy as Search};
use psad_nn::{Encoded, Exposure, Generator, Teacher, Weights, generate, load_parameters};

use crate::common::worlds;
use crate::reranking::reranker;
use crate::toy::{Lookup, Pair, Repelled, Tower, encoded, influence};

const SLOTS: usize = 6;

/// Whole numbers, so that sums are exact; every number of a profile of `width` has the same slopes.
fn exposure(width: usize, slopes: &[i8], constants: &[i8], device: &Device) -> Exposure {
    let slots = slopes.len();
    let weight = Array2::from_shape_fn((width, slots), |(_, slot)| f32::from(slopes[slot]));
    let bias: Array1<f32> = constants.iter().copied().map(f32::from).collect();
    let values =
        BTreeMap::from([("slots.weight".to_owned(), weight.into_dyn()), ("slots.bias".to_owned(), bias.into_dyn())]);
    load_parameters(Exposure::init(width, slots, &mut Weights::seeded(1, device)), values).unwrap()
}

fn values(exposure: &Exposure, encoded: &Encoded, slots: usize) -> Vec<f32> {
    exposure.of(encoded, slots).try_into_vec_as().unwrap()
}

/// [`Lookup`] that adds a number to all logits of a slot.
#[derive(Module, Debug)]
struct Exposed {
    lookup: Lookup,
    exposure: Exposure,
}

impl Generator for Exposed {
    type State = ();

    fn start(&self, _encoded: &Encoded) {}

    fn block_logits(&self, encoded: &Encoded, state: &(), slots: Range<usize>) -> Tensor<3> {
        let exposure = self.exposure.of(encoded, slots.end).narrow(1, slots.start, slots.len());
        let [batch, rows] = exposure.dims();
        self.lookup.block_logits(encoded, state, slots) + exposure.reshape([batch, rows, 1])
    }

    fn advance(&self, _encoded: &Encoded, _state: (), _slots: Range<usize>, _picks: Tensor<2, Int>) {}

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, _target: Tensor<2, Int>) -> Tensor<3> {
        self.block_logits(encoded, &(), 0..schedule.slots())
    }
}

fn searches() -> impl Strategy<Value = Search> {
    prop_oneof![
        Just(Search::Greedy),
        (1_usize..5).prop_map(|width| Search::Beam { width }),
        (any::<u64>(), 1_usize..4).prop_map(|(seed, samples)| Search::Sample { seed, samples }),
        (0_f32..=1.).prop_map(|alpha| Search::Contrastive { alpha }),
        Just(Search::Assignment),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    vec(uniform2(-2_i8..=2), 1..=5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_starts_alike_whoever_the_user_is(
        profiles in vec(uniform2(-1e3_f32..1e3), 1..4), seed in any::<u64>(), slots in 1..=SLOTS,
    ) {
        let (device, batch) = (Device::flex(), profiles.len());
        let profile = TensorData::new::<f32, _>(profiles.concat(), [batch, 2]);
        let encoded = Encoded {
            profile: Tensor::from_data(profile, &device),
            ..encoded(&vec![vec![[1, 1]]; batch], &device)
        };
        let exposure = Exposure::init(2, SLOTS, &mut Weights::seeded(seed, &device));
        prop_assert_eq!(exposure.of(&encoded, slots).dims(), [batch, slots]);
        prop_assert_eq!(values(&exposure, &encoded, slots), vec![2.; batch * slots]);
    }

    #[test]
    fn it_is_linear_in_the_profile(
        slopes in uniform6(-9_i8..9), constants in uniform6(-9_i8..9), lists in 1_usize..4, slots in 1..=SLOTS,
    ) {
        let device = Device::flex();
        let found = values(&exposure(1, &slopes, &constants, &device), &encoded(&vec![vec![[1, 1]]; lists], &device), slots);
        // The profile of a toy list is its index.
        let of_list = |list: usize| (0..slots).map(move |slot| f32::from(constants[slot]) + list as f32 * f32::from(slopes[slot]));
        prop_assert_eq!(found, (0..lists).flat_map(of_list).collect::<Vec<_>>());
    }

    #[test]
    fn whatever_is_added_to_a_slot_changes_no_slate(
        lists in vec(pairs(), 1..=3), queries in pairs(), slots in 1..=SLOTS, block in 1_usize..=6,
        slopes in uniform6(-9_i8..9), constants in uniform6(-99_i8..99), search in searches(),
    ) {
        let (device, schedule) = (Device::flex(), BlockSchedule::new(slots, block).unwrap());
        let (encoded, lookup) = (encoded(&lists, &device), Lookup::new(&queries, &device));
        let exposed = Exposed { lookup: lookup.clone(), exposure: exposure(1, &slopes, &constants, &device) };
        let plain = generate(&lookup, &encoded, schedule, &search).unwrap();
        let exposed = generate(&exposed, &encoded, schedule, &search).unwrap();
        for (plain, exposed) in plain.iter().flatten().zip(exposed.iter().flatten()) {
            prop_assert_eq!(&plain.slate, &exposed.slate);
            prop_assert!((plain.log_probability - exposed.log_probability).abs() < 1e-9);
        }
        let count = |decoded: &[Vec<_>]| decoded.iter().map(Vec::len).collect::<Vec<_>>();
        prop_assert_eq!(count(&plain), count(&exposed));
    }
    #[test]
    fn a_teacher_that_does_not_plan_gives_the_same_slates_with_it(
        world in worlds(), len in 1_usize..9, block in 1_usize..5, seed in any::<u64>(),
        numbers in vec((-9_i8..9, -9_i8..9), 7), search in searches(),
    ) {
        let (device, queries): (_, [Pair; 3]) = (Device::flex(), [[3, -1], [-2, 2], [0, 3]]);
        let (slopes, constants): (Vec<i8>, Vec<i8>) = numbers.into_iter().unzip();
        let teacher = |exposure| {
            let (encoder, generator) = (Tower::new(&world.schema, 1, &device), Repelled::new(&queries, &device));
            let teacher = Teacher::new(encoder, generator, block, search.clone()).with_exposure(exposure);
            reranker(&teacher.with_influence(Some(influence(seed, 2., &[1., -0.5], &device))), &world, &device)
        };
        let exposed = teacher(Some(exposure(2, &slopes, &constants, &device)));
        let plain = teacher(None).rerank_batch(&world.requests(), len).unwrap();
        prop_assert_eq!(exposed.rerank_batch(&world.requests(), len).unwrap(), plain);
    }
}
