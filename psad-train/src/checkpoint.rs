//! Checkpoints: everything that a run needs to go on, in one file that is replaced atomically.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use psad_core::{ModelFile, ModelFileError};
use psad_nn::{Objective, Tables, Touched};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dense::DenseParameter;
use crate::identity::{Difference, Identity};
use crate::progress::{Best, Progress};
use crate::rows::RowMoments;
use crate::{Session, TrainError};

/// Kind of the file, as its header says.
const KIND: &str = "psad-train checkpoint";

/// Where and how often to write checkpoints. One is written after every epoch in any case.
///
/// The file holds the tables twice, as they are and as they were after the best epoch: with large vocabularies choose
/// `every_steps` so that writing stays a small part of the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointPlan {
    file: PathBuf,
    every_steps: Option<usize>,
}

impl CheckpointPlan {
    /// One file, written after every epoch. A run that finds it there resumes from it; delete it to start anew.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), every_steps: None }
    }

    /// Writes it after every `steps` steps as well; at least 1.
    #[must_use]
    pub fn every_steps(mut self, steps: usize) -> Self {
        self.every_steps = Some(steps);
        self
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn check(&self) -> Result<(), TrainError> {
        match self.every_steps {
            Some(0) => Err(TrainError::Config { field: "every_steps", value: "0".to_owned(), expected: "at least 1" }),
            _ => Ok(()),
        }
    }

    pub(crate) fn is_due(&self, step: usize) -> bool {
        self.every_steps.is_some_and(|every| step.is_multiple_of(every))
    }
}

/// A run between two steps.
#[derive(Debug)]
pub(crate) struct Run<O> {
    pub(crate) session: Session<O>,
    pub(crate) identity: Identity,
    pub(crate) progress: Progress,
    pub(crate) best: Option<Best>,
}

/// What a checkpoint keeps beside tensors.
#[derive(Serialize, Deserialize)]
struct State {
    identity: Value,
    steps_done: usize,
    progress: Progress,
    /// Updates of each dense parameter, in visiting order.
    updates: Vec<u32>,
    has_best: bool,
}

/// Writes a run to `file`, or leaves what is there as it is.
pub(crate) fn save<O: Objective>(file: &Path, run: &Run<O>) -> Result<(), TrainError> {
    encode(run).and_then(|encoded| encoded.save(file)).map_err(|source| failed(file, source))
}

/// Puts a run back to where the checkpoint was written.
pub(crate) fn load<O: Objective>(file: &Path, run: &mut Run<O>) -> Result<(), TrainError> {
    let stored = ModelFile::load(file).map_err(|source| failed(file, source))?;
    stored.expect_kind(KIND).map_err(|source| failed(file, source))?;
    let state: State = serde_json::from_value(stored.header().config.clone())
        .map_err(|source| failed(file, ModelFileError::Header(source)))?;
    if let Some(Difference { what, expected, found }) = run.identity.difference(&state.identity) {
        return Err(TrainError::CheckpointMismatch { path: file.to_owned(), what, expected, found });
    }
    decode(&stored, state, run).map_err(|source| failed(file, source))
}

fn failed(file: &Path, source: ModelFileError) -> TrainError {
    TrainError::Checkpoint { path: file.to_owned(), source }
}

fn encode<O: Objective>(run: &Run<O>) -> Result<ModelFile, ModelFileError> {
    let Run { session, identity, progress, best } = run;
    let state = State {
        identity: identity.0.clone(),
        steps_done: session.steps_done,
        progress: progress.clone(),
        updates: session.dense.iter().map(|parameter| parameter.updates).collect(),
        has_best: best.is_some(),
    };
    let state = serde_json::to_value(state).map_err(ModelFileError::Header)?;
    let mut file = ModelFile::new(KIND, session.schema().clone(), state);
    for (index, DenseParameter { path, shape, values, first, second, .. }) in session.dense.iter().enumerate() {
        insert(&mut file, format!("parameters.{path}"), shape, values.clone())?;
        insert(&mut file, format!("first.{path}"), shape, first.clone())?;
        insert(&mut file, format!("second.{path}"), shape, second.clone())?;
        if let Some(best) = best {
            insert(&mut file, format!("best.parameters.{path}"), shape, best.parameters[index].clone())?;
        }
    }
    session.tables().store(&mut file);
    encode_rows(&mut file, &session.rows, session.tables().width())?;
    for table in best.iter().flat_map(|best| best.tables.as_slice()) {
        file.insert(format!("best.tables.{}", table.name()), table.rows().clone().into_dyn());
    }
    Ok(file)
}

fn decode<O: Objective>(file: &ModelFile, state: State, run: &mut Run<O>) -> Result<(), ModelFileError> {
    let (schema, width) = (run.session.schema().clone(), run.session.tables().width());
    let mut dense = run.session.dense.clone();
    let mut best = Vec::new();
    for (index, parameter) in dense.iter_mut().enumerate() {
        let read = |kind: &str| values(file, &format!("{kind}.{}", parameter.path), &parameter.shape);
        let (now, first, second) = (read("parameters")?, read("first")?, read("second")?);
        if state.has_best {
            best.push(read("best.parameters")?);
        }
        (parameter.values, parameter.first, parameter.second) = (now, first, second);
        parameter.updates = state.updates.get(index).copied().unwrap_or_default();
    }
    let tables = Tables::load(file, &schema, width)?;
    let rows = decode_rows(file, width)?;
    run.best = None;
    if state.has_best {
        run.best = Some(Best { parameters: best, tables: Arc::new(best_tables(file, run)?) });
    }
    run.session.restore(dense, tables, rows, state.steps_done);
    run.progress = state.progress;
    Ok(())
}

/// The best epoch's tables stand under names of their own; `Tables` reads its own names only.
fn best_tables<O: Objective>(file: &ModelFile, run: &Run<O>) -> Result<Tables, ModelFileError> {
    let schema = run.session.schema();
    let mut renamed = ModelFile::new(KIND, schema.clone(), Value::Null);
    for (name, tensor) in file.tensors() {
        if let Some(name) = name.strip_prefix("best.").filter(|name| name.starts_with("tables.")) {
            renamed.insert(name, tensor.clone());
        }
    }
    Tables::load(&renamed, schema, run.session.tables().width())
}

/// Moments of rows: one tensor says which row each slot is of, as pairs of exact halves.
fn encode_rows(file: &mut ModelFile, rows: &RowMoments, width: usize) -> Result<(), ModelFileError> {
    let slots = rows.touched.len();
    let words = rows.touched.iter().zip(&rows.updates);
    let words = words.flat_map(|(touched, &updates)| [touched.table as u32, touched.row, updates]);
    insert(file, "rows.slots".to_owned(), &[slots, 6], words.flat_map(halves).collect())?;
    insert(file, "rows.first".to_owned(), &[slots, width], rows.first.clone())?;
    insert(file, "rows.second".to_owned(), &[slots, width], rows.second.clone())
}

fn decode_rows(file: &ModelFile, width: usize) -> Result<RowMoments, ModelFileError> {
    let slots = file.tensors().get("rows.slots").map_or(0, |slots| slots.shape().first().copied().unwrap_or(0));
    let halves = values(file, "rows.slots", &[slots, 6])?;
    let (mut touched, mut updates) = (Vec::with_capacity(slots), Vec::with_capacity(slots));
    for slot in halves.chunks_exact(6) {
        touched.push(Touched { table: whole(slot[0], slot[1]) as usize, row: whole(slot[2], slot[3]) });
        updates.push(whole(slot[4], slot[5]));
    }
    let (first, second) = (values(file, "rows.first", &[slots, width])?, values(file, "rows.second", &[slots, width])?);
    Ok(RowMoments::restore(touched, updates, first, second))
}

/// A model file holds `f32` only, which is exact up to 2^24; a half of 16 bits fits.
fn halves(word: u32) -> [f32; 2] {
    [(word >> 16) as f32, (word & 0xffff) as f32]
}

fn whole(high: f32, low: f32) -> u32 {
    (high as u32) << 16 | low as u32
}

fn insert(file: &mut ModelFile, name: String, shape: &[usize], values: Vec<f32>) -> Result<(), ModelFileError> {
    let found = vec![values.len()];
    match ArrayD::from_shape_vec(IxDyn(shape), values) {
        Ok(array) => file.insert(name, array),
        Err(_) => return Err(ModelFileError::Shape { name, expected: shape.to_vec(), found }),
    }
    Ok(())
}

fn values(file: &ModelFile, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelFileError> {
    Ok(file.tensor(name, shape)?.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_word_survives_its_halves(word: u32) {
            let [high, low] = halves(word);
            prop_assert_eq!(whole(high, low), word);
        }
    }

    #[test]
    fn a_plan_says_when_it_is_due() {
        let plan = CheckpointPlan::new("run.ckpt");
        assert!(plan.check().is_ok() && !plan.is_due(4));
        let plan = plan.every_steps(4);
        assert!(plan.is_due(4) && plan.is_due(8) && !plan.is_due(5));
        assert!(matches!(plan.every_steps(0).check(), Err(TrainError::Config { field: "every_steps", .. })));
    }
}
