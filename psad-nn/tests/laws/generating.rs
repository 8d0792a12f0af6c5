//! Generators on tensors against the same arithmetic on the host.

use burn::tensor::{Device, Tensor};
use proptest::{array::uniform2, collection::vec, prelude::*, strategy::Strategy as Generate};
use psad_decode::{BlockSchedule, Decoded, Strategy};
use psad_nn::{Encoded, Generator, generate};

use crate::toy::{Lookup, Pair, Repelled, encoded};

#[derive(Debug, Clone)]
struct Case {
    lists: Vec<Vec<Pair>>,
    queries: Vec<Pair>,
    slots: usize,
    block: usize,
}

fn cases() -> impl Generate<Value = Case> {
    // Few and small numbers make many ties.
    let lists = vec(vec(uniform2(-2_i8..=2), 1..=5), 1..=3);
    // Mostly so short that there are several of them.
    let block = prop_oneof![4 => 1_usize..=2, 1 => 3_usize..=6];
    (lists, vec(uniform2(-2_i8..=2), 1..=6), 1_usize..=6, block).prop_map(|(lists, queries, slots, block)| Case {
        lists,
        queries,
        slots,
        block,
    })
}

fn strategies() -> impl Generate<Value = Strategy> {
    prop_oneof![
        Just(Strategy::Greedy),
        (1_usize..5).prop_map(|width| Strategy::Beam { width }),
        (any::<u64>(), 1_usize..4).prop_map(|(seed, samples)| Strategy::Sample { seed, samples }),
        (0_f32..=1.).prop_map(|alpha| Strategy::Contrastive { alpha }),
        Just(Strategy::Assignment),
    ]
}

fn cosine(a: Pair, b: Pair) -> f64 {
    let product = |a: Pair, b: Pair| f64::from(a[0]) * f64::from(b[0]) + f64::from(a[1]) * f64::from(b[1]);
    let lengths = (product(a, a) * product(b, b)).sqrt();
    if lengths == 0. { 0. } else { product(a, b) / lengths }
}

impl Case {
    fn decode(&self, lists: &[Vec<Pair>], repelled: bool, strategy: &Strategy) -> Vec<Vec<Decoded>> {
        let device = Device::flex();
        let (encoded, schedule) = (encoded(lists, &device), BlockSchedule::new(self.slots, self.block).unwrap());
        if repelled {
            generate(&Repelled::new(&self.queries, &device), &encoded, schedule, strategy).unwrap()
        } else {
            generate(&Lookup::new(&self.queries, &device), &encoded, schedule, strategy).unwrap()
        }
    }

    /// The logits of slot `slot` behind `placed`.
    fn logits(&self, list: &[Pair], repelled: bool, placed: &[usize], slot: usize) -> Vec<f64> {
        let earlier = if repelled { &placed[..slot / self.block * self.block] } else { &[] };
        let query = self.queries[slot % self.queries.len()];
        let looks_for = |axis: usize| {
            let sum: f64 = earlier.iter().map(|&item| f64::from(list[item][axis])).sum();
            f64::from(query[axis]) - sum
        };
        list.iter().map(|item| f64::from(item[0]) * looks_for(0) + f64::from(item[1]) * looks_for(1)).collect()
    }

    fn greedy(&self, list: &[Pair], repelled: bool) -> Vec<usize> {
        let mut placed: Vec<usize> = Vec::new();
        for slot in 0..self.slots.min(list.len()) {
            let logits = self.logits(list, repelled, &placed, slot);
            let free = (0..list.len()).filter(|item| !placed.contains(item));
            // Zero and minus zero are equal: `total_cmp` would not do.
            placed.push(free.reduce(|best, item| if logits[item] > logits[best] { item } else { best }).unwrap());
        }
        placed
    }

    /// What contrastive search sees in each candidate for slot `slot` behind `placed`.
    fn contrast(&self, list: &[Pair], repelled: bool, placed: &[usize], slot: usize, alpha: f64) -> Vec<f64> {
        let logits = self.logits(list, repelled, placed, slot);
        let earlier = &placed[..slot / self.block * self.block];
        let open = (0..list.len()).filter(|item| !earlier.contains(item));
        let all: f64 = open.map(|item| logits[item].exp()).sum();
        let value = |item: usize| {
            let nearest = placed.iter().map(|&other| cosine(list[item], list[other])).reduce(f64::max);
            (1. - alpha) * logits[item].exp() / all - alpha * nearest.unwrap_or(0.)
        };
        (0..list.len()).map(value).collect()
    }

    fn log_probability(&self, list: &[Pair], repelled: bool, slate: &[usize]) -> f64 {
        let slot = |slot: usize| {
            let placed = &slate[..slot];
            let logits = self.logits(list, repelled, placed, slot);
            let free = (0..list.len()).filter(|item| !placed.contains(item));
            logits[slate[slot]] - free.map(|item| logits[item].exp()).sum::<f64>().ln()
        };
        (0..slate.len()).map(slot).sum()
    }
}

fn distinct(slate: &[usize]) -> bool {
    (1..slate.len()).all(|slot| !slate[..slot].contains(&slate[slot]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn slates_are_valid_and_their_probabilities_exact(
        case in cases(), repelled in any::<bool>(), strategy in strategies(),
    ) {
        let decoded = case.decode(&case.lists, repelled, &strategy);
        prop_assert_eq!(decoded.len(), case.lists.len());
        for (list, decoded) in case.lists.iter().zip(&decoded) {
            prop_assert!(!decoded.is_empty());
            for Decoded { slate, log_probability } in decoded {
                prop_assert_eq!((slate.len(), slate.candidates()), (case.slots.min(list.len()), list.len()));
                prop_assert!(distinct(slate.as_slice()));
                let expected = case.log_probability(list, repelled, slate.as_slice());
                // Logits are whole and exact; what is left is rounding of sums in `f64`.
                prop_assert!((log_probability - expected).abs() < 1e-9, "{log_probability} {expected}");
            }
        }
    }

    #[test]
    fn greedy_takes_the_best_free_item_and_the_first_of_equals(case in cases(), repelled in any::<bool>()) {
        let decoded = case.decode(&case.lists, repelled, &Strategy::Greedy);
        for (list, decoded) in case.lists.iter().zip(&decoded) {
            prop_assert_eq!(decoded.len(), 1);
            prop_assert_eq!(decoded[0].slate.as_slice().to_vec(), case.greedy(list, repelled));
        }
    }

    #[test]
    fn contrastive_search_compares_the_generators_vectors(
        case in cases(), repelled in any::<bool>(), alpha in 0_f32..=1.,
    ) {
        let decoded = case.decode(&case.lists, repelled, &Strategy::Contrastive { alpha });
        for (list, decoded) in case.lists.iter().zip(&decoded) {
            prop_assert_eq!(decoded.len(), 1);
            let slate = decoded[0].slate.as_slice();
            for (slot, &item) in slate.iter().enumerate() {
                let placed = &slate[..slot];
                let values = case.contrast(list, repelled, placed, slot, f64::from(alpha));
                for other in (0..list.len()).filter(|other| !placed.contains(other)) {
                    prop_assert!(values[item] >= values[other] - 1e-9, "{item}: {}, {other}: {}", values[item], values[other]);
                    // What is alike in everything goes in the ranker's order.
                    prop_assert!(list[other] != list[item] || item <= other);
                }
            }
        }
    }

    #[test]
    fn a_beam_as_wide_as_there_are_slates_finds_all_of_them(case in cases(), repelled in any::<bool>()) {
        let decoded = case.decode(&case.lists, repelled, &Strategy::Beam { width: 120 });
        for (list, decoded) in case.lists.iter().zip(&decoded) {
            let slots = case.slots.min(list.len());
            prop_assert_eq!(decoded.len(), (list.len() - slots + 1..=list.len()).product::<usize>());
            let total: f64 = decoded.iter().map(|each| each.log_probability.exp()).sum();
            prop_assert!((total - 1.).abs() < 1e-9, "{total}");
            prop_assert!(decoded.is_sorted_by(|a, b| a.log_probability >= b.log_probability));
        }
    }

    #[test]
    fn batch_mates_change_no_slate(case in cases(), repelled in any::<bool>(), strategy in strategies()) {
        let together = case.decode(&case.lists, repelled, &strategy);
        for (list, together) in case.lists.iter().zip(together) {
            let alone = case.decode(std::slice::from_ref(list), repelled, &strategy).remove(0);
            prop_assert_eq!(alone, together);
        }
    }

    #[test]
    fn stepping_gives_the_rows_of_the_parallel_pass(case in cases(), seed in any::<u64>()) {
        let device = Device::flex();
        let (encoded, generator) = (encoded(&case.lists, &device), Repelled::new(&case.queries, &device));
        let longest = encoded.lens.iter().copied().max().unwrap();
        let schedule = BlockSchedule::new(case.slots.min(longest), case.block).unwrap();
        let strategy = Strategy::Sample { seed, samples: 1 };
        let decoded = generate(&generator, &encoded, schedule, &strategy).unwrap();
        let target: Vec<i32> = decoded.iter().flat_map(|each| {
            let mut target = each[0].slate.as_slice().to_vec();
            target.resize(longest, 0);
            target.into_iter().map(|item| item as i32)
        }).collect();
        let target = Tensor::<1, burn::tensor::Int>::from_data(target.as_slice(), &device);
        let logits = generator.teacher_forced(&encoded, schedule, target.reshape([encoded.lens.len(), longest]));
        let logits: Vec<f32> = logits.try_into_vec_as().unwrap();
        for (index, (list, each)) in case.lists.iter().zip(&decoded).enumerate() {
            for slot in 0..each[0].slate.len() {
                let expected = case.logits(list, true, each[0].slate.as_slice(), slot);
                let row = &logits[(index * schedule.slots() + slot) * longest..][..list.len()];
                prop_assert_eq!(row.iter().map(|&logit| f64::from(logit)).collect::<Vec<_>>(), expected);
            }
        }
    }
}

#[test]
fn each_hypothesis_keeps_its_own_state_through_every_block() {
    let lists = vec![vec![[2, 1], [0, -1], [1, 1]], vec![[1, 0], [0, 1], [1, 1], [-1, 2]]];
    let case = Case { lists, queries: vec![[1, 1], [0, 1], [1, 0]], slots: 4, block: 1 };
    for strategy in [3, 120].map(|width| Strategy::Beam { width }) {
        for (list, decoded) in case.lists.iter().zip(case.decode(&case.lists, true, &strategy)) {
            for Decoded { slate, log_probability } in decoded {
                let expected = case.log_probability(list, true, slate.as_slice());
                assert!((log_probability - expected).abs() < 1e-9, "{slate:?}: {log_probability} {expected}");
            }
        }
    }
}

#[test]
fn nonsense_is_an_error() {
    let device = Device::flex();
    let lists = [vec![[1, 0], [0, 1]]];
    let encoded = encoded(&lists, &device);
    let schedule = BlockSchedule::new(2, 1).unwrap();
    let generator = Lookup::new(&[[1, 1]], &device);
    let alpha = 1.5;
    for strategy in
        [Strategy::Beam { width: 0 }, Strategy::Sample { seed: 1, samples: 0 }, Strategy::Contrastive { alpha }]
    {
        assert!(generate(&generator, &encoded, schedule, &strategy).is_err());
    }
    let poisoned = Encoded { items: encoded.items.clone() * f32::NAN, ..encoded.clone() };
    let error = generate(&generator, &poisoned, schedule, &Strategy::Greedy).unwrap_err();
    assert!(error.to_string().contains("list 0, slot 0"), "{error}");
    let empty = Encoded { lens: vec![0], ..encoded };
    assert!(generate(&generator, &empty, schedule, &Strategy::Greedy).is_err());
}
