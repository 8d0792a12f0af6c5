//! A picker that runs block by block gives the slates of the decoder.

use std::convert::Infallible;

use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, array};
use proptest::prelude::*;
use psad_core::{Slate, SlateBuilder};
use psad_decode::{BlockModel, BlockSchedule, DecodeError, Hypothesis, Picker, ScoreBlock, Strategy, StrategyError};
use psad_decode::{decode, decode_into, from_fn};

use crate::cases::{Case, Shape, some_rules};
use crate::fake::{Fake, fakes, schedules};

const LONG: Shape = Shape { candidates: 1..=20, slots: 1..=12, rules: 0..=3 };

/// Block by block, with columns behind the candidates that nobody may read.
fn picked(picker: &mut Picker, case: &Case, mut slate: SlateBuilder) -> Slate {
    let padded = Array2::from_shape_fn((case.slots, case.candidates() + 2), |(slot, item)| {
        case.table.get((slot, item)).copied().unwrap_or(f32::NAN)
    });
    picker.start(&slate, Some(case.vectors.view())).unwrap();
    for start in (0..case.slots).step_by(case.block) {
        let block = start..case.slots.min(start + case.block);
        picker.fill(&mut slate, padded.slice_axis(Axis(0), block.into()), None).unwrap();
    }
    slate.finish()
}

fn strategies(alpha: f32) -> [Strategy; 4] {
    let contrastive = |alpha| Strategy::Contrastive { alpha };
    [Strategy::Greedy, contrastive(alpha), contrastive(0.), contrastive(1.)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_picker_after_the_other_list_gives_the_decoders_slates(seeds in prop::collection::vec(any::<u64>(), 1..5), alpha in 0_f32..=1.) {
        for strategy in strategies(alpha) {
            let mut picker = Picker::new(&strategy).unwrap();
            for &seed in &seeds {
                let case = Case::new(seed, &LONG, some_rules);
                let free = SlateBuilder::constrained(case.candidates(), case.slots, &psad_core::Constraints::new()).unwrap();
                for slate in std::iter::once(free).chain(case.builder()) {
                    let expected = case.search(&strategy, slate.clone()).remove(0);
                    prop_assert_eq!(picked(&mut picker, &case, slate), expected, "{:?}", &strategy);
                }
            }
        }
    }

    #[test]
    fn it_follows_a_network_that_reads_what_is_placed(
        fake in fakes(12), schedule in schedules(12), alpha in 0_f32..=1.,
    ) {
        for strategy in strategies(alpha) {
            let decoded = decode(&strategy, schedule, &fake.candidates(), &mut fake.clone()).unwrap();
            let mut picker = Picker::new(&strategy).unwrap();
            for (list, slates) in decoded.iter().enumerate() {
                prop_assert_eq!(&driven(&mut picker, fake.alone(list), schedule), &slates[0].slate);
            }
        }
    }

    #[test]
    fn logits_that_order_nothing_are_refused_as_the_decoder_refuses_them(
        seed: u64, bad in prop_oneof![Just(f32::NAN), Just(f32::INFINITY)], at in any::<prop::sample::Index>(),
        ruled_out in prop::collection::vec(any::<bool>(), 20 * 12), alpha in 0_f32..=1.,
    ) {
        let mut case = Case::new(seed, &LONG, some_rules);
        for (logit, &out) in case.table.iter_mut().zip(&ruled_out) {
            *logit = if out { f32::NEG_INFINITY } else { *logit };
        }
        if seed % 3 > 0 {
            let cell = at.index(case.table.len());
            *case.table.iter_mut().nth(cell).unwrap() = bad;
        }
        for strategy in strategies(alpha) {
            let mut slate = SlateBuilder::new(0);
            slate.reset(case.candidates(), case.slots);
            let expected = searched(&case, &strategy, slate.clone());
            let mut picker = Picker::new(&strategy).unwrap();
            picker.start(&slate, Some(case.vectors.view())).unwrap();
            let blocks = (0..case.slots).step_by(case.block).map(|start| start..case.slots.min(start + case.block));
            let found = blocks.into_iter().try_for_each(|block| picker.fill(&mut slate, case.table.slice_axis(Axis(0), block.into()), None));
            // Debug output, because NaN equals nothing.
            prop_assert_eq!(format!("{:?}", found.map(|()| slate.finish())), format!("{expected:?}"));
        }
    }

    #[test]
    fn the_layout_of_the_logits_means_nothing(seed: u64, alpha in 0_f32..=1.) {
        let case = Case::new(seed, &LONG, some_rules);
        let mut turned = Array2::zeros(case.table.dim().f());
        turned.assign(&case.table);
        let mut picker = Picker::new(&Strategy::Contrastive { alpha }).unwrap();
        let mut pick = |logits: ArrayView2<'_, f32>| {
            let mut slate = SlateBuilder::new(case.candidates());
            picker.start(&slate, Some(case.vectors.view())).unwrap();
            picker.fill(&mut slate, logits, None).unwrap();
            slate.finish()
        };
        prop_assert_eq!(pick(turned.view()), pick(case.table.view()));
    }
}

/// As [`Case::search`], but the model may answer anything.
fn searched(case: &Case, strategy: &Strategy, slate: SlateBuilder) -> Result<Slate, DecodeError<Infallible>> {
    let mut model = from_fn(|hypotheses: &[Hypothesis], slots: std::ops::Range<usize>| {
        let block = ScoreBlock::new(case.table.slice_axis(Axis(0), slots.into()).to_owned());
        Ok(vec![block; hypotheses.len()])
    })
    .with_vectors(vec![case.vectors.clone()]);
    let schedule = BlockSchedule::new(case.slots, case.block).unwrap();
    Ok(decode_into(strategy, schedule, vec![slate], &mut model)?.remove(0).remove(0).slate)
}

/// Runs a network of one list by hand, as a server does: a decoder that only follows what the picker picked asks it.
fn driven(picker: &mut Picker, mut network: Fake, schedule: BlockSchedule) -> Slate {
    let candidates = network.candidates()[0];
    let mut slate = SlateBuilder::new(0);
    slate.reset(candidates, schedule.slots());
    let vectors = network.vectors(0).unwrap();
    picker.start(&slate, vectors.as_ref().map(|vectors| vectors.view())).unwrap();
    for block in schedule.blocks().take_while(|block| block.start < candidates) {
        // What the network would be asked behind these picks: greedy search over logits that leave it no choice.
        let mut asked = None;
        let placed = slate.placed().to_vec();
        let mut spy = from_fn(|hypotheses: &[Hypothesis], slots: std::ops::Range<usize>| {
            let blocks = network.block_logits(hypotheses, slots.clone())?;
            if slots == block {
                asked = Some(blocks[0].logits().clone());
            }
            let forced = |row: usize| placed.get(slots.start + row).copied();
            Ok::<_, Infallible>(vec![ScoreBlock::new(Array2::from_shape_fn(
                (slots.len(), candidates),
                |(row, item)| {
                    if forced(row).is_none_or(|forced| forced == item) { 1. } else { 0. }
                },
            ))])
        });
        decode(&Strategy::Greedy, schedule, &[candidates], &mut spy).unwrap();
        network = network.alone(0);
        picker.fill(&mut slate, asked.unwrap().view(), None).unwrap();
    }
    slate.finish()
}

#[test]
fn every_refusal_is_typed() {
    let beam = Strategy::Beam { width: 2 };
    assert_eq!(Picker::new(&beam).unwrap_err(), StrategyError::NotOneByOne { strategy: beam });
    let alpha = Picker::new(&Strategy::Contrastive { alpha: 2. });
    assert_eq!(alpha.unwrap_err(), StrategyError::Alpha { alpha: 2. });

    let mut picker = Picker::new(&Strategy::Contrastive { alpha: 0.5 }).unwrap();
    assert!(picker.needs_vectors() && !Picker::new(&Strategy::Greedy).unwrap().needs_vectors());
    let mut slate = SlateBuilder::new(2);
    let vectors: Array2<f32> = array![[1., 0.], [0., 1.]];
    assert_eq!(picker.start(&SlateBuilder::new(0), None), Err(DecodeError::EmptyList { list: 0 }));
    assert_eq!(picker.start(&slate, None), Err(DecodeError::NoVectors { list: 0 }));
    let short = picker.start(&slate, Some(vectors.slice_axis(Axis(0), (..1).into())));
    assert_eq!(short, Err(DecodeError::VectorCount { list: 0, expected: 2, found: 1 }));
    let infinite = picker.start(&slate, Some(array![[f32::INFINITY, 0.], [0., 0.]].view()));
    assert!(matches!(infinite, Err(DecodeError::NonFiniteVector { list: 0, item: 0, .. })));
    let after = picker.fill(&mut slate, array![[0., 0.]].view(), None);
    assert_eq!(after, Err(DecodeError::VectorCount { list: 0, expected: 2, found: 0 }));
    assert_eq!(picker.start(&slate, Some(vectors.view())), Ok(()));
    let narrow = picker.fill(&mut slate, array![[0.]].view(), None);
    assert_eq!(narrow, Err(DecodeError::BlockShape { list: 0, expected: [1, 2], found: [1, 1] }));
    assert_eq!(
        picker.fill(&mut slate, array![[0., 1.], [0., 0.], [0., 0.]].view(), None),
        Ok(()),
        "what is full takes no more"
    );
    assert_eq!(slate.placed(), [1, 0]);
    assert_eq!(picker.start(&slate, Some(vectors.view())), Err(DecodeError::NotEmpty { list: 0, placed: 2 }));
}
