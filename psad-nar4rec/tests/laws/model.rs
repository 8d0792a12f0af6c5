//! A whole model in miniature, and logged lists for it.

use burn::tensor::Device;
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, Shown, Slate, User};
use psad_encoder::{SharedEncoder, SharedEncoderConfig};
use psad_nar4rec::{AttentionEvaluator, MatchingConfig, MatchingGenerator, SlateEvaluatorConfig};
use psad_nn::{Batcher, ListBatch, NoPersonalization, Tables};

use crate::common::{LONGEST, learned, normal, order};

/// A list with its labels, and what was shown of it.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) labels: Vec<f32>,
    pub(crate) shown: Option<Vec<usize>>,
    pub(crate) seed: u64,
}

pub(crate) fn logged() -> impl Strategy<Value = Vec<Logged>> {
    let labels = prop::collection::vec(prop::sample::select(vec![0., 0., 1., 2.]), 1..=LONGEST);
    let list = (labels, prop::option::of(1..=LONGEST), any::<u64>()).prop_map(|(labels, shown, seed)| {
        let shown = shown.map(|slots| order(seed ^ 1, labels.len())[..slots.min(labels.len())].to_vec());
        Logged { labels, shown, seed }
    });
    prop::collection::vec(list, 1..4)
}

impl Logged {
    pub(crate) fn list(&self) -> LabeledList {
        let list = LabeledList::new(self.request(), Array1::from(self.labels.clone())).unwrap();
        let Some(shown) = self.shown.clone() else { return list };
        let propensities = vec![1.; shown.len()];
        list.with_shown(Shown { slate: Slate::new(shown, self.labels.len()).unwrap(), propensities }).unwrap()
    }

    pub(crate) fn request(&self) -> Request {
        let (len, past) = (self.labels.len(), (self.seed % 3) as usize);
        let mut drawn = normal(self.seed, 3 * len + 2 * past + 1).into_iter();
        let mut items = |len: usize| {
            let dense = Array2::from_shape_simple_fn((len, 1), || drawn.next().unwrap());
            let sparse = Array2::from_shape_simple_fn((len, 1), || (drawn.next().unwrap() * 50.).abs() as u32);
            Items::new(sparse, dense).unwrap()
        };
        let (offered, past) = (items(len), History::new(items(past), Array1::zeros(past)).unwrap());
        let user = User::new(Array1::zeros(0), Array1::from(vec![drawn.next().unwrap()])).unwrap();
        Request::new(user, past, Candidates::new(offered, drawn.collect()).unwrap()).unwrap()
    }
}

pub(crate) fn schema() -> Schema {
    let builder = Schema::builder().user_dense("u").item_sparse("i", 30).item_dense("j").feedback(["no", "yes"]);
    builder.max_history(3).max_candidates(LONGEST).build().unwrap()
}

pub(crate) fn tables() -> Tables {
    Tables::seeded(&schema(), config().embedding, 1).unwrap()
}

pub(crate) fn batch(lists: &[Logged], device: &Device) -> ListBatch {
    let lists: Vec<LabeledList> = lists.iter().map(Logged::list).collect();
    let lists: Vec<&LabeledList> = lists.iter().collect();
    Batcher::new(&schema()).lists(&lists, &tables(), device).unwrap()
}

const WIDTH: usize = 8;

fn config() -> SharedEncoderConfig {
    SharedEncoderConfig::new().with_embedding(4).with_width(WIDTH).with_feed_forward(12).with_list_layers(1)
}

pub(crate) type Encoder = SharedEncoder<NoPersonalization>;

pub(crate) fn encoder(device: &Device) -> Encoder {
    learned(config().init_with(NoPersonalization::new(WIDTH), &schema(), 5, device).unwrap(), 5)
}

pub(crate) fn generator(device: &Device) -> MatchingGenerator {
    let profile = config().profile_width(&schema());
    learned(MatchingConfig::new(WIDTH, profile, LONGEST).with_feed_forward(12).init(6, device).unwrap(), 6)
}

pub(crate) fn evaluator(device: &Device) -> AttentionEvaluator {
    let profile = config().profile_width(&schema());
    learned(SlateEvaluatorConfig::new(WIDTH, profile, LONGEST).with_feed_forward(12).init(7, device).unwrap(), 7)
}
