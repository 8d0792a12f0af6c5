//! What decoding costs beside the network: the logits are rows of a table.

use std::{convert::Infallible, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Axis};
use psad_decode::{BlockSchedule, ScoreBlock, Strategy, decode, from_fn, plackett_luce};

const SLOTS: usize = 10;

/// Logits without ties, spread over about four units.
fn table(candidates: usize) -> Array2<f32> {
    Array2::from_shape_fn((SLOTS, candidates), |(slot, item)| ((slot * 31 + item * 17) as f32).sin() * 2.)
}

fn decoding(criterion: &mut Criterion) {
    let strategies = [
        ("greedy", Strategy::Greedy),
        ("beam 4", Strategy::Beam { width: 4 }),
        ("sample", Strategy::Sample { seed: 1, samples: 1 }),
    ];
    let schedule = BlockSchedule::new(SLOTS, 5).expect("slots and blocks are positive");
    for candidates in [20, 100] {
        let table = table(candidates);
        let mut model = from_fn(|hypotheses, slots| {
            let block = ScoreBlock::new(table.slice_axis(Axis(0), slots.into()).to_owned());
            Ok::<_, Infallible>(vec![block; hypotheses.len()])
        });
        for (name, strategy) in &strategies {
            criterion.bench_function(&format!("{name}/{candidates}"), |bencher| {
                bencher.iter(|| decode(black_box(strategy), schedule, &[candidates], &mut model));
            });
        }
        let scores = table.row(0).to_vec();
        criterion.bench_function(&format!("plackett_luce/{candidates}"), |bencher| {
            bencher.iter(|| plackett_luce(black_box(&scores), SLOTS, 1));
        });
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);
