//! Random lists, every baseline as if trained, and what is read of their answers.

#![allow(dead_code, reason = "each test file uses its own part")]

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use ndarray::{Array1, Array2};
use proptest::{array::uniform2, collection::vec, prelude::*};
use psad_baselines::{
    DlcmConfig, DlcmObjective, MirConfig, MirObjective, PlainEncoderConfig, PointwiseMlpConfig, PointwiseMlpObjective,
    PrmConfig, PrmObjective, Seq2SlateConfig, Seq2SlateObjective, SetRankBlock, SetRankConfig, SetRankObjective,
};
use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, User};
use psad_decode::BlockSchedule;
use psad_nn::{
    Batcher, Generator, GeneratorObjective, ListBatch, ListEncoder, ListScorer, Objective, ScoringObjective, Tables,
    load_parameters, named_parameters,
};

pub(crate) const EMBEDDING: usize = 3;
pub(crate) const WIDTH: usize = 8;
pub(crate) const LONGEST: usize = 7;

/// Rounding of a network in `f32`, whose outputs are of size one: some tens of operations of 1e-7 each.
pub(crate) const ROUNDING: f32 = 1e-5;

/// So many cases; failures are printed and not kept in files.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// How many sparse and dense fields users and items have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    user: (usize, usize),
    item: (usize, usize),
}

pub(crate) const RICH: Fields = Fields { user: (1, 1), item: (2, 1) };

/// Schemas with fields of every kind, and with as few as can be.
pub(crate) fn fields() -> impl Strategy<Value = Fields> {
    let others = [((0, 0), (1, 0)), ((0, 1), (0, 1)), ((2, 0), (2, 2))].map(|(user, item)| Fields { user, item });
    prop_oneof![Just(RICH), prop::sample::select(others.to_vec())]
}

/// Two ids and two values, of which an item or a user takes as many as it has fields.
pub(crate) type Features = ([u32; 2], [f32; 2]);

#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) user: Features,
    /// Features, the ranker's score, the label.
    pub(crate) candidates: Vec<(Features, f32, f32)>,
    /// Features, feedback, age.
    pub(crate) history: Vec<(Features, u32, f32)>,
    pub(crate) with_ages: bool,
}

pub(crate) fn schema(fields: Fields) -> Schema {
    let mut builder = Schema::builder().feedback(["no", "yes"]).max_history(6).max_candidates(LONGEST);
    for field in 0..fields.user.0 {
        builder = builder.user_sparse(format!("u{field}"), 6);
    }
    for field in 0..fields.user.1 {
        builder = builder.user_dense(format!("v{field}"));
    }
    for field in 0..fields.item.0 {
        builder = builder.item_sparse(format!("i{field}"), 6);
    }
    for field in 0..fields.item.1 {
        builder = builder.item_dense(format!("j{field}"));
    }
    builder.build().unwrap()
}

fn items(features: &[Features], (sparse, dense): (usize, usize)) -> Items {
    let sparse = Array2::from_shape_fn((features.len(), sparse), |(item, field)| features[item].0[field]);
    let dense = Array2::from_shape_fn((features.len(), dense), |(item, field)| features[item].1[field]);
    Items::new(sparse, dense).unwrap()
}

impl List {
    pub(crate) fn len(&self) -> usize {
        self.candidates.len()
    }

    /// Candidate `i` of the answer is candidate `order[i]` of this list.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        Self { candidates: order.iter().map(|&item| self.candidates[item]).collect(), ..self.clone() }
    }

    pub(crate) fn labeled(&self, fields: Fields) -> LabeledList {
        let (ids, values) = (&self.user.0[..fields.user.0], &self.user.1[..fields.user.1]);
        let user = User::new(Array1::from(ids.to_vec()), Array1::from(values.to_vec())).unwrap();
        let past: Vec<Features> = self.history.iter().map(|each| each.0).collect();
        let past = History::new(items(&past, fields.item), self.history.iter().map(|each| each.1).collect()).unwrap();
        let ages = self.history.iter().map(|each| each.2).collect();
        let past = if self.with_ages { past.with_ages(ages).unwrap() } else { past };
        let offered: Vec<Features> = self.candidates.iter().map(|each| each.0).collect();
        let scores = self.candidates.iter().map(|each| each.1).collect();
        let offered = Candidates::new(items(&offered, fields.item), scores).unwrap();
        let labels = self.candidates.iter().map(|each| each.2).collect();
        LabeledList::new(Request::new(user, past, offered).unwrap(), labels).unwrap()
    }
}

pub(crate) fn batch(lists: &[List], fields: Fields, device: &Device) -> ListBatch {
    let (schema, lists) = (schema(fields), lists.iter().map(|list| list.labeled(fields)).collect::<Vec<_>>());
    let tables = Tables::seeded(&schema, EMBEDDING, 5).unwrap();
    let mut batch = Batcher::new(&schema).lists(&lists.iter().collect::<Vec<_>>(), &tables, device).unwrap();
    // Fresh rows are about a third; training makes them about one.
    let rows = Tensor::from_data((batch.rows.clone() * 2.).into_data(), device);
    batch.rows = if device.is_autodiff() { rows.require_grad() } else { rows };
    batch
}

fn features() -> impl Strategy<Value = Features> {
    (uniform2(0_u32..8), uniform2(-2_f32..2.))
}

/// A list of one to seven candidates with a history of none to six items.
pub(crate) fn list() -> impl Strategy<Value = List> {
    let candidates = vec((features(), -3_f32..3., (0_u8..2).prop_map(f32::from)), 1..=LONGEST);
    let history = vec((features(), 0_u32..2, 0_f32..40.), 0..=6);
    (features(), candidates, history, any::<bool>()).prop_map(|(user, candidates, history, with_ages)| List {
        user,
        candidates,
        history,
        with_ages,
    })
}

/// An old hand with ages, one without, and a newcomer.
pub(crate) fn some_lists() -> Vec<List> {
    let item = |id: u32, value: f32| ([id, id % 4 + 1], [value, 0.5 * value]);
    let old = List {
        user: item(1, 0.5),
        candidates: vec![
            (item(1, 0.4), 0.9, 0.),
            (item(2, -1.), 0.3, 1.),
            (item(3, 0.1), 0.2, 0.),
            (item(5, 0.8), -0.4, 1.),
        ],
        history: vec![(item(4, 1.), 1, 1.), (item(1, -0.3), 0, 0.4), (item(5, 0.2), 1, 0.)],
        with_ages: true,
    };
    let without_ages = List { history: old.history[..2].to_vec(), with_ages: false, user: item(2, -1.), ..old.clone() };
    let newcomer = List { history: Vec::new(), candidates: old.candidates[..2].to_vec(), ..old.clone() };
    vec![old, without_ages, newcomer]
}

pub(crate) fn plain(positions: bool) -> PlainEncoderConfig {
    PlainEncoderConfig::new().with_embedding(EMBEDDING).with_width(WIDTH).with_positions(positions)
}

pub(crate) fn mlp_config() -> PointwiseMlpConfig {
    PointwiseMlpConfig::new().with_encoder(plain(false)).with_hidden(vec![7, 5])
}

pub(crate) fn dlcm_config() -> DlcmConfig {
    DlcmConfig::new().with_encoder(plain(false)).with_hidden(6).with_comparisons(3)
}

pub(crate) fn prm_config() -> PrmConfig {
    PrmConfig::new().with_encoder(plain(true)).with_feed_forward(10)
}

pub(crate) fn set_rank_config() -> SetRankConfig {
    SetRankConfig::new().with_encoder(plain(false)).with_feed_forward(10)
}

pub(crate) fn induced_config() -> SetRankConfig {
    set_rank_config().with_block(SetRankBlock::Imsab { inducing: 3 })
}

pub(crate) fn mir_config() -> MirConfig {
    let sizes = MirConfig::new().with_embedding(EMBEDDING).with_width(WIDTH).with_hidden(3).with_pace_hidden(5);
    sizes.with_scorer_hidden(vec![7, 5])
}

pub(crate) fn seq2slate_config() -> Seq2SlateConfig {
    Seq2SlateConfig::new().with_encoder(plain(false)).with_hidden(6).with_pointer(5)
}

macro_rules! makers {
    ($($name:ident: $config:ident -> $objective:ty;)*) => {$(
        pub(crate) fn $name(fields: Fields, device: &Device) -> $objective {
            $config().objective(&schema(fields), 9, device).unwrap()
        }
    )*};
}

makers! {
    mlp: mlp_config -> PointwiseMlpObjective;
    dlcm: dlcm_config -> DlcmObjective;
    prm: prm_config -> PrmObjective;
    set_rank: set_rank_config -> SetRankObjective;
    induced: induced_config -> SetRankObjective;
    mir: mir_config -> MirObjective;
    seq2slate: seq2slate_config -> Seq2SlateObjective;
}

/// States a law of all baselines: a call with each one's maker.
macro_rules! of_every_baseline {
    ($law:path $(, $argument:expr)*) => {{
        $law("MLP", crate::common::mlp $(, $argument)*);
        $law("DLCM", crate::common::dlcm $(, $argument)*);
        $law("PRM", crate::common::prm $(, $argument)*);
        $law("SetRank", crate::common::set_rank $(, $argument)*);
        $law("induced SetRank", crate::common::induced $(, $argument)*);
        $law("MIR", crate::common::mir $(, $argument)*);
        $law("Seq2Slate", crate::common::seq2slate $(, $argument)*);
    }};
}
pub(crate) use of_every_baseline;

/// A model of which there is something to be read.
pub(crate) trait Subject: Objective + Clone {
    /// `[batch, rows, candidates]`: one row of scores, or the logits of all slots when the slate is filled from the last
    /// candidate to the first. Candidate `i` of row `j` is of use where `i < len − j`.
    fn answers(&self, batch: &ListBatch) -> Tensor<3>;
}

impl<E: ListEncoder, S: ListScorer> Subject for ScoringObjective<E, S> {
    fn answers(&self, batch: &ListBatch) -> Tensor<3> {
        self.scorer.score(&self.encoder.encode(batch)).unsqueeze_dim(1)
    }
}

impl<E: ListEncoder, G: Generator> Subject for GeneratorObjective<E, G> {
    fn answers(&self, batch: &ListBatch) -> Tensor<3> {
        let encoded = self.encoder.encode(batch);
        let [lists, candidates] = encoded.pad.dims();
        let row = |&len: &usize| (0..len).rev().chain(len..candidates).map(|item| item as i32);
        let target: Vec<i32> = encoded.lens.iter().flat_map(row).collect();
        let target: Tensor<2, Int> =
            Tensor::from_data(TensorData::new::<i32, _>(target, [lists, candidates]), &encoded.pad.device());
        self.generator.teacher_forced(&encoded, BlockSchedule::new(candidates, 1).unwrap(), target)
    }
}

/// The places `(row, candidate)` of a list of which there is something to be read.
pub(crate) fn readable(len: usize, rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows.min(len)).flat_map(move |row| (0..len - row).map(move |item| (row, item)))
}

/// What is read of every list.
pub(crate) fn read<M: Subject>(model: &M, batch: &ListBatch) -> Vec<Vec<f32>> {
    let answers = model.answers(batch);
    let [_, rows, candidates] = answers.dims();
    let flat = floats(answers);
    let lists = flat.chunks(rows * candidates).zip(&batch.candidates.lens);
    lists.map(|(flat, &len)| readable(len, rows).map(|(row, item)| flat[row * candidates + item]).collect()).collect()
}

/// Every parameter moved from where it started, so that nothing is zero.
pub(crate) fn as_if_trained<M: Module>(module: M) -> M {
    let mut values = named_parameters(&module).unwrap();
    for (index, slot) in values.values_mut().flat_map(|array| array.iter_mut()).enumerate() {
        *slot += 0.3 * (1. + index as f32).sin();
    }
    load_parameters(module, values).unwrap()
}

pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

/// The largest difference; NaN is one.
pub(crate) fn gap(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let gaps = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    gaps.fold(0., |largest, gap| if gap <= largest { largest } else { gap })
}
