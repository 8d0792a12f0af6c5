//! NAR4Rec with the evaluator that its authors choose among its proposals by.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context, Result};
use psad::burn::module::Module;
use psad::burn::tensor::Device;
use psad::core::GeneratorEvaluator;
use psad::methods::{Nar4RecConfig, Nar4RecReranker};
use psad::nar4rec::{EvaluatorObjective, SlateEvaluatorConfig};
use psad::nn::{Tables, TensorEvaluator};
use psad::train::Trainer;
use psad::{LabeledList, Method, Reranker, SlateEvaluator};

use super::fitting::{Fit, Job};
use super::lists::Lists;
use super::scale::Scale;

/// Its row.
pub(crate) const EVALUATED: &str = "NAR4Rec + evaluator";

/// How many proposals it may choose among.
const PROPOSALS: [usize; 3] = [4, 16, 64];
/// Among how many it chooses while the evaluator is trained.
const WHILE_TRAINED: usize = PROPOSALS[1];
/// Clicks, and ratings that were liked.
const MAX_LABEL: f64 = 1.;

impl Job<'_> {
    /// Trains the generator, and then, by the feedback on the slates that were shown, an evaluator of whole slates with an
    /// encoder of its own and the generator's sizes. How many proposals it chooses among is decided on the validation lists.
    pub(crate) fn evaluated(&self, config: &Nar4RecConfig, scale: &Scale) -> Result<Fit> {
        let Lists { schema, seed, .. } = self.lists;
        let (method, generator) = self.trained(Method::new(schema, config.clone(), *seed)?, scale, false)?;
        let proposer = method.generator();
        let (device, encoder) = (Device::flex(), &config.encoder);
        let sizes = SlateEvaluatorConfig::new(encoder.width, encoder.profile_width(schema), schema.max_candidates());
        let sizes = sizes.with_heads(encoder.heads).with_feed_forward(encoder.feed_forward);
        // Seeds that the generator does not draw from.
        let (encoder, evaluator) =
            (encoder.init(schema, seed ^ 1 << 32, &device)?, sizes.init(seed ^ 2 << 32, &device)?);
        let objective = EvaluatorObjective::new(encoder, evaluator, MAX_LABEL)?;
        let tables = Tables::seeded(schema, config.encoder.embedding, seed ^ 3 << 32)?;
        let train: Vec<&LabeledList> = self.lists.train.iter().collect();
        let fitted =
            Trainer::new(self.plan(scale))?.fit(objective, tables, schema, &device, &train, |model, tables| {
                let judge = TensorEvaluator::new(&model.encoder, &model.evaluator, tables.clone(), schema, &device);
                Ok(self.judged_by(&proposer, &judge, WHILE_TRAINED)?.0)
            })?;
        let model = &fitted.model;
        let judge = TensorEvaluator::new(&model.encoder, &model.evaluator, fitted.tables.clone(), schema, &device);
        let weights =
            vec![(EVALUATED, generator.weights.iter().map(|(_, count)| count).sum::<usize>() + model.num_params())];
        let tried = PROPOSALS.iter().map(|&count| Ok((count, self.judged_by(&proposer, &judge, count)?)));
        // `max_by` keeps the last of equals, so it walks backwards: the fewest proposals are the cheapest.
        let tried: Vec<_> = tried.collect::<Result<_>>()?;
        let best = tried.into_iter().rev().max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b));
        let (count, (validation, reranker)) = best.context("no number of proposals to choose from")?;
        let rerankers = vec![(EVALUATED, reranker)];
        Ok(Fit { validation, weights, strength: Some(count as f64), rerankers, file: None })
    }

    /// What the best of so many proposals is worth on the validation lists, with its reranker.
    fn judged_by<V>(&self, proposer: &Nar4RecReranker, judge: &V, count: usize) -> Result<(f64, Arc<dyn Reranker>)>
    where
        V: SlateEvaluator + Clone + 'static,
    {
        let count = NonZeroUsize::new(count).context("no proposal")?;
        let reranker: Arc<dyn Reranker> = Arc::new(GeneratorEvaluator::new(proposer.clone(), judge.clone(), count));
        Ok((self.lists.validated(&reranker)?, reranker))
    }
}
