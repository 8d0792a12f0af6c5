//! Teacher and student together: what the parts are, what they weigh, and whom they teach.

mod common;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Gradients, Int, Tensor, TensorData, activation};
use common::model::{
    Infinite, base, batch, exposure, full, generator, guidance, guide, influence, is_shown, joint, reader, scorer,
    shown_batch,
};
use common::{LONGEST, cases, close, values};
use proptest::prelude::*;
use psad_decode::{BlockSchedule, Strategy as Decoding};
use psad_distill::{
    DistillationForm, JointConfig, JointObjective, Target, collapse, distillation_loss, row_wise_distillation_loss,
};
use psad_nn::{
    Encoded, Generator, ListEncoder, ListScorer, LossParts, Objective, PairGuidance, ScoringLoss, ScoringObjective,
    ShownTargets, SlotTargets, TiedTargets, Weights, generate, generator_loss, pointwise_loss,
};
use psad_scorer::ScorerConfig;

const NAMES: [&str; 4] = ["cross-entropy", "hinge", "scorer", "distillation"];

/// What a list's part may differ by in other company: seven slots, each logit off by a few roundings, weights up to 1.
const TOLERANCE: f32 = 1e-4;

fn labels() -> impl Strategy<Value = Vec<Vec<f32>>> {
    let label = prop::sample::select(vec![0., 0., 1., 2.]);
    prop::collection::vec(prop::collection::vec(label, 1..=LONGEST), 1..4)
}

fn configs() -> impl Strategy<Value = JointConfig> {
    let numbers = (prop::sample::select(vec![0.3, 1.5]), prop::sample::select(vec![0.5, 1.]));
    let shape = (1..=LONGEST + 1, prop::option::of(1..=LONGEST + 1), 0..3_usize);
    (shape, numbers).prop_map(|((block_size, slots, form), (weight, decay))| JointConfig {
        target: Target::Shown,
        distillation_only: false,
        influence_penalty: 0.2,
        strategy: Decoding::Greedy,
        ties: if slots.is_some() { TiedTargets::Ordered } else { TiedTargets::Shared },
        block_size,
        slots,
        distillation: weight,
        decay,
        temperature: 1.5,
        form: [DistillationForm::Slate, DistillationForm::RowWise, DistillationForm::Collapsed][form],
        hinge: 2. - weight,
        max_label: 2.,
    })
}

/// The parts by name, per list.
fn read(parts: &LossParts) -> BTreeMap<&'static str, Vec<f32>> {
    parts.parts.iter().map(|part| (part.name, values(part.per_list.clone()))).collect()
}

fn part(parts: &LossParts, name: &str) -> Tensor<1> {
    parts.parts.iter().find(|part| part.name == name).unwrap().per_list.clone()
}

fn pointwise(config: &JointConfig) -> ScoringLoss {
    ScoringLoss::Pointwise { max_label: config.max_label }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn parts_are_named_weighted_and_one_value_per_list(labels in labels(), config in configs()) {
        let device = Device::flex();
        let parts = joint(&config, &device).losses(&batch(&labels, &device));
        let found: Vec<(&str, f64)> = parts.parts.iter().map(|part| (part.name, part.weight)).collect();
        prop_assert_eq!(found, NAMES.into_iter().zip([1., config.hinge, 1., config.distillation]).collect::<Vec<_>>());
        let total = values(parts.total().unwrap());
        prop_assert_eq!(total.len(), labels.len());
        for (list, total) in total.into_iter().enumerate() {
            let part = |part: &psad_nn::LossPart| part.weight * f64::from(values(part.per_list.clone())[list]);
            prop_assert!(close(total, parts.parts.iter().map(part).sum()));
        }
    }

    #[test]
    fn each_part_is_the_loss_of_its_name(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = batch(&labels, &device);
        let found = read(&joint(&config, &device).losses(&batch));
        let expected = by_hand(&config, &batch, &device);
        for (name, expected) in NAMES.into_iter().zip(expected) {
            prop_assert_eq!(&found[name], &values(expected), "{}", name);
        }
    }

    #[test]
    fn neither_padding_nor_batch_mates_change_a_part(labels in labels(), config in configs()) {
        let device = Device::flex();
        let model = joint(&config, &device);
        let together = read(&model.losses(&batch(&labels, &device)));
        for (index, list) in labels.iter().enumerate() {
            // Alone the list may be shorter than the slots that were asked for; the slots it fills are the same.
            let alone = read(&model.losses(&batch(std::slice::from_ref(list), &device)));
            for name in NAMES {
                let (alone, together) = (alone[name][0], together[name][index]);
                prop_assert!((alone - together).abs() <= TOLERANCE, "{}: {} {}", name, alone, together);
            }
        }
    }

    #[test]
    fn a_generator_may_answer_minus_infinity(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = batch(&labels, &device);
        let infinite = Infinite { generator: generator(config.block_size, &device) };
        let infinite = JointObjective::new(reader(&device), infinite, [base(&device), scorer(&device)], config.clone()).unwrap();
        prop_assert_eq!(read(&infinite.losses(&batch)), read(&joint(&config, &device).losses(&batch)));
    }

    #[test]
    fn distillation_teaches_the_student_and_never_the_teacher(labels in labels(), config in configs()) {
        let device = Device::flex().autodiff();
        let mut labels = labels;
        labels.push(vec![0., 1., 0.]); // someone to learn from
        let model = full(&config, &device);
        let loss = part(&model.losses(&batch(&labels, &device)), "distillation");
        let gradients = gradients_of(&model, &loss.sum().backward());
        let largest = |part: &str| {
            let of = gradients.iter().filter(|(name, _)| name.starts_with(part)).flat_map(|(_, gradient)| gradient);
            of.fold(0_f32, |largest, slope| largest.max(slope.abs()))
        };
        for teacher in ["generator", "base", "influence", "exposure"] {
            prop_assert_eq!(largest(teacher), 0., "{}", teacher);
        }
        prop_assert!(largest("scorer") > 1e-4 && largest("encoder") > 1e-4);
    }

    #[test]
    fn with_a_guide_distillation_teaches_it_and_nothing_else(labels in labels(), config in configs()) {
        let device = Device::flex().autodiff();
        let mut labels = labels;
        labels.push(vec![0., 1., 0.]); // someone to learn from
        let model = full(&config, &device).with_guide(Some(guide(&device)), Some(guidance(&device)));
        let loss = part(&model.losses(&batch(&labels, &device)), "distillation");
        let gradients = gradients_of(&model, &loss.sum().backward());
        let moved = |name: &str| gradients[name].iter().any(|&slope| slope != 0.);
        for name in gradients.keys().filter(|name| !name.starts_with("guide.") && !name.starts_with("guidance.")) {
            prop_assert!(!moved(name), "{} learns from the teacher", name);
        }
        prop_assert!(moved("guide.layers.layers.0.weight") && moved("guide.ranker"));
        // One distribution over all slots knows no influence, and nothing stands above the first slot.
        let below = config.form != DistillationForm::Collapsed && config.slots != Some(1);
        prop_assert!(!below || moved("guidance.above.weight"));
        prop_assert!(config.form == DistillationForm::Collapsed || moved("guidance.foresight"));
    }

    #[test]
    fn an_untrained_guide_changes_nothing(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = shown_batch(&labels, &device);
        let guide = ScorerConfig::new(8, 3).init(1, &device);
        let guidance = PairGuidance::init(8, 4, &mut Weights::seeded(1, &device));
        let guided = full(&config, &device).with_guide(Some(guide), Some(guidance));
        prop_assert_eq!(read(&guided.losses(&batch)), read(&full(&config, &device).losses(&batch)));
    }

    #[test]
    fn the_influence_pays_for_its_mean_square(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = batch(&labels, &device);
        let parts = full(&config, &device).losses(&batch);
        let found = values(part(&parts, "influence"));
        let between = influence(&device).between(&reader(&device).encode(&batch));
        let [_, candidates, _] = between.pairs.dims();
        let (pairs, reach) = (values(between.pairs), values(between.reach));
        for ((list, found), pairs) in labels.iter().zip(found).zip(pairs.chunks(candidates * candidates)) {
            // Any two candidates may stand in any two slots.
            let two = || (0..list.len()).flat_map(|one| (0..list.len()).map(move |other| (one, other)));
            let places = two().filter(|(above, below)| above < below);
            let each = places.flat_map(|places| two().filter(|(one, other)| one != other).map(move |two| (places, two)));
            let squares: Vec<f64> = each
                .map(|((above, below), (one, other))| {
                    let factor = reach.get(below - above - 1).copied().unwrap_or(0.);
                    f64::from(factor * pairs[one * candidates + other]).powi(2)
                })
                .collect();
            prop_assert!(close(found, squares.iter().sum::<f64>() / squares.len().max(1) as f64));
        }
        let free = full(&JointConfig { influence_penalty: 0., ..config }, &device).losses(&batch);
        prop_assert!(free.parts.iter().all(|part| part.name != "influence"));
    }

    #[test]
    fn offline_there_is_the_distillation_alone(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = shown_batch(&labels, &device);
        let together = read(&full(&config, &device).losses(&batch));
        let offline = read(&full(&JointConfig { distillation_only: true, ..config }, &device).losses(&batch));
        prop_assert_eq!(offline.keys().copied().collect::<Vec<_>>(), ["distillation"]);
        prop_assert_eq!(&offline["distillation"], &together["distillation"]);
    }

    #[test]
    fn shown_slates_are_learned_from_as_they_were_shown(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = shown_batch(&labels, &device);
        let found = read(&full(&config, &device).losses(&batch));
        let encoded = reader(&device).encode(&batch);
        let lists = batch.labels.as_ref().unwrap();
        let shown = ShownTargets::new(lists, &encoded.lens, &lists.targets, config.max_label);
        let [lines, candidates] = encoded.pad.dims();
        let schedule = BlockSchedule::new(candidates, config.block_size).unwrap();
        let above = influence(&device).between(&encoded).along(&shown.order);
        let exposed = exposure(&device).of(&encoded, candidates);
        let scores = scorer(&device).score(&encoded).reshape([lines, 1, candidates]).expand([lines, candidates, candidates]);
        let student = values(shown.click_loss(scores + above.clone(), Some(exposed.clone())));
        let ranked = Encoded { ranker: base(&device).score(&encoded), ..encoded };
        let logits = generator(config.block_size, &device).teacher_forced(&ranked, schedule, shown.order.clone());
        let teacher = values(shown.click_loss(logits + above, Some(exposed)));
        for (index, labels) in labels.iter().enumerate().filter(|(_, labels)| is_shown(labels)) {
            prop_assert_eq!(found["cross-entropy"][index], teacher[index], "{:?}", labels);
            prop_assert_eq!(found["scorer"][index], student[index]);
            prop_assert!(found.get("hinge").is_none_or(|hinge| hinge[index] == 0.));
        }
    }

    #[test]
    fn lists_shown_or_not_are_alone_what_they_are_together(labels in labels(), config in configs(), plan: bool) {
        let device = Device::flex();
        let strategy = if plan { Decoding::Plan } else { Decoding::Greedy };
        let model = full(&JointConfig { strategy, ..config }, &device);
        let together = read(&model.losses(&shown_batch(&labels, &device)));
        for (index, list) in labels.iter().enumerate() {
            let alone = read(&model.losses(&shown_batch(std::slice::from_ref(list), &device)));
            // Planning may settle in another of two slates that are as good, so its lesson is not compared.
            for name in NAMES.into_iter().filter(|&name| !(plan && name == "distillation")) {
                // A list that was shown has no hinge: alone the part is missing.
                let (alone, together) = (alone.get(name).map_or(0., |part| part[0]), together.get(name).map_or(0., |part| part[index]));
                prop_assert!((alone - together).abs() <= TOLERANCE, "{}: {} {}", name, alone, together);
            }
        }
    }

    #[test]
    fn asked_for_the_ideal_order_nothing_is_read_from_what_was_shown(labels in labels(), config in configs()) {
        let device = Device::flex();
        let model = full(&JointConfig { target: Target::Ideal, ..config }, &device);
        let shown = read(&model.losses(&shown_batch(&labels, &device)));
        prop_assert_eq!(shown, read(&model.losses(&batch(&labels, &device))));
    }

    #[test]
    fn without_distillation_the_student_learns_as_it_does_alone(labels in labels(), config in configs()) {
        let device = Device::flex().autodiff();
        let batch = batch(&labels, &device);
        let config = JointConfig { distillation: 0., ..config };
        let together = joint(&config, &device);
        let loss = together.losses(&batch).total().unwrap();
        let together = gradients_of(&together, &loss.sum().backward());
        let alone = ScoringObjective::new(reader(&device), scorer(&device), pointwise(&config));
        let loss = alone.losses(&batch).total().unwrap();
        let alone = gradients_of(&alone, &loss.sum().backward());
        let of_scorer = alone.iter().filter(|(name, _)| name.starts_with("scorer"));
        prop_assert_eq!(of_scorer.clone().count(), 7);
        for (name, gradient) in of_scorer {
            prop_assert_eq!(&together[name], gradient, "{}", name);
        }
    }

    #[test]
    fn the_scorer_alone_has_the_scorers_part(labels in labels(), config in configs()) {
        let device = Device::flex();
        let batch = batch(&labels, &device);
        let alone = ScoringObjective::new(reader(&device), scorer(&device), pointwise(&config)).losses(&batch);
        prop_assert_eq!(alone.parts.len(), 1);
        prop_assert_eq!(alone.parts[0].weight, 1.);
        prop_assert_eq!(&read(&alone)["scorer"], &read(&joint(&config, &device).losses(&batch))["scorer"]);
    }

    #[test]
    fn lists_without_contrast_contribute_to_the_scorer_only(len in 1..=LONGEST, label in 0_u8..3, config in configs()) {
        let device = Device::flex();
        let labels = [vec![f32::from(label); len], vec![0., 1.]];
        let found = read(&joint(&config, &device).losses(&batch(&labels, &device)));
        for name in NAMES {
            prop_assert_eq!(found[name][0] == 0., name != "scorer", "{}", name);
        }
    }
}

/// The parts in the order of `NAMES`, from the public functions.
fn by_hand(config: &JointConfig, batch: &psad_nn::ListBatch, device: &Device) -> [Tensor<1>; 4] {
    let labels = batch.labels.as_ref().unwrap();
    let encoded = reader(device).encode(batch);
    let [_, candidates] = encoded.pad.dims();
    let whole = BlockSchedule::new(candidates, config.block_size).unwrap();
    let targets = SlotTargets::new(labels, &encoded.ranker, &encoded.lens, whole, config.ties);
    let scores = scorer(device).score(&encoded);
    let ranked = Encoded { ranker: base(device).score(&encoded), ..encoded.clone() };
    let logits = generator(config.block_size, device).teacher_forced(&ranked, whole, targets.order.clone());
    let taught = generator_loss(logits, &targets);
    let student = pointwise_loss(scores.clone(), labels.values.clone(), encoded.pad.clone(), config.max_label);
    let distilled = distilled_by_hand(config, &ranked, &scores, device);
    [taught.cross_entropy, taught.hinge, student, distilled * labels.contrast.clone()]
}

/// What the teacher passes on along its own greedy slates.
fn distilled_by_hand(config: &JointConfig, encoded: &Encoded, scores: &Tensor<2>, device: &Device) -> Tensor<1> {
    let [batch, candidates] = encoded.pad.dims();
    let slots = config.slots.map_or(candidates, |slots| slots.min(candidates));
    let schedule = BlockSchedule::new(slots, config.block_size).unwrap();
    let generator = generator(config.block_size, device);
    let slates = generate(&generator, encoded, schedule, &Decoding::Greedy).unwrap();
    let (mut order, mut closed, mut picks) = (Vec::new(), Vec::new(), Vec::new());
    for (slates, &len) in slates.iter().zip(&encoded.lens) {
        let placed: Vec<usize> =
            slates[0].slate.completed().as_slice().iter().copied().chain(len..candidates).collect();
        for slot in 0..slots {
            closed.extend((0..candidates).map(|item| item >= len || placed[..slot].contains(&item)));
            picks.extend((0..candidates).map(|item| if item == placed[slot] { 1. } else { 0. }));
        }
        order.extend(placed.into_iter().map(|item| item as i32));
    }
    let shape = [batch, slots, candidates];
    let closed: Tensor<3, Bool> = Tensor::from_data(TensorData::new::<bool, _>(closed, shape), device);
    let order = Tensor::<2, Int>::from_data(TensorData::new::<i32, _>(order, [batch, candidates]), device);
    let matrix = || {
        let logits = generator.teacher_forced(encoded, schedule, order.clone());
        activation::softmax(logits.mask_fill(closed.clone(), -1e9), 2)
    };
    let rows = |matrix| {
        let scores = scores.clone().reshape([batch, 1, candidates]).expand(shape);
        row_wise_distillation_loss(matrix, closed.clone(), &encoded.lens, scores, config.temperature, config.decay)
    };
    match config.form {
        DistillationForm::Slate => rows(Tensor::from_data(TensorData::new::<f32, _>(picks, shape), device)),
        DistillationForm::RowWise => rows(matrix()),
        DistillationForm::Collapsed => {
            let guidance = collapse(matrix(), &encoded.lens, config.decay);
            distillation_loss(guidance, scores.clone(), encoded.pad.clone(), config.temperature)
        }
    }
}

#[test]
fn a_part_without_weight_is_left_out() {
    let device = Device::flex();
    let config = JointConfig { hinge: 0., distillation: 0., ..JointConfig::default() };
    let found = read(&joint(&config, &device).losses(&batch(&[vec![0., 1.]], &device)));
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["cross-entropy", "scorer"]);
}

#[test]
fn a_batch_without_labels_has_no_parts() {
    let device = Device::flex();
    let mut batch = batch(&[vec![0., 1.]], &device);
    batch.labels = None;
    let joint = joint(&JointConfig::default(), &device).losses(&batch);
    assert!(joint.parts.is_empty() && joint.total().is_none());
    let alone = ScoringObjective::new(reader(&device), scorer(&device), ScoringLoss::Listwise).losses(&batch);
    assert!(alone.parts.is_empty());
}

/// The gradient of every parameter; zero where the loss does not depend on it.
fn gradients_of<M: Module>(module: &M, of: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Collect<'a> {
        path: Vec<String>,
        of: &'a Gradients,
        found: BTreeMap<String, Vec<f32>>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let zero = || vec![0.; param.val().shape().num_elements()];
            let gradient = param.val().grad(self.of).map_or_else(zero, values);
            self.found.insert(self.path.join("."), gradient);
        }
    }
    let mut collect = Collect { path: Vec::new(), of, found: BTreeMap::new() };
    module.visit(&mut collect);
    collect.found
}
