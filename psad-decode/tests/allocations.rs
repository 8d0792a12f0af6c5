//! Picking allocates nothing once the memory is there.

use allocation_counter::measure;
use ndarray::{Array2, Axis};
use psad_core::{Slate, SlateBuilder};
use psad_decode::{Influence, Picker, Strategy};

#[test]
fn a_slate_without_rules_allocates_nothing_after_the_longest_list() {
    let lists: Vec<(Array2<f32>, Array2<f32>)> = [100_usize, 3, 60, 100]
        .map(|count| {
            let logits = Array2::from_shape_fn((10, count + 4), |(slot, item)| ((slot * 31 + item * 17) as f32).sin());
            (logits, Array2::from_shape_fn((count, 16), |(item, axis)| ((item * 13 + axis * 29) as f32).sin()))
        })
        .into();
    let strategies = [Strategy::Greedy, Strategy::Contrastive { alpha: 0.6 }];
    for (strategy, influences) in strategies.iter().flat_map(|strategy| [(strategy, false), (strategy, true)]) {
        let mut picker = Picker::new(strategy).unwrap();
        let (mut slate, mut answer) = (SlateBuilder::new(0), Slate::default());
        let mut influence = Influence::default();
        let mut pick = |logits: &Array2<f32>, vectors: &Array2<f32>, block: usize| {
            slate.reset(vectors.nrows(), 10);
            picker.start(&slate, Some(vectors.view())).unwrap();
            if influences {
                for (pair, effect) in influence.reset(vectors.nrows(), &[1., 0.5, 0.25]).iter_mut().enumerate() {
                    *effect = ((pair * 37) as f32).sin();
                }
            }
            let influence = influences.then_some(&influence);
            for start in (0..10).step_by(block) {
                let block = logits.slice_axis(Axis(0), (start..10.min(start + block)).into());
                picker.fill(&mut slate, block, influence).unwrap();
            }
            slate.finish_into(&mut answer);
            assert_eq!(answer.len(), vectors.nrows().min(10));
        };
        pick(&lists[0].0, &lists[0].1, 10);
        let allocations = measure(|| {
            for ((logits, vectors), block) in lists.iter().flat_map(|list| [1, 4, 10].map(|block| (list, block))) {
                pick(logits, vectors, block);
            }
        });
        assert_eq!(allocations.count_total, 0, "{strategy:?}, influences: {influences}");
    }
}
