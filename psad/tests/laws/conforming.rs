//! Every reranker of the workspace keeps the contract, with weights that are far from where they start.

use std::num::NonZeroUsize;
use std::sync::Arc;

use psad::burn::tensor::Device;
use psad::core::RankerScores;
use psad::decode::{Diversified, Diversifier, Strategy, category_vectors};
use psad::eval::{InitialOrder, RandomOrder};
use psad::methods::{Mlp, Nar4Rec, SetRank, SetRankBlock};
use psad::nar4rec::SlateEvaluatorConfig;
use psad::nn::TensorEvaluator;
use psad::testing::{CandidateOrder, Conformance};
use psad::{GeneratorEvaluator, Method, MethodConfig, Psad, Request, RerankError, Reranker, Schema, Slate};

use crate::common::{
    DATA, config, dlcm, mir, mlp, nar4rec, of_every_method, prm, rerankers, seq2slate, set_rank, shaken,
};

fn conformance() -> Conformance<'static> {
    Conformance::new(&DATA.schema).requests(48).seed(5)
}

fn set_conformance() -> Conformance<'static> {
    conformance().candidate_order(CandidateOrder::Irrelevant)
}

fn assert_conforms(name: &str, conformance: &Conformance<'_>, reranker: &dyn Reranker) {
    if let Err(error) = conformance.check(reranker) {
        panic!("{name}: {error}");
    }
}

fn method<C: MethodConfig>(config: C) -> Method<C> {
    shaken(&Method::new(&DATA.schema, config, 2).unwrap())
}

fn assert_method_conforms<C: MethodConfig>(config: C, conformance: &Conformance<'_>) {
    for (name, reranker) in method(config).rerankers() {
        assert_conforms(name, conformance, &reranker);
    }
}

/// Every way of reading a slate from logits.
fn strategies() -> [(&'static str, Strategy); 5] {
    [
        ("greedy", Strategy::Greedy),
        ("beam", Strategy::Beam { width: 3 }),
        ("sample", Strategy::Sample { seed: 5, samples: 2 }),
        ("contrastive", Strategy::Contrastive { alpha: 0.4 }),
        ("assignment", Strategy::Assignment),
    ]
}

#[test]
fn the_references_conform() {
    assert_conforms("initial order", &conformance().any_schema(), &InitialOrder);
    assert_conforms("random order", &conformance().any_schema(), &RandomOrder::new(3));
}

#[test]
fn a_sound_reranker_conforms_whatever_is_drawn() {
    for longest in [20, 50, 100] {
        let schema =
            Schema::builder().item_sparse("film", 50).item_dense("year").max_candidates(longest).build().unwrap();
        let ours = schema.clone();
        let sound = psad::core::from_fn(move |request: &Request, len| {
            ours.check(request)?;
            request.top_by_score(request.candidates().scores(), len)
        });
        for seed in 0..40 {
            assert_conforms(&format!("{longest}, {seed}"), &Conformance::new(&schema).requests(48).seed(seed), &sound);
        }
    }
}

#[test]
fn psad_conforms() {
    let psad: Psad = method(config());
    for (name, reranker) in rerankers(&psad) {
        assert_conforms(name, &conformance(), &reranker);
    }
}

#[test]
fn psads_teacher_conforms_with_every_strategy() {
    let psad: Psad = method(config());
    for (name, strategy) in strategies() {
        assert_conforms(name, &conformance(), &psad.teacher_with(strategy));
    }
}

#[test]
fn psad_that_knows_no_positions_sees_a_set() {
    let mut config = config();
    config.encoder.candidate_positions = false;
    assert_method_conforms(config, &set_conformance());
}

#[test]
fn nar4rec_sees_a_set_and_conforms_with_every_strategy() {
    let nar4rec: Nar4Rec = method(nar4rec());
    for (name, strategy) in strategies() {
        let reads_order = matches!(strategy, Strategy::Sample { .. });
        let conformance = if reads_order { conformance() } else { set_conformance() };
        assert_conforms(name, &conformance, &nar4rec.generator_with(strategy));
    }
}

#[test]
fn baselines_that_read_a_list_conform() {
    assert_method_conforms(dlcm(), &conformance());
    assert_method_conforms(prm(), &conformance());
    assert_method_conforms(seq2slate(), &conformance());
}

#[test]
fn baselines_that_read_a_set_conform() {
    assert_method_conforms(mlp(), &set_conformance());
    assert_method_conforms(mir(), &set_conformance());
    assert_method_conforms(set_rank(), &set_conformance());
    let imsab = set_rank().with_block(SetRankBlock::Imsab { inducing: 3 });
    let imsab: SetRank = method(imsab);
    assert_conforms("IMSAB", &set_conformance(), &imsab.scorer());
}

#[test]
fn diversified_scores_conform() {
    let mmr = psad::baselines::mmr(1, 0.7).unwrap();
    assert_conforms("MMR", &set_conformance().any_schema(), &mmr);
    let mlp: Mlp = method(mlp());
    for diversifier in
        [Diversifier::Mmr { lambda: 0.6 }, Diversifier::Dpp { theta: 1. }, Diversifier::Ssd { gamma: 0.4, window: 3 }]
    {
        let name = format!("{diversifier:?}");
        let ranker = Diversified::new(RankerScores, diversifier, category_vectors(1)).unwrap();
        assert_conforms(&name, &set_conformance().any_schema(), &ranker);
        let scored = Diversified::new(mlp.scorer(), diversifier, category_vectors(1)).unwrap();
        assert_conforms(&name, &set_conformance(), &scored);
    }
}

#[test]
fn the_best_of_several_proposals_conforms() {
    let psad: Psad = method(config());
    let sizes = SlateEvaluatorConfig::new(config().encoder.width, config().encoder.profile_width(&DATA.schema), 8);
    let device = Device::flex();
    let evaluator = sizes.with_feed_forward(16).init(4, &device).unwrap();
    let encoder = &psad.model().encoder;
    let judge = TensorEvaluator::new(encoder, &evaluator, Arc::clone(psad.tables()), &DATA.schema, &device);
    let four = NonZeroUsize::new(4).unwrap();
    for (name, strategy) in strategies() {
        let proposer = psad.teacher_with(strategy);
        assert_conforms(name, &conformance(), &GeneratorEvaluator::new(proposer, judge.clone(), four));
    }
    let last_first = |_: &Request, slates: &[Slate]| -> Result<Vec<f64>, RerankError> {
        Ok(slates.iter().map(|slate| slate.as_slice()[0] as f64).collect())
    };
    assert_conforms("function", &conformance(), &GeneratorEvaluator::new(psad.teacher(), last_first, four));
}

/// Schemas at the edge of what a schema can be.
pub(crate) fn odd_schemas() -> Vec<(&'static str, Schema)> {
    let few = |schema: psad::core::SchemaBuilder| schema.max_candidates(6).max_history(4);
    let numbers = few(Schema::builder().item_dense("price"));
    let one_kind = few(Schema::builder().item_sparse("film", 1).feedback(["seen"]));
    let one_item = Schema::builder().item_sparse("film", 9).user_dense("age").max_candidates(1).max_history(0);
    let long = Schema::builder().item_sparse("film", 9).user_sparse("user", 3).feedback(["seen", "liked"]);
    vec![
        ("numbers alone", numbers.build().unwrap()),
        ("every item unknown", one_kind.build().unwrap()),
        ("lists of one", one_item.build().unwrap()),
        ("long lists", long.max_candidates(60).max_history(60).build().unwrap()),
    ]
}

#[test]
fn every_method_conforms_whatever_the_schema() {
    fn check<C: MethodConfig>(config: &C) {
        for (name, schema) in odd_schemas() {
            let method = shaken(&Method::new(&schema, config.clone(), 2).unwrap());
            let conformance = Conformance::new(&schema).requests(8).seed(9);
            for (reranker_name, reranker) in method.rerankers() {
                assert_conforms(&format!("{reranker_name}, {name}"), &conformance, &reranker);
            }
        }
    }
    of_every_method!(check);
}
