//! The sequence-level loss says what its formula says.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use psad_core::Slate;
use psad_nar4rec::{ExposedSlates, unlikelihood_loss};
use psad_nn::LabelBatch;

use crate::common::{LONGEST, cases, close, normal, order, tensor, values};
use crate::gradients::slope_fits;

/// A list, what was shown of it, and a generator's logits.
#[derive(Debug, Clone)]
struct List {
    labels: Vec<f32>,
    shown: Option<Vec<usize>>,
    /// `[slots][candidates]`.
    logits: Vec<Vec<f64>>,
}

#[derive(Debug, Clone)]
struct World {
    lists: Vec<List>,
    spare: usize,
    /// Rows of the logits.
    rows: usize,
    threshold: usize,
}

fn lists() -> impl Strategy<Value = List> {
    let labels = prop::collection::vec(prop::sample::select(vec![0., 0., 1., 2.]), 1..=LONGEST);
    (labels, prop::option::of(0..=LONGEST), any::<u64>(), prop::sample::select(vec![1., 5.])).prop_map(
        |(labels, shown, seed, scale)| {
            let len = labels.len();
            let shown = shown.map(|slots| order(seed ^ 1, len)[..slots.min(len)].to_vec());
            let drawn: Vec<f64> = normal(seed, len * (LONGEST + 2)).into_iter().map(|x| f64::from(x * scale)).collect();
            List { labels, shown, logits: drawn.chunks(len).map(<[f64]>::to_vec).collect() }
        },
    )
}

fn worlds() -> impl Strategy<Value = World> {
    (prop::collection::vec(lists(), 1..4), 0..3_usize, 1..=LONGEST + 2, 0..4_usize)
        .prop_map(|(lists, spare, rows, threshold)| World { lists, spare, rows, threshold })
}

impl List {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn ideal(&self) -> Vec<usize> {
        Slate::top_by_score(&self.labels, self.len()).unwrap().as_slice().to_vec()
    }

    /// What was shown, or what stands in for it.
    fn exposed(&self, otherwise: impl Fn(&Self) -> Vec<usize>) -> Vec<usize> {
        self.shown.clone().filter(|shown| !shown.is_empty()).unwrap_or_else(|| otherwise(self))
    }

    fn utility(&self) -> usize {
        self.exposed(Self::ideal).iter().filter(|&&item| self.labels[item] > 0.).count()
    }

    fn log_probability(&self, slot: usize, item: usize) -> f64 {
        self.logits[slot][item] - self.logits[slot].iter().map(|logit| logit.exp()).sum::<f64>().ln()
    }

    fn loss(&self, rows: usize, threshold: usize) -> f64 {
        let liked = self.utility() >= threshold;
        let slot = |(slot, item): (usize, usize)| {
            let log_p = self.log_probability(slot, item);
            // Where f32 cannot tell `P` from 1 it counts as 1 − 10⁻⁶.
            if liked { -log_p } else { -(-log_p.exp().min(1. - 1e-6)).ln_1p() }
        };
        self.exposed(Self::ideal).into_iter().enumerate().take(rows).map(slot).sum()
    }

    /// The greatest probability that the unlikely side looks at.
    fn surest(&self) -> f64 {
        let exposed = self.exposed(Self::ideal).into_iter().enumerate();
        exposed.map(|(slot, item)| self.log_probability(slot, item).exp()).fold(0., f64::max)
    }

    /// How far two losses of it may lie apart: `1 − P` of a `P` that is off by 1e-7 is off by so much over itself.
    fn slack(&self, rows: usize) -> f64 {
        3e-7 * rows as f64 / (1. - self.surest()).max(1e-6)
    }
}

impl World {
    fn columns(&self) -> usize {
        self.lists.iter().map(List::len).max().unwrap() + self.spare
    }

    fn lens(&self) -> Vec<usize> {
        self.lists.iter().map(List::len).collect()
    }

    fn alone(&self, list: usize) -> Self {
        Self { lists: vec![self.lists[list].clone()], spare: 0, ..self.clone() }
    }

    fn labels(&self, device: &Device) -> LabelBatch {
        let columns = self.columns();
        let row = |list: &List| [list.labels.clone(), vec![0.; columns - list.len()]].concat();
        let target = |list: &List| [list.ideal(), (list.len()..columns).collect()].concat();
        let targets = self.lists.iter().flat_map(target).map(|item| item as i32).collect();
        let shape = [self.lists.len(), columns];
        let slate = |list: &List| list.shown.clone().map(|items| Slate::new(items, list.len()).unwrap());
        LabelBatch {
            values: tensor(self.lists.iter().flat_map(row).collect(), shape, device),
            targets: Tensor::<2, Int>::from_data(TensorData::new::<i32, _>(targets, shape), device),
            contrast: Tensor::zeros([self.lists.len()], device),
            shown: self.lists.iter().map(slate).collect(),
        }
    }

    /// `[batch, rows, candidates]`, very low at padding.
    fn logits(&self, device: &Device) -> Tensor<3> {
        let columns = self.columns();
        let row = |list: &List, slot: usize| -> Vec<f32> {
            let logits = list.logits[slot].iter().map(|&logit| logit as f32);
            logits.chain(std::iter::repeat_n(-1e9, columns - list.len())).collect()
        };
        let flat = self.lists.iter().flat_map(|list| (0..self.rows).flat_map(move |slot| row(list, slot)));
        tensor(flat.collect(), [self.lists.len(), self.rows, columns], device)
    }

    fn losses(&self) -> Vec<f32> {
        let device = Device::flex();
        let exposed = ExposedSlates::or_ideal(&self.labels(&device), &self.lens());
        values(unlikelihood_loss(self.logits(&device), &exposed, self.threshold))
    }
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn the_sequence_loss_is_that_of_the_formula(world in worlds()) {
        for (list, found) in world.lists.iter().zip(world.losses()) {
            let expected = list.loss(world.rows, world.threshold);
            let fits = close(found, expected) || (f64::from(found) - expected).abs() <= list.slack(world.rows);
            prop_assert!(fits, "{} {}", found, expected);
        }
    }

    #[test]
    fn exposed_slates_are_what_was_shown_or_the_order_that_stands_in(world in worlds(), ideal: bool) {
        let device = Device::flex();
        let labels = world.labels(&device);
        let exposed = if ideal { ExposedSlates::or_ideal } else { ExposedSlates::or_ranker }(&labels, &world.lens());
        let [_, slots] = exposed.pad.dims();
        let items: Vec<i32> = exposed.items.try_into_vec_as().unwrap();
        let (feedback, pads) = (values(exposed.feedback), exposed.pad.try_into_vec_as::<bool>().unwrap());
        for (index, list) in world.lists.iter().enumerate() {
            let slate = list.exposed(|list| if ideal { list.ideal() } else { (0..list.len()).collect() });
            prop_assert_eq!(exposed.lens[index], slate.len());
            prop_assert_eq!(exposed.utility[index], slate.iter().filter(|&&item| list.labels[item] > 0.).count());
            for slot in 0..slots {
                let place = index * slots + slot;
                let item = slate.get(slot).copied();
                prop_assert_eq!(pads[place], item.is_none());
                prop_assert_eq!(items[place] as usize, item.unwrap_or(0));
                prop_assert_eq!(feedback[place], item.map_or(0., |item| list.labels[item]));
            }
        }
    }

    #[test]
    fn where_every_slate_is_liked_the_loss_is_plain_cross_entropy(world in worlds()) {
        // Everybody likes everything, or nothing needs to be liked.
        let mut liked = world.clone();
        liked.lists.iter_mut().for_each(|list| list.labels.fill(1.));
        for world in [World { threshold: 1, ..liked }, World { threshold: 0, ..world }] {
            for (list, found) in world.lists.iter().zip(world.losses()) {
                let exposed = list.exposed(List::ideal).into_iter().enumerate().take(world.rows);
                let cross_entropy: f64 = exposed.map(|(slot, item)| -list.log_probability(slot, item)).sum();
                prop_assert!(close(found, cross_entropy), "{} {}", found, cross_entropy);
            }
        }
    }

    #[test]
    fn padding_and_batch_mates_change_no_sequence_loss(world in worlds()) {
        for (index, together) in world.losses().into_iter().enumerate() {
            let alone = world.alone(index).losses()[0];
            let slack = world.lists[index].slack(world.rows);
            let fits = close(alone, f64::from(together)) || f64::from((alone - together).abs()) <= slack;
            prop_assert!(fits, "{} {}", alone, together);
        }
    }

    #[test]
    fn slopes_of_the_sequence_loss_are_those_of_differences(world in worlds()) {
        let device = Device::flex().autodiff();
        let exposed = ExposedSlates::or_ideal(&world.labels(&device), &world.lens());
        let logits = world.logits(&device).require_grad();
        let loss = unlikelihood_loss(logits.clone(), &exposed, world.threshold);
        let slopes = values(logits.grad(&loss.sum().backward()).unwrap());
        let columns = world.columns();
        for (index, list) in world.lists.iter().enumerate() {
            // Near certainty the slope is that of a P which f32 can no longer tell from 1.
            if list.utility() < world.threshold && list.surest() > 0.999 {
                continue;
            }
            for (slot, item) in (0..world.rows).flat_map(|slot| (0..columns).map(move |item| (slot, item))) {
                let slope = slopes[(index * world.rows + slot) * columns + item];
                if item >= list.len() {
                    prop_assert_eq!(slope, 0.);
                    continue;
                }
                let loss_at = |step: f64| {
                    let mut list = list.clone();
                    list.logits[slot][item] += step;
                    list.loss(world.rows, world.threshold)
                };
                prop_assert!(slope_fits(slope, loss_at), "{}", slope);
            }
        }
    }
}

#[test]
fn certainty_is_finite_on_both_sides() {
    let list = |item: usize, labels: Vec<f32>| {
        let logits = vec![vec![80., -80.]; LONGEST + 2];
        List { labels, shown: Some(vec![item]), logits }
    };
    let world = |list| World { lists: vec![list], spare: 1, rows: 1, threshold: 1 };
    // Liked and unlikely; shunned and certain; both as they should be.
    assert_eq!(world(list(1, vec![1., 1.])).losses(), [160.]);
    assert!((world(list(0, vec![0., 0.])).losses()[0] - 13.8).abs() < 0.1);
    assert_eq!(world(list(0, vec![1., 1.])).losses(), [0.]);
    assert_eq!(world(list(1, vec![0., 0.])).losses(), [0.]);
}
