//! What shown slates teach, against the same sums on the host, and against slopes.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::{collection::vec, prelude::*};
use psad_core::{LabeledList, Shown, Slate};
use psad_nn::{Batcher, LabelBatch, ShownTargets};

use crate::common::worlds;

/// Candidates that a list has at most, and rows of numbers that are drawn for each.
const MOST: usize = 6;

#[derive(Debug, Clone)]
struct List {
    labels: Vec<f32>,
    /// Not empty where it is known.
    slate: Option<Vec<usize>>,
    /// A row of [`MOST`] per slot.
    logits: Vec<[f32; MOST]>,
    exposure: Vec<f32>,
}

impl List {
    fn len(&self) -> usize {
        self.labels.len()
    }

    /// The mean over the slots of the slate of `−click · log p − (1 − click) · log(1 − p)` with `p = σ(exposure) σ(u)`, and
    /// `u` moved by `step` in a slot of a candidate.
    fn loss(&self, with_exposure: bool, max_label: f64, moved: (usize, usize), step: f64) -> f64 {
        let Some(slate) = &self.slate else { return 0. };
        let slot = |(slot, &item): (usize, &usize)| {
            let seen = if with_exposure { sigmoid(f64::from(self.exposure[slot])) } else { 1. };
            let step = if moved == (slot, item) { step } else { 0. };
            let chance = seen * sigmoid(f64::from(self.logits[slot][item]) + step);
            let click = (f64::from(self.labels[item]) / max_label).min(1.);
            -click * chance.ln() - (1. - click) * (1. - chance).ln()
        };
        slate.iter().enumerate().map(slot).sum::<f64>() / slate.len() as f64
    }

    /// The same list with candidate `i` at `places[i]`.
    fn permuted(&self, places: &[usize]) -> Self {
        let mut permuted = self.clone();
        for (item, &place) in places.iter().enumerate() {
            permuted.labels[place] = self.labels[item];
            for (row, old) in permuted.logits.iter_mut().zip(&self.logits) {
                row[place] = old[item];
            }
        }
        permuted.slate = self.slate.as_ref().map(|slate| slate.iter().map(|&item| places[item]).collect());
        permuted
    }
}

fn sigmoid(x: f64) -> f64 {
    1. / (1. + (-x).exp())
}

/// An order of the candidates `0..len`.
fn orders(len: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..len).collect::<Vec<_>>()).prop_shuffle()
}

/// A list and an order of its candidates.
fn ordered_lists() -> impl Strategy<Value = (List, Vec<usize>)> {
    let label = prop_oneof![Just(0_f32), Just(1.), Just(2.), 0_f32..3.];
    let numbers = (vec(prop::array::uniform6(-5_f32..5.), MOST), vec(-3_f32..3., MOST));
    (vec(label, 1..=MOST), numbers).prop_flat_map(|(labels, (logits, exposure))| {
        let slate = (orders(labels.len()), 0..=labels.len()).prop_map(|(order, len)| order[..len].to_vec());
        (Just((labels.clone(), logits, exposure)), slate, orders(labels.len())).prop_map(
            |((labels, logits, exposure), slate, order)| {
                let slate = (!slate.is_empty()).then_some(slate);
                (List { labels, slate, logits, exposure }, order)
            },
        )
    })
}

fn lists() -> impl Strategy<Value = Vec<List>> {
    vec(ordered_lists().prop_map(|(list, _)| list), 1..4)
}

/// `spare` columns and slots more than needed, with `garbage` wherever no list has anything.
#[derive(Debug, Clone, Copy)]
struct Padding {
    spare: usize,
    garbage: f32,
}

const NONE: Padding = Padding { spare: 0, garbage: 0. };

fn paddings() -> impl Strategy<Value = Padding> {
    (0_usize..3, prop_oneof![Just(-1e9_f32), -1e6_f32..1e6]).prop_map(|(spare, garbage)| Padding { spare, garbage })
}

fn columns(lists: &[List], padding: Padding) -> usize {
    lists.iter().map(List::len).max().unwrap() + padding.spare
}

fn labels(lists: &[List], columns: usize, device: &Device) -> LabelBatch {
    let (batch, mut values) = (lists.len(), Vec::new());
    for list in lists {
        values.extend_from_slice(&list.labels);
        values.resize(values.len() + columns - list.len(), 0.);
    }
    let slate = |list: &List| list.slate.clone().map(|slate| Slate::new(slate, list.len()).unwrap());
    LabelBatch {
        values: Tensor::from_data(TensorData::new::<f32, _>(values, [batch, columns]), device),
        targets: Tensor::<1, Int>::arange(0..columns as i64, device).reshape([1, columns]).expand([batch, columns]),
        contrast: Tensor::ones([batch], device),
        shown: lists.iter().map(slate).collect(),
    }
}

/// The candidates from the last to the first, padding last.
fn backwards(lists: &[List], columns: usize) -> Vec<Vec<usize>> {
    lists.iter().map(|list| (0..list.len()).rev().chain(list.len()..columns).collect()).collect()
}

fn targets(lists: &[List], columns: usize, max_label: f64, device: &Device) -> ShownTargets {
    let lens: Vec<usize> = lists.iter().map(List::len).collect();
    let order: Vec<i32> = backwards(lists, columns).concat().into_iter().map(|item| item as i32).collect();
    let order = Tensor::from_data(TensorData::new::<i32, _>(order, [lists.len(), columns]), device);
    ShownTargets::new(&labels(lists, columns, device), &lens, &order, max_label)
}

/// Logits of `slots` slots, and what they are exposed to.
fn tensors(lists: &[List], slots: usize, columns: usize, garbage: f32, device: &Device) -> (Tensor<3>, Tensor<2>) {
    let place = |list: &List, slot: usize, item: usize| {
        if slot < list.len() && item < list.len() { list.logits[slot][item] } else { garbage }
    };
    let (mut logits, mut exposure) = (Vec::new(), Vec::new());
    for list in lists {
        for slot in 0..slots {
            logits.extend((0..columns).map(|item| place(list, slot, item)));
            exposure.push(if slot < list.len() { list.exposure[slot] } else { garbage });
        }
    }
    let logits = TensorData::new::<f32, _>(logits, [lists.len(), slots, columns]);
    let exposure = TensorData::new::<f32, _>(exposure, [lists.len(), slots]);
    (Tensor::from_data(logits, device), Tensor::from_data(exposure, device))
}

fn losses(lists: &[List], padding: Padding, exposed: bool, max_label: f64) -> Vec<f64> {
    let (device, columns) = (Device::flex(), columns(lists, padding));
    let (logits, exposure) = tensors(lists, columns, columns, padding.garbage, &device);
    let loss = targets(lists, columns, max_label, &device).click_loss(logits, exposed.then_some(exposure));
    loss.to_data().iter::<f64>().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_the_mean_cross_entropy_of_the_clicks(
        lists in lists(), padding in paddings(), exposed in any::<bool>(), max_label in 1_u8..3,
    ) {
        let max_label = f64::from(max_label);
        for (list, found) in lists.iter().zip(losses(&lists, padding, exposed, max_label)) {
            let expected = list.loss(exposed, max_label, (0, 0), 0.);
            prop_assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn logits_need_not_go_on_below_the_longest_slate(lists in lists(), padding in paddings()) {
        let (device, columns) = (Device::flex(), columns(&lists, padding));
        let slots = lists.iter().filter_map(|list| list.slate.as_ref()).map(Vec::len).max().unwrap_or(1);
        let (logits, exposure) = tensors(&lists, slots, columns, padding.garbage, &device);
        let loss = targets(&lists, columns, 1., &device).click_loss(logits, Some(exposure));
        for (found, expected) in loss.to_data().iter::<f64>().zip(losses(&lists, padding, true, 1.)) {
            prop_assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn its_gradient_is_a_slope_and_nothing_beside_the_slate(lists in lists(), padding in paddings()) {
        const STEP: f64 = 1e-4;
        let (device, columns) = (Device::flex().autodiff(), columns(&lists, padding));
        let (logits, exposure) = tensors(&lists, columns, columns, padding.garbage, &device);
        let (logits, exposure) = (logits.require_grad(), exposure.require_grad());
        let loss = targets(&lists, columns, 2., &device).click_loss(logits.clone(), Some(exposure.clone()));
        let gradients = loss.sum().backward();
        let of_logits: Vec<f64> = logits.grad(&gradients).unwrap().to_data().iter::<f64>().collect();
        let of_exposure: Vec<f64> = exposure.grad(&gradients).unwrap().to_data().iter::<f64>().collect();
        for (index, list) in lists.iter().enumerate() {
            for slot in 0..columns {
                let row = &of_logits[(index * columns + slot) * columns..][..columns];
                for (item, &found) in row.iter().enumerate() {
                    let at = |step| list.loss(true, 2., (slot, item), step);
                    let slope = (at(STEP) - at(-STEP)) / (2. * STEP);
                    prop_assert!((found - slope).abs() < 1e-5, "slot {slot}, item {item}: {found} {slope}");
                    let shown = list.slate.as_ref().and_then(|slate| slate.get(slot));
                    prop_assert!(shown == Some(&item) || found == 0., "slot {slot}, item {item}: {found}");
                }
                // Of a product of two probabilities, each moves the loss by as much as it is uncertain itself.
                let found = of_exposure[index * columns + slot];
                let Some(&item) = list.slate.as_ref().and_then(|slate| slate.get(slot)) else {
                    prop_assert!(found == 0., "slot {slot}: {found}");
                    continue;
                };
                let [seen, liked] = [list.exposure[slot], list.logits[slot][item]].map(|x| sigmoid(f64::from(x)));
                let (left, right) = (found * (1. - liked), row[item] * (1. - seen));
                prop_assert!((left - right).abs() < 1e-6, "slot {slot}: {left} {right}");
            }
        }
    }

    #[test]
    fn neither_padding_nor_batch_mates_change_a_list(
        lists in lists(), padding in paddings(), exposed in any::<bool>(),
    ) {
        for (list, together) in lists.iter().zip(losses(&lists, padding, exposed, 1.)) {
            let alone = losses(std::slice::from_ref(list), NONE, exposed, 1.)[0];
            prop_assert!((alone - together).abs() < 1e-6, "{alone} {together}");
        }
    }

    #[test]
    fn where_the_candidates_stand_does_not_matter((list, order) in ordered_lists(), exposed in any::<bool>()) {
        let permuted = list.permuted(&order);
        prop_assert_eq!(losses(&[permuted], NONE, exposed, 1.), losses(&[list], NONE, exposed, 1.));
    }

    #[test]
    fn what_was_not_shown_follows_and_a_list_without_a_slate_is_as_it_was_given(lists in lists(), spare in 0_usize..3) {
        let columns = columns(&lists, Padding { spare, garbage: 0. });
        let targets = targets(&lists, columns, 1., &Device::flex());
        let order: Vec<usize> = targets.order.to_data().iter::<i64>().map(|item| item as usize).collect();
        let known: Vec<bool> = targets.known.to_data().iter::<f32>().map(|known| known == 1.).collect();
        prop_assert_eq!(&known, &lists.iter().map(|list| list.slate.is_some()).collect::<Vec<_>>());
        prop_assert_eq!(targets.all, known.iter().all(|&known| known));
        prop_assert_eq!(targets.any, known.iter().any(|&known| known));
        for ((list, given), order) in lists.iter().zip(backwards(&lists, columns)).zip(order.chunks(columns)) {
            let expected = match &list.slate {
                None => given,
                Some(slate) => {
                    let rest = (0..columns).filter(|item| !slate.contains(item));
                    slate.iter().copied().chain(rest).collect()
                }
            };
            prop_assert_eq!(order, expected);
        }
    }

    #[test]
    fn a_list_without_a_slate_teaches_nothing(lists in lists(), padding in paddings(), exposed in any::<bool>()) {
        let loss = losses(&lists, padding, exposed, 1.);
        for (list, loss) in lists.iter().zip(loss) {
            prop_assert!(list.slate.is_some() || loss == 0., "{loss}");
        }
        // A batch that was put together without slates, or with slates of no slots, knows none of them.
        let (device, columns) = (Device::flex(), columns(&lists, padding));
        let lens: Vec<usize> = lists.iter().map(List::len).collect();
        let empty = lens.iter().map(|&len| Some(Slate::initial(len, 0))).collect();
        for shown in [Vec::new(), empty] {
            let labels = LabelBatch { shown, ..labels(&lists, columns, &device) };
            let targets = ShownTargets::new(&labels, &lens, &labels.targets, 1.);
            prop_assert!(!targets.any && !targets.all);
            prop_assert_eq!(targets.order.to_data(), labels.targets.to_data());
            let (logits, _) = tensors(&lists, columns, columns, padding.garbage, &device);
            prop_assert!(targets.click_loss(logits, None).to_data().iter::<f64>().all(|loss| loss == 0.));
        }
    }

    #[test]
    fn a_batch_knows_the_slates_of_its_lists(world in worlds(), len in 1_usize..9, every in 1_usize..3) {
        let slate = |list: &LabeledList| Slate::new((0..list.len()).rev().take(len).collect(), list.len()).unwrap();
        let show = |(index, list): (usize, &LabeledList)| {
            let (list, slate) = (list.clone(), slate(list));
            let propensities = vec![1.; slate.len()];
            if index % every > 0 { list } else { list.with_shown(Shown { slate, propensities }).unwrap() }
        };
        let lists: Vec<LabeledList> = world.lists.iter().enumerate().map(show).collect();
        let batch = Batcher::new(&world.schema).lists(&lists.iter().collect::<Vec<_>>(), &world.tables, &Device::flex());
        let (lens, labels) = batch.map(|batch| (batch.candidates.lens, batch.labels.unwrap())).unwrap();
        let targets = ShownTargets::new(&labels, &lens, &labels.targets, 1.);
        let [_, columns] = targets.order.dims();
        let order: Vec<usize> = targets.order.to_data().iter::<i64>().map(|item| item as usize).collect();
        for (list, order) in lists.iter().zip(order.chunks(columns)).step_by(every) {
            prop_assert!(order.starts_with(list.shown().unwrap().slate.as_slice()), "{order:?}");
        }
    }
}

#[test]
fn certain_logits_give_numbers() {
    let list = |logit: f32, label: f32| List {
        labels: vec![label],
        slate: Some(vec![0]),
        logits: vec![[logit; MOST]; MOST],
        exposure: vec![0.; MOST],
    };
    let lists = [list(1e6, 0.), list(-1e6, 1.), list(1e6, 1.), list(-1e6, 0.), list(0., 1.)];
    let found = losses(&lists, NONE, false, 1.);
    assert_eq!(found[..4], [1e6, 1e6, 0., 0.]);
    assert!((found[4] - 2_f64.ln()).abs() < 1e-6);
    // Looked at for certain it is the same; what is not looked at is not clicked, whatever it is.
    let exposed = |exposure: f32| lists.clone().map(|list| List { exposure: vec![exposure; MOST], ..list });
    for (found, expected) in losses(&exposed(1e6), NONE, true, 1.).into_iter().zip(found) {
        assert!((found - expected).abs() <= 1e-6 * expected.max(1.), "{found} {expected}");
    }
    let unseen = losses(&exposed(-1e6), NONE, true, 1.);
    assert_eq!((unseen[0], unseen[3]), (0., 0.));
    assert!(unseen[1] >= 1e6 && unseen[2] >= 1e6 && unseen[4] >= 1e6 && unseen.iter().all(|loss| loss.is_finite()));
}
