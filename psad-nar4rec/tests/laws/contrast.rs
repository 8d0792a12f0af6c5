//! The contrastive term says what its formula says.

use burn::tensor::{Bool, Device, Tensor};
use proptest::prelude::*;
use psad_nar4rec::contrast_loss;

use crate::common::{LONGEST, WIDTH, cases, close, cosine, normal, pad, tensor, values};
use crate::gradients::slope_fits;

/// Vectors of several lists, some of them alike.
#[derive(Debug, Clone)]
struct Vectors {
    lists: Vec<Vec<Vec<f32>>>,
    spare: usize,
    margin: f64,
}

fn vectors() -> impl Strategy<Value = Vectors> {
    let list = (any::<u64>(), 1..=LONGEST, any::<bool>()).prop_map(|(seed, len, alike)| {
        let rows: Vec<Vec<f32>> = normal(seed, len * WIDTH).chunks(WIDTH).map(<[f32]>::to_vec).collect();
        // Close to the first one, so that cosines are high.
        let near = |row: &Vec<f32>| row.iter().zip(&rows[0]).map(|(own, first)| own * 0.3 + first).collect();
        if alike { rows.iter().map(near).collect() } else { rows }
    });
    (prop::collection::vec(list, 1..4), 0..3_usize, 0_f64..=2.).prop_map(|(lists, spare, margin)| Vectors {
        lists,
        spare,
        margin,
    })
}

impl Vectors {
    fn tensors(&self, device: &Device) -> (Tensor<3>, Tensor<2, Bool>) {
        let lens: Vec<usize> = self.lists.iter().map(Vec::len).collect();
        let columns = lens.iter().copied().max().unwrap() + self.spare;
        let row = |list: &Vec<Vec<f32>>| [list.concat(), vec![1e6; (columns - list.len()) * WIDTH]].concat();
        let flat = self.lists.iter().flat_map(row).collect();
        (tensor(flat, [lens.len(), columns, WIDTH], device), pad(&lens, columns, device))
    }

    fn losses(&self) -> Vec<f32> {
        let (vectors, pad) = self.tensors(&Device::flex());
        values(contrast_loss(vectors, pad, self.margin))
    }
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (0..count).map(move |b| (a, b))).filter(|(a, b)| a != b)
}

fn contrast(list: &[Vec<f32>], margin: f64) -> f64 {
    let sum: f64 = pairs(list.len()).map(|(a, b)| (margin - 1. + cosine(&list[a], &list[b])).max(0.)).sum();
    sum / pairs(list.len()).count().max(1) as f64
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn the_contrast_is_that_of_the_formula(world in vectors()) {
        for (list, found) in world.lists.iter().zip(world.losses()) {
            prop_assert!(close(found, contrast(list, world.margin)), "{} {}", found, contrast(list, world.margin));
        }
    }

    #[test]
    fn vectors_far_enough_from_each_other_cost_nothing(world in vectors(), slack in 1e-5_f64..0.5) {
        let cosines = world.lists.iter().flat_map(|list| pairs(list.len()).map(|(a, b)| cosine(&list[a], &list[b])));
        let most = cosines.fold(-1_f64, f64::max);
        let far = Vectors { margin: (1. - most - slack).max(0.), ..world };
        prop_assume!(most + slack <= 1.);
        prop_assert!(far.losses().into_iter().all(|loss| loss == 0.), "{:?}", far.losses());
    }

    #[test]
    fn vectors_that_coincide_cost_the_margin_whatever_their_lengths(
        seed: u64, len in 2..=LONGEST, margin in 0_f64..=2., scale in prop::sample::select(vec![1e-3, 1., 1e3]),
    ) {
        let one = normal(seed, WIDTH);
        let longer = |times: usize| one.iter().map(|value| value * scale * (times + 1) as f32).collect();
        let world = Vectors { lists: vec![(0..len).map(longer).collect()], spare: 1, margin };
        prop_assert!((f64::from(world.losses()[0]) - margin).abs() < 1e-6);
    }

    #[test]
    fn padding_and_batch_mates_change_no_contrast(world in vectors()) {
        for (list, together) in world.lists.iter().zip(world.losses()) {
            let alone = Vectors { lists: vec![list.clone()], spare: 0, ..world.clone() };
            prop_assert!(close(alone.losses()[0], f64::from(together)));
        }
    }

    #[test]
    fn slopes_of_the_contrast_are_those_of_differences(world in vectors()) {
        let device = Device::flex().autodiff();
        let (vectors, pad) = world.tensors(&device);
        let [_, columns, _] = vectors.dims();
        let vectors = vectors.require_grad();
        let loss = contrast_loss(vectors.clone(), pad, world.margin);
        let slopes = values(vectors.grad(&loss.sum().backward()).unwrap());
        for (index, list) in world.lists.iter().enumerate() {
            for (item, axis) in (0..columns).flat_map(|item| (0..WIDTH).map(move |axis| (item, axis))) {
                let slope = slopes[(index * columns + item) * WIDTH + axis];
                if item >= list.len() {
                    prop_assert_eq!(slope, 0.);
                    continue;
                }
                // A step that `f32` can follow.
                let loss_at = |step: f64| {
                    let mut list = list.clone();
                    list[item][axis] += (step * 10.) as f32;
                    contrast(&list, world.margin) / 10.
                };
                prop_assert!(slope_fits(slope, loss_at), "{}", slope);
            }
        }
    }
}

#[test]
fn a_list_of_one_has_nothing_to_differ_from() {
    let world = Vectors { lists: vec![vec![normal(1, WIDTH)]], spare: 2, margin: 2. };
    assert_eq!(world.losses(), [0.]);
}

#[test]
fn vectors_of_zeros_have_the_cosine_zero_and_finite_slopes() {
    let zeros = Vectors { lists: vec![vec![vec![0.; WIDTH]; 3]], spare: 1, margin: 0.5 };
    assert_eq!(zeros.losses(), [0.]);
    let zeros = Vectors { margin: 1.5, ..zeros };
    assert_eq!(zeros.losses(), [0.5]);
    let device = Device::flex().autodiff();
    let (vectors, pad) = zeros.tensors(&device);
    let vectors = vectors.require_grad();
    let slopes = values(vectors.grad(&contrast_loss(vectors.clone(), pad, 1.5).sum().backward()).unwrap());
    assert!(slopes.iter().all(|slope| slope.is_finite()), "{slopes:?}");
}
