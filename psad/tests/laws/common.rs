//! A small world, a small model, and requests of every kind.

use std::sync::LazyLock;

use ndarray::{Array1, Array2};
use psad::core::{ItemsBuilder, ModelFile, RequestError, UserBuilder};
use psad::decode::Strategy;
use psad::distill::JointConfig;
use psad::encoder::SharedEncoderConfig;
use psad::methods::{
    DlcmConfig, MirConfig, Nar4RecConfig, PlainEncoderConfig, PointwiseMlpConfig, PrmConfig, Seq2SlateConfig,
    SetRankConfig,
};
use psad::sim::{SimConfig, SimulatedList, World};
use psad::train::{TrainConfig, Trainer};
use psad::{
    Candidates, FittedPsad, History, Items, LabeledList, Method, MethodConfig, Psad, PsadConfig, Request, Reranker,
    Schema, User,
};

pub(crate) const CANDIDATES: usize = 8;
pub(crate) const HISTORY: usize = 10;
pub(crate) const ITEMS: usize = 80;

pub(crate) struct Data {
    pub(crate) schema: Schema,
    pub(crate) train: Vec<LabeledList>,
    pub(crate) validation: Vec<LabeledList>,
    pub(crate) test: Vec<LabeledList>,
}

pub(crate) static DATA: LazyLock<Data> = LazyLock::new(|| {
    let config = SimConfig {
        seed: 3,
        users: 60,
        items: ITEMS,
        categories: 6,
        candidates: CANDIDATES,
        max_history: HISTORY,
        train_lists: 60,
        validation_lists: 20,
        test_lists: 20,
        ..SimConfig::default()
    };
    let world = World::new(config).unwrap();
    let data = world.generate();
    let plain = |lists: Vec<SimulatedList>| lists.into_iter().map(|list| list.list).collect();
    Data {
        schema: world.schema().clone(),
        train: plain(data.train),
        validation: plain(data.validation),
        test: plain(data.test),
    }
});

/// Fitted once for all tests that only ask it something.
pub(crate) static FITTED: LazyLock<FittedPsad> = LazyLock::new(|| fit(7, 1));

pub(crate) fn refs(lists: &[LabeledList]) -> Vec<&LabeledList> {
    lists.iter().collect()
}

pub(crate) fn config() -> PsadConfig {
    PsadConfig {
        encoder: SharedEncoderConfig::new()
            .with_embedding(4)
            .with_width(8)
            .with_feed_forward(16)
            .with_list_layers(1)
            .with_profile_hidden(8)
            .with_decay_groups(2),
        pointer: 8,
        scorer_hidden: vec![8],
        objective: JointConfig { block_size: 3, ..JointConfig::default() },
        ..PsadConfig::default()
    }
}

pub(crate) fn nar4rec() -> Nar4RecConfig {
    let encoder = config().encoder.with_gate(false).with_history_positions(false).with_candidate_positions(false);
    Nar4RecConfig { encoder, position_layers: 1, ..Nar4RecConfig::default() }
}

fn plain(positions: bool) -> PlainEncoderConfig {
    PlainEncoderConfig::new().with_embedding(4).with_width(8).with_positions(positions)
}

pub(crate) fn mlp() -> PointwiseMlpConfig {
    PointwiseMlpConfig::new().with_encoder(plain(false)).with_hidden(vec![8, 4])
}

pub(crate) fn dlcm() -> DlcmConfig {
    DlcmConfig::new().with_encoder(plain(false)).with_hidden(8).with_comparisons(3)
}

pub(crate) fn prm() -> PrmConfig {
    PrmConfig::new().with_encoder(plain(true)).with_layers(1).with_feed_forward(16)
}

pub(crate) fn set_rank() -> SetRankConfig {
    SetRankConfig::new().with_encoder(plain(false)).with_layers(1).with_feed_forward(16)
}

pub(crate) fn mir() -> MirConfig {
    let sizes = MirConfig::new().with_embedding(4).with_width(8).with_hidden(6);
    sizes.with_pace_hidden(5).with_scorer_hidden(vec![8])
}

pub(crate) fn seq2slate() -> Seq2SlateConfig {
    Seq2SlateConfig::new().with_encoder(plain(false)).with_hidden(8).with_pointer(6)
}

/// Runs a generic check for every method.
macro_rules! of_every_method {
    ($check:ident) => {{
        $check(&$crate::common::config());
        $check(&$crate::common::nar4rec());
        $check(&$crate::common::mlp());
        $check(&$crate::common::dlcm());
        $check(&$crate::common::prm());
        $check(&$crate::common::set_rank());
        $check(&$crate::common::set_rank().with_block(psad::methods::SetRankBlock::Imsab { inducing: 3 }));
        $check(&$crate::common::mir());
        $check(&$crate::common::seq2slate());
    }};
}

pub(crate) use of_every_method;

/// The method with noise on all weights and tables: heads that start at zero, as most do, would hide what stands before.
pub(crate) fn shaken<C: MethodConfig>(method: &Method<C>) -> Method<C> {
    let file = method.to_file().unwrap();
    let mut shaken = ModelFile::new(C::KIND, file.header().schema.clone(), file.header().config.clone());
    let mut state = 1_u32;
    for (name, values) in file.tensors() {
        let noise = |value: f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            value + 0.6 * ((state >> 8) as f32 / (1 << 24) as f32 - 0.5)
        };
        shaken.insert(name, values.clone().mapv_into(noise));
    }
    Method::from_file(&shaken).unwrap()
}

pub(crate) fn plan(seed: u64, workers: usize) -> TrainConfig {
    TrainConfig {
        epochs: 2,
        batch_size: 16,
        shard_size: 5,
        learning_rate: 0.01,
        workers,
        seed,
        ..TrainConfig::default()
    }
}

pub(crate) fn model(seed: u64) -> Psad {
    Psad::new(&DATA.schema, config(), seed).unwrap()
}

pub(crate) fn fit(seed: u64, workers: usize) -> FittedPsad {
    let trainer = Trainer::new(plan(seed, workers)).unwrap();
    model(seed).fit(trainer, &refs(&DATA.train), &refs(&DATA.validation)).unwrap()
}

pub(crate) fn bytes(psad: &Psad) -> Vec<u8> {
    psad.to_file().unwrap().to_bytes().unwrap()
}

/// The student, and the teacher with every strategy.
pub(crate) fn rerankers(psad: &Psad) -> Vec<(&'static str, Box<dyn Reranker>)> {
    vec![
        ("student", Box::new(psad.student())),
        ("greedy", Box::new(psad.teacher())),
        ("beam", Box::new(psad.teacher_with(Strategy::Beam { width: 3 }))),
        ("sample", Box::new(psad.teacher_with(Strategy::Sample { seed: 5, samples: 2 }))),
    ]
}

/// The student's scores of one request.
pub(crate) fn scores(psad: &Psad, request: &Request) -> Vec<f32> {
    let student = psad.student();
    student.model().scores(&student.batch(&[request]).unwrap()).unwrap().remove(0)
}

/// A request in the making: it fits the schema until a test changes it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) user_fields: usize,
    pub(crate) user_features: usize,
    pub(crate) fields: usize,
    pub(crate) features: usize,
    pub(crate) candidates: usize,
    pub(crate) history: usize,
    pub(crate) feedback: u32,
    /// Ids run on from here.
    pub(crate) first_id: u32,
    /// Every dense feature, of user and items.
    pub(crate) dense: f32,
    pub(crate) ages: Option<f32>,
}

impl Draft {
    pub(crate) fn new() -> Self {
        Self {
            user_fields: DATA.schema.user_sparse().len(),
            user_features: DATA.schema.user_dense().len(),
            fields: DATA.schema.item_sparse().len(),
            features: DATA.schema.item_dense().len(),
            candidates: CANDIDATES,
            history: 4,
            feedback: 1,
            first_id: 1,
            dense: 0.5,
            ages: None,
        }
    }

    fn items(&self, count: usize, offset: u32) -> Items {
        let id = |(item, field): (usize, usize)| self.first_id.wrapping_add(offset + item as u32 * 3 + field as u32);
        let dense = Array2::from_shape_fn((count, self.features), |(item, _)| self.dense * (1. - item as f32 * 0.1));
        Items::new(Array2::from_shape_fn((count, self.fields), id), dense).unwrap()
    }

    pub(crate) fn request(&self) -> Request {
        let user = User::new(
            Array1::from_elem(self.user_fields, self.first_id),
            Array1::from_elem(self.user_features, self.dense),
        );
        let history = History::new(self.items(self.history, 7), Array1::from_elem(self.history, self.feedback));
        let history = history.unwrap();
        let history = match self.ages {
            Some(days) => history.with_ages(Array1::from_elem(self.history, days)).unwrap(),
            None => history,
        };
        let scores = Array1::from_shape_fn(self.candidates, |item| -(item as f32));
        let candidates = Candidates::new(self.items(self.candidates, 0), scores).unwrap();
        Request::new(user.unwrap(), history, candidates).unwrap()
    }

    pub(crate) fn labelled(&self) -> LabeledList {
        let labels = Array1::from_shape_fn(self.candidates, |item| f32::from(u8::from(item % 3 == 1)));
        LabeledList::new(self.request(), labels).unwrap()
    }
}

/// Items and a user by the names of their fields; a name that a test misspells is refused.
pub(crate) fn by_name(item_field: &str, user_field: &str) -> Result<(Items, User), RequestError> {
    let schema = &DATA.schema;
    let mut items = ItemsBuilder::new(schema, 2).sparse(item_field, &[1, 2])?;
    for name in ["category", "maker"] {
        items = items.sparse(name, &[1, 2])?;
    }
    for name in schema.item_dense() {
        items = items.dense(name, &[0., 1.])?;
    }
    let user = UserBuilder::new(schema).sparse(user_field, 1)?.sparse("segment", 2)?;
    let user = user.dense("variety", 0.)?.dense("patience", 0.5)?.build()?;
    Ok((items.build()?, user))
}
