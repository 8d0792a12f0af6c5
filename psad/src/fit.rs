//! Training teacher and student together.

use std::cell::RefCell;
use std::error::Error;
use std::sync::Arc;

use psad_core::{LabeledList, Reranker};
use psad_eval::{Gain, Measure, Metric, evaluate};
use psad_nn::Tables;
use psad_train::{EpochReport, Trainer};
use serde::{Deserialize, Serialize};

use crate::model::device;
use crate::{Psad, PsadError, PsadModel};

/// Depth of the metric that decides which epoch is kept.
const DEPTH: usize = 10;

/// How both models did on the validation lists after an epoch, as NDCG@10 with exponential gain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ValidationPoint {
    /// PSAD-S.
    pub student: f64,
    /// PSAD-G, decoded greedily.
    pub teacher: f64,
}

impl ValidationPoint {
    /// What early stopping looks at: the mean of both.
    pub fn mean(self) -> f64 {
        f64::midpoint(self.student, self.teacher)
    }
}

/// A fitted model and how it came to be.
#[derive(Debug, Clone)]
pub struct FittedPsad {
    /// The model after its best epoch.
    pub psad: Psad,
    /// Losses of every epoch.
    pub epochs: Vec<EpochReport>,
    /// Validation of the epochs of this run; those before a resume are only in `epochs`, as the mean of both models.
    pub validation: Vec<ValidationPoint>,
    /// The epoch that the model is of, from 1.
    pub best_epoch: usize,
    /// Whether the run ended because nothing got better.
    pub stopped_early: bool,
}

impl Psad {
    /// Fits teacher and student to `train`, and keeps the epoch that is best on `validation`.
    ///
    /// # Errors
    /// [`PsadError::NoValidation`] without validation lists, or [`PsadError::Train`].
    pub fn fit(
        self,
        trainer: Trainer<'_>,
        train: &[&LabeledList],
        validation: &[&LabeledList],
    ) -> Result<FittedPsad, PsadError> {
        if validation.is_empty() {
            return Err(PsadError::NoValidation);
        }
        let trainer = trainer.describe(self.described()?);
        let points = RefCell::new(Vec::new());
        let Self { schema, config, model, tables } = self;
        let like = |model: &PsadModel, tables: &Arc<Tables>| Self {
            schema: schema.clone(),
            config: config.clone(),
            model: model.clone(),
            tables: tables.clone(),
        };
        let validate = |model: &PsadModel, tables: &Arc<Tables>| -> Result<f64, Box<dyn Error + Send + Sync>> {
            let psad = like(model, tables);
            let point = ValidationPoint {
                student: ndcg(&psad.student(), validation)?,
                teacher: ndcg(&psad.teacher(), validation)?,
            };
            points.borrow_mut().push(point);
            Ok(point.mean())
        };
        let tables = Arc::unwrap_or_clone(tables);
        let fitted = trainer.fit(model, tables, &schema, &device(), train, validate)?;
        Ok(FittedPsad {
            psad: like(&fitted.model, &fitted.tables),
            epochs: fitted.epochs,
            validation: points.into_inner(),
            best_epoch: fitted.best_epoch,
            stopped_early: fitted.stopped_early,
        })
    }
}

fn ndcg<R: Reranker>(reranker: &R, lists: &[&LabeledList]) -> Result<f64, PsadError> {
    let metric = Measure::Ndcg(Gain::Exponential).at(DEPTH);
    let report = evaluate(reranker, lists.iter().copied(), &[metric], DEPTH)?;
    // Validation lists without any relevant item leave the metric undefined; nothing is better than anything then.
    Ok(report.get(&metric.name()).and_then(psad_eval::Summary::mean).unwrap_or(0.))
}
