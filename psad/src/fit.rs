//! Training a method, whatever its parts.

use std::cell::RefCell;
use std::error::Error;
use std::sync::Arc;

use psad_core::{LabeledList, Reranker};
use psad_eval::{Gain, Measure, Metric, Summary, evaluate};
use psad_nn::Tables;
use psad_train::{EpochReport, Trainer};
use serde::{Deserialize, Serialize};

use crate::method::device;
use crate::{Method, MethodConfig, PsadError};

/// Depth of the metric that decides which epoch is kept.
const DEPTH: usize = 10;

/// How every reranker of a method did after an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidationPoint {
    /// Name and value, in the order of [`Method::rerankers`]: NDCG@10 with exponential gain on the validation lists, or
    /// whatever a validation of one's own measures.
    pub values: Vec<(String, f64)>,
}

impl ValidationPoint {
    /// The value of the reranker with this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(known, _)| known == name).map(|&(_, value)| value)
    }

    /// What early stopping looks at: the mean of all rerankers.
    pub fn mean(&self) -> f64 {
        self.values.iter().map(|(_, value)| value).sum::<f64>() / self.values.len().max(1) as f64
    }
}

/// A fitted method and how it came to be.
#[derive(Debug, Clone)]
pub struct Fitted<C: MethodConfig> {
    /// The method after its best epoch.
    pub method: Method<C>,
    /// Losses of every epoch.
    pub epochs: Vec<EpochReport>,
    /// Validation of the epochs of this run; those before a resume are only in `epochs`, as the mean of all rerankers.
    pub validation: Vec<ValidationPoint>,
    /// The epoch that the method is of, from 1.
    pub best_epoch: usize,
    /// Whether the run ended because nothing got better.
    pub stopped_early: bool,
}

impl<C: MethodConfig> Method<C> {
    /// Fits all parts to `train`, and keeps the epoch that is best on `validation`.
    ///
    /// # Errors
    /// [`PsadError::NoValidation`] without validation lists, or [`PsadError::Train`].
    pub fn fit(
        self,
        trainer: Trainer<'_>,
        train: &[&LabeledList],
        validation: &[&LabeledList],
    ) -> Result<Fitted<C>, PsadError> {
        if validation.is_empty() {
            return Err(PsadError::NoValidation);
        }
        self.fit_by(trainer, train, |method| Ok(method.validated(validation)?))
    }

    /// As [`Method::fit`], with a validation of one's own: the epoch is kept after which the mean of what `validate`
    /// says is the largest.
    ///
    /// NDCG of clicks that were logged on other slates says little of a method that learns what a slate's items do to each
    /// other; where users can be asked, as simulated ones can, ask them.
    ///
    /// # Errors
    /// [`PsadError::Train`], also if `validate` fails.
    pub fn fit_by(
        self,
        trainer: Trainer<'_>,
        train: &[&LabeledList],
        validate: impl Fn(&Self) -> Result<ValidationPoint, Box<dyn Error + Send + Sync>>,
    ) -> Result<Fitted<C>, PsadError> {
        let trainer = trainer.describe(self.described()?);
        let Self { schema, config, model, tables } = self;
        let like = |model: &C::Model, tables: &Arc<Tables>| Self {
            schema: schema.clone(),
            config: config.clone(),
            model: model.clone(),
            tables: tables.clone(),
        };
        let tables = Arc::unwrap_or_clone(tables);
        let points = RefCell::new(Vec::new());
        let validate = |model: &C::Model, tables: &Arc<Tables>| -> Result<f64, Box<dyn Error + Send + Sync>> {
            let point = validate(&like(model, tables))?;
            let mean = point.mean();
            points.borrow_mut().push(point);
            Ok(mean)
        };
        let fitted = trainer.fit(model, tables, &schema, &device(), train, validate)?;
        Ok(Fitted {
            method: like(&fitted.model, &fitted.tables),
            epochs: fitted.epochs,
            validation: points.into_inner(),
            best_epoch: fitted.best_epoch,
            stopped_early: fitted.stopped_early,
        })
    }

    fn validated(&self, lists: &[&LabeledList]) -> Result<ValidationPoint, PsadError> {
        let rerankers = self.rerankers();
        let ndcg = rerankers.iter().map(|(name, reranker)| Ok(((*name).to_owned(), ndcg(reranker, lists)?)));
        Ok(ValidationPoint { values: ndcg.collect::<Result<_, PsadError>>()? })
    }
}

fn ndcg<R: Reranker>(reranker: &R, lists: &[&LabeledList]) -> Result<f64, PsadError> {
    let metric = Measure::Ndcg(Gain::Exponential).at(DEPTH);
    let report = evaluate(reranker, lists.iter().copied(), &[metric], DEPTH)?;
    // Validation lists without any relevant item leave the metric undefined; nothing is better than anything then.
    Ok(report.get(&metric.name()).and_then(Summary::mean).unwrap_or(0.))
}
