//! From a trained evaluator to a plain [`SlateEvaluator`].

use std::fmt;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use psad_core::{Request, RerankError, Schema, Slate, SlateEvaluator};
use thiserror::Error;

use crate::{Batcher, ListEncoder, ListEvaluator, Tables};

/// Encoder and evaluator with their tables and schema: a judge of whole slates that knows nothing of tensors outwardly.
///
/// It checks every request against the schema and every slate against the request, so that no tensor operation ever
/// meets a wrong shape. The list is encoded once, however many slates are judged.
#[derive(Clone)]
pub struct TensorEvaluator<E, V> {
    encoder: E,
    evaluator: V,
    tables: Arc<Tables>,
    batcher: Batcher,
    device: Device,
}

impl<E: ListEncoder, V: ListEvaluator> TensorEvaluator<E, V> {
    /// Takes the inference forms of `encoder` and `evaluator`; `device` is where their parameters stand.
    pub fn new(encoder: &E, evaluator: &V, tables: Arc<Tables>, schema: &Schema, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        Self { encoder: encoder.valid(), evaluator: evaluator.valid(), tables, batcher: Batcher::new(schema), device }
    }

    /// The evaluator, in its inference form.
    pub fn evaluator(&self) -> &V {
        &self.evaluator
    }
}

impl<E, V> fmt::Debug for TensorEvaluator<E, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (encoder, evaluator) = (std::any::type_name::<E>(), std::any::type_name::<V>());
        write!(formatter, "TensorEvaluator({encoder}, {evaluator})")
    }
}

impl<E: ListEncoder, V: ListEvaluator> SlateEvaluator for TensorEvaluator<E, V> {
    /// # Errors
    /// [`RerankError::Schema`] for a request that does not fit, [`RerankError::EmptySlate`] for slates without slots,
    /// [`RerankError::Other`] with an [`EvaluateError`] otherwise.
    fn evaluate(&self, request: &Request, slates: &[Slate]) -> Result<Vec<f64>, RerankError> {
        let batch = self.batcher.requests(&[request], &self.tables, &self.device)?;
        let Some(first) = slates.first() else { return Ok(Vec::new()) };
        if first.is_empty() {
            return Err(RerankError::EmptySlate);
        }
        check(slates, request.candidates().len(), first.len()).map_err(RerankError::other)?;
        let items = slates.iter().flatten().map(|item| item as i32).collect();
        let items = TensorData::new::<i32, _>(items, [slates.len(), first.len()]);
        let items = Tensor::<2, Int>::from_data(items, &self.device); // [slates, slots]
        let encoded = self.encoder.encode(&batch).select(&vec![0; slates.len()]);
        values(self.evaluator.value(&encoded, items), slates.len()).map_err(RerankError::other)
    }
}

/// All slates belong to a list of `candidates` and have `slots` slots.
fn check(slates: &[Slate], candidates: usize, slots: usize) -> Result<(), EvaluateError> {
    for (slate, each) in slates.iter().enumerate() {
        if each.candidates() != candidates {
            return Err(EvaluateError::OtherList { slate, expected: candidates, found: each.candidates() });
        }
        if each.len() != slots {
            return Err(EvaluateError::Length { slate, expected: slots, found: each.len() });
        }
    }
    Ok(())
}

fn values(values: Tensor<1>, slates: usize) -> Result<Vec<f64>, EvaluateError> {
    let values = values.try_into_vec_as::<f32>().map_err(|error| EvaluateError::Read(format!("{error:?}")))?;
    if values.len() != slates {
        return Err(EvaluateError::Count { slates, values: values.len() });
    }
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((slate, &value)) => Err(EvaluateError::NonFinite { slate, value }),
        None => Ok(values.into_iter().map(f64::from).collect()),
    }
}

/// Why slates cannot be judged.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A slate of another list.
    #[error("slate {slate} was chosen from {found} candidates, the request has {expected}")]
    OtherList {
        /// Which slate.
        slate: usize,
        /// Candidates of the request.
        expected: usize,
        /// Candidates that the slate knows of.
        found: usize,
    },
    /// Slates of several lengths.
    #[error("slate {slate} has {found} slots, the first one {expected}; slates judged together have one length")]
    Length {
        /// Which slate.
        slate: usize,
        /// Slots of the first slate.
        expected: usize,
        /// Slots of this one.
        found: usize,
    },
    /// The evaluator answered for another number of slates than it was asked about.
    #[error("the evaluator was asked about {slates} slates and returned {values} values")]
    Count {
        /// Number of slates.
        slates: usize,
        /// Number of values.
        values: usize,
    },
    /// A value that orders nothing.
    #[error("the evaluator gave slate {slate} the value {value}; values must be finite")]
    NonFinite {
        /// Which slate.
        slate: usize,
        /// Its value.
        value: f32,
    },
    /// The device did not give the values back.
    #[error("the values cannot be read from their device: {0}")]
    Read(String),
}
