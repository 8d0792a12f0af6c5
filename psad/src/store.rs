//! The one file that a model is saved as.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;
use psad_core::{ModelFile, ModelFileError, Schema};
use psad_nn::{ParameterError, Tables, load_parameters, named_parameters};
use serde_json::Value;

use crate::golden::golden;
use crate::{Method, MethodConfig, PsadError};

/// Prefix of the model's parameters.
const PARAMETERS: &str = "model.";

/// Prefix that [`Tables::store`] gives to the tables.
const TABLES: &str = "tables.";

impl<C: MethodConfig> Method<C> {
    /// Writes schema, configuration, parameters, tables and a golden request to one safetensors file, atomically.
    ///
    /// # Errors
    /// [`PsadError::File`] with the path, or as [`Method::to_file`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PsadError> {
        Ok(self.to_file()?.save(path)?)
    }

    /// Reads what [`Method::save`] wrote; the model answers exactly as the one that was saved.
    ///
    /// # Errors
    /// [`PsadError::File`] or [`PsadError::Parameter`] for a file that is truncated, changed, of another version or of
    /// another kind.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, PsadError> {
        Self::from_file(&ModelFile::load(path)?)
    }

    /// The model as a file in memory, with what it answers to a [golden](crate::golden) request.
    ///
    /// # Errors
    /// [`PsadError::Parameter`] if the device does not give a parameter back, [`PsadError::Golden`] for a model that does
    /// not answer the golden request, as one with weights that are no numbers.
    pub fn to_file(&self) -> Result<ModelFile, PsadError> {
        let mut file = ModelFile::new(C::KIND, self.schema.clone(), self.described()?);
        for (path, values) in named_parameters(&self.model)? {
            file.insert(format!("{PARAMETERS}{path}"), values);
        }
        self.tables.store(&mut file);
        file.set_golden(golden(self)?)?;
        Ok(file)
    }

    /// The configuration as it stands in files.
    pub(crate) fn described(&self) -> Result<Value, ModelFileError> {
        serde_json::to_value(&self.config).map_err(|error| not_one(&error))
    }

    /// The model of a file in memory.
    ///
    /// # Errors
    /// As [`Method::load`].
    pub fn from_file(file: &ModelFile) -> Result<Self, PsadError> {
        file.expect_kind(C::KIND)?;
        let header = file.header();
        let config: C = serde_json::from_value(header.config.clone()).map_err(|error| not_one(&error))?;
        only_known(&header.config, &serde_json::to_value(&config).map_err(|error| not_one(&error))?)?;
        config.check(&header.schema)?;
        is_plausible(&config, &header.schema, file)?;
        let tables = Tables::load(file, &header.schema, config.embedding())?;
        let known = |name: &str| tables.as_slice().iter().any(|table| name.strip_prefix(TABLES) == Some(table.name()));
        if let Some(path) = file.tensors().keys().find(|name| !name.starts_with(PARAMETERS) && !known(name)) {
            return Err(ParameterError::Unused { path: path.clone() }.into());
        }
        let parameters: BTreeMap<_, _> = file
            .tensors()
            .iter()
            .filter_map(|(name, values)| Some((name.strip_prefix(PARAMETERS)?.to_owned(), values.clone())))
            .collect();
        let fresh = Self::with_tables(&header.schema, config, tables, 0)?;
        Ok(Self { model: load_parameters(fresh.model, parameters)?, ..fresh })
    }
}

fn not_one(error: &serde_json::Error) -> ModelFileError {
    ModelFileError::Config(error.to_string())
}

/// Refuses a field that the configuration does not have, at any depth: not every type does so by itself.
fn only_known(claimed: &Value, known: &Value) -> Result<(), ModelFileError> {
    let (Value::Object(claimed), Value::Object(known)) = (claimed, known) else { return Ok(()) };
    claimed.iter().try_for_each(|(field, claimed)| match known.get(field) {
        Some(known) => only_known(claimed, known),
        None => Err(ModelFileError::Config(format!("unknown field `{field}`"))),
    })
}

/// Holds what the file claims against what it holds, before anything of that size is made.
fn is_plausible<C: MethodConfig>(config: &C, schema: &Schema, file: &ModelFile) -> Result<(), ModelFileError> {
    let held: usize = file.tensors().values().map(ArrayD::len).sum();
    let fewest = config.fewest_weights(schema);
    if fewest <= held {
        return Ok(());
    }
    Err(ModelFileError::Config(format!("it needs {fewest} weights or more, the file holds {held} values")))
}
