//! What decoding costs beside the network: the logits are rows of a table.
//!
//! `method/rules/candidates`: ten slots in two blocks of five, for one list; `_picker` is the search without its
//! log-probability, in memory that is used again, and `influence` the same where each pick sways those below. `prepare` is what a request's rules cost
//! before anything is decoded.

mod rules;

use std::{convert::Infallible, hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Axis};
use psad_core::{Constraints, Slate, SlateBuilder};
use psad_decode::{BlockSchedule, Diversifier, Influence, Picker, ScoreBlock, Strategy};
use psad_decode::{decode_into, from_fn, plackett_luce, refine};

const SLOTS: usize = 10;
const BLOCK: usize = 5;
const SIZES: [usize; 4] = [20, 50, 100, 200];

/// Logits without ties, spread over about four units.
fn table(candidates: usize) -> Array2<f32> {
    Array2::from_shape_fn((SLOTS, candidates), |(slot, item)| ((slot * 31 + item * 17) as f32).sin() * 2.)
}

/// What candidates are compared by, `[candidates, 32]`.
fn vectors(candidates: usize) -> Array2<f32> {
    Array2::from_shape_fn((candidates, 32), |(item, axis)| ((item * 13 + axis * 29) as f32).sin())
}

/// What candidates do to those below them, as far as nine slots.
fn influence(candidates: usize) -> Influence {
    let pairs =
        Array2::from_shape_fn((candidates, candidates), |(placed, item)| ((placed * 7 + item * 3) as f32).cos());
    Influence::new(pairs, (1..SLOTS).map(|distance| 1. / distance as f32).collect())
}

/// Empty slates without and with rules.
fn slates(candidates: usize) -> [(&'static str, SlateBuilder); 2] {
    let slate = |rules| SlateBuilder::constrained(candidates, SLOTS, rules).expect("the rules can be kept");
    [("without", slate(&Constraints::new())), ("with", slate(&rules::shop_rules(candidates)))]
}

fn searching(criterion: &mut Criterion) {
    let strategies = [
        ("greedy", Strategy::Greedy),
        ("beam4", Strategy::Beam { width: 4 }),
        ("sample", Strategy::Sample { seed: 1, samples: 1 }),
        ("contrastive", Strategy::Contrastive { alpha: 0.6 }),
        ("assignment", Strategy::Assignment),
    ];
    let schedule = BlockSchedule::new(SLOTS, BLOCK).expect("slots and blocks are positive");
    for (name, strategy) in &strategies {
        let mut group = criterion.benchmark_group(*name);
        for candidates in SIZES {
            let table = table(candidates);
            let mut model = from_fn(|hypotheses, slots| {
                let block = ScoreBlock::new(table.slice_axis(Axis(0), slots.into()).to_owned());
                Ok::<_, Infallible>(vec![block; hypotheses.len()])
            })
            .with_vectors(vec![vectors(candidates)]);
            for (rules, slate) in slates(candidates) {
                group.bench_function(BenchmarkId::new(rules, candidates), |bencher| {
                    bencher.iter(|| decode_into(black_box(strategy), schedule, vec![slate.clone()], &mut model));
                });
            }
        }
    }
}

/// The same slates as greedy and contrastive search, in memory that is used again.
fn picking(criterion: &mut Criterion) {
    for (name, strategy) in
        [("greedy_picker", Strategy::Greedy), ("contrastive_picker", Strategy::Contrastive { alpha: 0.6 })]
    {
        let mut group = criterion.benchmark_group(name);
        let mut picker = Picker::new(&strategy).expect("the strategy looks at one slot at a time");
        let (mut slate, mut answer) = (SlateBuilder::new(0), Slate::default());
        for candidates in SIZES {
            let (table, vectors) = (table(candidates), vectors(candidates));
            let influence = influence(candidates);
            for (name, influence) in [("without", None), ("influence", Some(&influence))] {
                group.bench_function(BenchmarkId::new(name, candidates), |bencher| {
                    bencher.iter(|| {
                        slate.reset(candidates, SLOTS);
                        picker.start(&slate, Some(vectors.view())).expect("the vectors fit");
                        for block in table.axis_chunks_iter(Axis(0), BLOCK) {
                            picker.fill(&mut slate, black_box(block), influence).expect("the logits are finite");
                        }
                        slate.finish_into(&mut answer);
                    });
                });
            }
        }
    }
}

/// The whole slate at once, under an influence: from the greedy slate to the end, and one sweep over a slate that is given.
fn planning(criterion: &mut Criterion) {
    let schedule = BlockSchedule::new(SLOTS, BLOCK).expect("slots and blocks are positive");
    for (name, sweeps) in [("plan", None), ("refine", Some(1))] {
        let mut group = criterion.benchmark_group(name);
        for candidates in SIZES {
            let (table, influence) = (table(candidates), Arc::new(influence(candidates)));
            let mut model = from_fn(|hypotheses, slots| {
                let block = ScoreBlock::new(table.slice_axis(Axis(0), slots.into()).to_owned());
                Ok::<_, Infallible>(vec![block.with_influence(influence.clone()); hypotheses.len()])
            });
            let (scores, start) = (table.row(0).to_vec(), (0..SLOTS).collect::<Vec<_>>());
            for (rules, slate) in slates(candidates).into_iter().take(1) {
                group.bench_function(BenchmarkId::new(rules, candidates), |bencher| {
                    bencher.iter(|| {
                        let mut slate = slate.clone();
                        match sweeps {
                            None => decode_into(&Strategy::Plan, schedule, vec![slate], &mut model).map(|_| ()),
                            Some(sweeps) => refine(&mut slate, black_box(&start), &scores, &influence, sweeps),
                        }
                    });
                });
            }
        }
    }
}

fn diversifying(criterion: &mut Criterion) {
    let methods = [
        ("mmr", Diversifier::Mmr { lambda: 0.5 }),
        ("dpp", Diversifier::Dpp { theta: 1. }),
        ("ssd", Diversifier::Ssd { gamma: 0.5, window: 5 }),
    ];
    for (name, method) in methods {
        let mut group = criterion.benchmark_group(name);
        for candidates in SIZES {
            let (scores, vectors) = (table(candidates).row(0).to_vec(), vectors(candidates));
            for (rules, slate) in slates(candidates) {
                group.bench_function(BenchmarkId::new(rules, candidates), |bencher| {
                    bencher.iter(|| black_box(method).slate(slate.clone(), &scores, vectors.view()));
                });
            }
        }
    }
}

fn scoring(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plackett_luce");
    for candidates in SIZES {
        let scores = table(candidates).row(0).to_vec();
        group.bench_function(BenchmarkId::new("without", candidates), |bencher| {
            bencher.iter(|| plackett_luce(black_box(&scores), SLOTS, 1));
        });
    }
}

fn preparing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prepare");
    for candidates in SIZES {
        let rules = rules::shop_rules(candidates);
        group.bench_function(BenchmarkId::new("with", candidates), |bencher| {
            bencher.iter(|| SlateBuilder::constrained(candidates, SLOTS, black_box(&rules)));
        });
    }
}

criterion_group!(benches, searching, picking, planning, diversifying, scoring, preparing);
criterion_main!(benches);
