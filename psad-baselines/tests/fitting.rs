//! Every baseline is fitted by the one trainer, in a small simulated world, and serves valid slates afterwards.

use std::sync::Arc;

use burn::tensor::Device;
use psad_baselines::{
    BaselineConfigError, DlcmConfig, InitialOrder, MirConfig, PlainEncoderConfig, PointwiseMlpConfig, PrmConfig,
    RandomOrder, Seq2SlateConfig, SetRankBlock, SetRankConfig, mmr,
};
use psad_core::{LabeledList, Request, Reranker, Schema};
use psad_decode::Strategy;
use psad_nn::{
    Generator, GeneratorObjective, ListEncoder, ListScorer, Objective, RerankModel, ScoringObjective, Student, Tables,
    Teacher, TensorReranker,
};
use psad_sim::{SimConfig, World};
use psad_train::{Fitted, TrainConfig, Trainer};

const EMBEDDING: usize = 4;

fn world() -> World {
    let sizes = SimConfig { users: 20, items: 40, candidates: 8, max_history: 6, ..SimConfig::default() };
    World::new(SimConfig { seed: 5, train_lists: 96, validation_lists: 8, test_lists: 12, ..sizes }).unwrap()
}

/// Fits for a few epochs and says that the loss fell.
fn fitted<O: Objective>(name: &str, objective: O, schema: &Schema, lists: &[LabeledList]) -> Fitted<O> {
    let config = TrainConfig {
        epochs: 4,
        batch_size: 24,
        shard_size: 12,
        learning_rate: 0.01,
        table_rate: 3.,
        warm_up: 0.,
        ..TrainConfig::default()
    };
    let lists: Vec<&LabeledList> = lists.iter().collect();
    let tables = Tables::seeded(schema, EMBEDDING, 7).unwrap();
    let mut epoch = 0.;
    let fitted = Trainer::new(config).unwrap().fit(objective, tables, schema, &Device::flex(), &lists, |_, _| {
        epoch += 1.;
        Ok(epoch) // The last epoch is the one to look at.
    });
    let fitted = fitted.unwrap();
    let totals: Vec<f64> = fitted.epochs.iter().map(|epoch| epoch.total).collect();
    assert!(totals[3] < 0.995 * totals[0], "{name}: {totals:?}");
    fitted
}

/// Valid slates, the same for the same request alone and in a batch.
fn serves<R: Reranker>(name: &str, reranker: &R, requests: &[&Request]) {
    for len in [1, 3, 20] {
        let slates = reranker.rerank_batch(requests, len).unwrap();
        assert_eq!(slates.len(), requests.len());
        for (request, slate) in requests.iter().zip(slates) {
            let candidates = request.candidates().len();
            assert_eq!((slate.len(), slate.candidates()), (len.min(candidates), candidates), "{name}");
            assert_eq!(reranker.rerank(request, len).unwrap(), slate, "{name}");
        }
    }
}

struct Shop {
    schema: Schema,
    train: Vec<LabeledList>,
    requests: Vec<Request>,
}

impl Shop {
    fn new() -> Self {
        let world = world();
        let data = world.generate();
        let train = data.train.into_iter().map(|list| list.list).collect();
        let requests = data.test.into_iter().map(|list| list.list.request().clone()).collect();
        Self { schema: world.schema().clone(), train, requests }
    }

    fn served<M: RerankModel>(&self, name: &str, model: &M, tables: Arc<Tables>) {
        let reranker = TensorReranker::new(model, tables, &self.schema, &Device::flex());
        let requests: Vec<&Request> = self.requests.iter().collect();
        serves(name, &reranker, &requests);
        let moved = requests.iter().filter(|request| {
            let ranker = InitialOrder.rerank(request, 8).unwrap();
            reranker.rerank(request, 8).unwrap() != ranker
        });
        assert!(moved.count() > 0, "{name} has learned to leave the ranker's order");
    }

    fn scorer<E: ListEncoder, S: ListScorer>(
        &self,
        name: &str,
        objective: Result<ScoringObjective<E, S>, BaselineConfigError>,
    ) {
        let fitted = fitted(name, objective.unwrap(), &self.schema, &self.train);
        let student = Student::new(fitted.model.encoder, fitted.model.scorer);
        self.served(name, &student, fitted.tables);
    }

    fn generator<E: ListEncoder, G: Generator>(
        &self,
        name: &str,
        objective: Result<GeneratorObjective<E, G>, BaselineConfigError>,
    ) {
        let fitted = fitted(name, objective.unwrap(), &self.schema, &self.train);
        let teacher = Teacher::new(fitted.model.encoder, fitted.model.generator, 1, Strategy::Greedy);
        self.served(name, &teacher, fitted.tables);
    }
}

fn plain(positions: bool) -> PlainEncoderConfig {
    PlainEncoderConfig::new().with_embedding(EMBEDDING).with_width(8).with_positions(positions)
}

#[test]
fn every_baseline_learns_and_serves() {
    let (shop, device) = (Shop::new(), Device::flex());
    let schema = &shop.schema;
    shop.scorer("MLP", PointwiseMlpConfig::new().with_encoder(plain(false)).objective(schema, 1, &device));
    let dlcm = DlcmConfig::new().with_encoder(plain(false)).with_hidden(8);
    shop.scorer("DLCM", dlcm.objective(schema, 1, &device));
    let prm = PrmConfig::new().with_encoder(plain(true)).with_feed_forward(16);
    shop.scorer("PRM", prm.objective(schema, 1, &device));
    let set_rank = SetRankConfig::new().with_encoder(plain(false)).with_feed_forward(16);
    shop.scorer("SetRank", set_rank.objective(schema, 1, &device));
    let induced = set_rank.with_block(SetRankBlock::Imsab { inducing: 3 });
    shop.scorer("induced SetRank", induced.objective(schema, 1, &device));
    let mir = MirConfig::new().with_embedding(EMBEDDING).with_width(8).with_hidden(4);
    shop.scorer("MIR", mir.objective(schema, 1, &device));
    let seq2slate = Seq2SlateConfig::new().with_encoder(plain(false)).with_hidden(8).with_pointer(8);
    shop.generator("Seq2Slate", seq2slate.objective(schema, 1, &device));
}

#[test]
fn heuristics_serve_too() {
    let shop = Shop::new();
    let requests: Vec<&Request> = shop.requests.iter().collect();
    serves("initial order", &InitialOrder, &requests);
    serves("random order", &RandomOrder::new(3), &requests);
    serves("MMR", &mmr(1, 0.7).unwrap(), &requests);
    let by_score = mmr(1, 1.).unwrap();
    for request in &requests {
        let expected = psad_core::Slate::top_by_score(request.candidates().scores(), 8).unwrap();
        assert_eq!(by_score.rerank(request, 8).unwrap(), expected, "all weight on the score");
    }
    assert!(mmr(0, 1.5).is_err());
    assert!(mmr(9, 0.5).unwrap().rerank(requests[0], 3).is_err());
}
