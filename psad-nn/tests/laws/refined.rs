//! Students that are taught how to pick, and improve what they picked.

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, Array3};
use proptest::prelude::*;
use psad_core::{Request, Reranker, Slate};
use psad_decode::Influence;
use psad_nn::{Batcher, ListEncoder, ListScorer, ScoredEncoder, Student, TensorReranker, named_parameters, picking};

use crate::common::{World, worlds};
use crate::reranking::reranker;
use crate::toy::{Head, Tower, guidance, influence};

type Toy = TensorReranker<Model>;

type Model = Student<ScoredEncoder<Tower, Head>, Option<Head>>;

/// A student with an influence, and what is still to be set of it.
fn student(world: &World, seed: u64, set: impl Fn(Model) -> Model) -> Toy {
    let device = Device::flex();
    let encoder = ScoredEncoder { encoder: Tower::new(&world.schema, 1, &device), scorer: Head::new(2, &device) };
    let between = influence(seed, 1., &[1., 0.5], &device);
    reranker(&set(Student::new(encoder, None).with_influence(Some(between))), world, &device)
}

/// Expected clicks of a slate by what the student knows of clicks, from the device.
fn worth(plain: &Toy, world: &World, list: usize, slate: &Slate) -> f64 {
    let rows = plain.scores_along(world.requests()[list], slate).unwrap();
    (0..slate.len()).map(|slot| 1. / (1. + f64::from(-rows[[slot, slate.as_slice()[slot]]]).exp())).sum()
}

/// What the candidates of one list do to each other.
fn matrix(pairs: Tensor<3>) -> Array2<f32> {
    let [_, candidates, _] = pairs.dims();
    Array2::from_shape_vec((candidates, candidates), pairs.try_into_vec_as().unwrap()).unwrap()
}

/// How many clicks each candidate brings by standing above all others, as the slope at no influence: by central
/// differences.
fn brought(scores: &[f32], pairs: &Array2<f32>) -> Vec<f32> {
    let clicks = |item: usize, part: f64| {
        let others = (0..scores.len()).filter(|&other| other != item);
        let logits = others.map(|other| f64::from(scores[other]) + part * f64::from(pairs[[item, other]]));
        logits.map(|logit| 1. / (1. + (-logit).exp())).sum::<f64>()
    };
    (0..scores.len()).map(|item| ((clicks(item, 1e-4) - clicks(item, -1e-4)) / 2e-4) as f32).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_a_scorer_lists_keep_what_they_are_ranked_by(world in worlds()) {
        let device = Device::flex();
        let batch = Batcher::new(&world.schema).requests(&world.requests(), &world.tables, &device).unwrap();
        let encoded = Tower::new(&world.schema, 1, &device).encode(&batch);
        prop_assert_eq!(None::<Head>.score(&encoded).to_data(), encoded.ranker.to_data());
    }

    #[test]
    fn refining_costs_no_clicks(world in worlds(), len in 1_usize..6, seed in any::<u64>(), sweeps in 1_usize..4) {
        let plain = student(&world, seed, |student| student);
        let refined = student(&world, seed, |student| student.with_refinement(None, sweeps));
        let (before, after) =
            (plain.rerank_batch(&world.requests(), len).unwrap(), refined.rerank_batch(&world.requests(), len).unwrap());
        for (list, (before, after)) in before.iter().zip(&after).enumerate() {
            prop_assert_eq!(before.len(), after.len());
            let [before, after] = [before, after].map(|slate| worth(&plain, &world, list, slate));
            prop_assert!(after >= before - 1e-4, "{} after {}", after, before);
        }
    }

    #[test]
    fn a_taught_student_begins_with_the_better_of_two_slates(
        world in worlds(), len in 1_usize..6, seed in any::<u64>(), sweeps in 1_usize..4,
    ) {
        let other = guidance(seed ^ 1, 5, &Device::flex());
        let plain = student(&world, seed, |student| student);
        let taught = student(&world, seed, |student| student.with_guidance(Some(other.clone())));
        let refined = student(&world, seed, |student| {
            student.with_guidance(Some(other.clone())).with_refinement(None, sweeps)
        });
        let [plainly, guided, refined] =
            [&plain, &taught, &refined].map(|student| student.rerank_batch(&world.requests(), len).unwrap());
        for (list, refined) in refined.iter().enumerate() {
            let [own, guided, refined] =
                [&plainly[list], &guided[list], refined].map(|slate| worth(&plain, &world, list, slate));
            prop_assert!(refined >= own.max(guided) - 1e-4, "{} after {} and {}", refined, own, guided);
        }
    }

    #[test]
    fn what_a_list_is_picked_by_is_the_same_alone_as_in_a_batch(
        world in worlds(), len in 1_usize..6, seed in any::<u64>(),
    ) {
        let guided = student(&world, seed, |student| student.with_guidance(Some(guidance(seed, 3, &Device::flex()))));
        let model = guided.model();
        let rows = |requests: &[&Request]| {
            let encoded = model.encoder.encode(&guided.batch(requests).unwrap());
            let between = model.influence.as_ref().unwrap().between(&encoded);
            let (rows, _) = picking(&encoded, encoded.ranker.clone(), between, model.guidance.as_ref(), len);
            let shape = rows.dims();
            Array3::from_shape_vec(shape, rows.try_into_vec_as::<f32>().unwrap()).unwrap()
        };
        let together = rows(&world.requests());
        for (list, request) in world.requests().into_iter().enumerate() {
            let (alone, candidates) = (rows(&[request]), request.candidates().len());
            for (slot, item) in (0..len).flat_map(|slot| (0..candidates).map(move |item| (slot, item))) {
                let [alone, together] = [alone[[0, slot, item]], together[[list, slot, item]]];
                prop_assert!((alone - together).abs() <= 1e-5 * alone.abs().max(1.), "{} {}", alone, together);
            }
        }
    }

    #[test]
    fn guidance_joins_the_influence(world in worlds(), len in 1_usize..6, seed in any::<u64>()) {
        // The first slots of long slates have no factor.
        let (one, other) = (influence(seed, 1., &[1., 0.5], &Device::flex()), guidance(seed ^ 1, 3, &Device::flex()));
        let factors: Vec<f32> = named_parameters(&other).unwrap()["foresight"].iter().copied().collect();
        let guided = student(&world, seed, |student| student.with_guidance(Some(other.clone())));
        for request in world.requests() {
            let slate = Slate::initial(request.candidates().len(), len);
            prop_assert_eq!(slate.len(), len.min(request.candidates().len()));
            let batch = guided.batch(&[request]).unwrap();
            let encoded = guided.model().encoder.encode(&batch);
            let [learned, taught] = [one.between(&encoded).pairs, other.between(&encoded)].map(matrix);
            // The factors are those of the influence.
            let both = Influence::new(&learned + &taught, vec![1., 0.5]);
            let scores: Vec<f32> = encoded.ranker.try_into_vec_as().unwrap();
            let brought = brought(&scores, &learned);
            for (slot, row) in guided.scores_along(request, &slate).unwrap().outer_iter().enumerate() {
                let factor = factors.get(slate.len() - slot - 1).copied().unwrap_or(0.);
                let mut expected: Vec<f32> =
                    scores.iter().zip(&brought).map(|(score, brought)| score + factor * brought).collect();
                both.add(&mut expected, slate.as_slice(), slot);
                for (found, expected) in row.iter().zip(expected) {
                    prop_assert!((found - expected).abs() <= 1e-4 * expected.abs().max(1.), "{} {}", found, expected);
                }
            }
        }
    }
}
