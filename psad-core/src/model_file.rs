//! The one file that a model is saved as: named tensors with a header, in the safetensors format.

mod container;
mod error;
mod golden;
mod header;

pub use error::ModelFileError;
pub use golden::{Golden, GoldenAnswer, GoldenError};
pub use header::ModelHeader;

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;

use crate::{Schema, write_atomically};

/// Version of the file format that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 2;

type Tensors = BTreeMap<String, ArrayD<f32>>;

/// A header and named tensors of `f32`: the one file that a model is saved as.
///
/// # The format, version 2
/// The file is a [safetensors](https://github.com/huggingface/safetensors) file:
///
/// | bytes | what |
/// | --- | --- |
/// | 8 | length `n` of the head, little-endian; at most 16 MiB |
/// | `n` | the head: a JSON object, padded with spaces |
/// | rest | the tensors, row by row, little-endian |
///
/// The head has an entry per tensor, `"name": { "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] }`, with offsets
/// into the rest, which they cover without gaps; and `"__metadata__"`, an object of one string, `"psad"`. No key stands
/// twice. That string is the model's header, JSON in turn:
///
/// ```json
/// { "format_version": 2,
///   "kind": "psad",
///   "schema": { "user_sparse": [{ "name": "country", "vocabulary": 200 }], "user_dense": ["age"],
///               "item_sparse": [{ "name": "film", "vocabulary": 10000 }], "item_dense": [],
///               "feedback": ["disliked", "liked"], "max_history": 50, "max_candidates": 100 },
///   "config": { },
///   "golden": {
///     "request": {
///       "user": { "sparse": [3], "dense": [0.5] },
///       "history": { "items": { "count": 2, "sparse": [[7, 9]], "dense": [] }, "feedback": [0, 1], "ages": [2.0, 0.5] },
///       "candidates": { "items": { "count": 3, "sparse": [[1, 2, 3]], "dense": [] }, "scores": [0.3, 0.2, 0.1] } },
///     "answers": [
///       { "reranker": "PSAD-S", "block_size": null, "slate": [1, 0], "logits": [[0.1, 0.7, -0.2]] },
///       { "reranker": "PSAD-G", "block_size": 5, "slate": [1, 2], "logits": [[0.0, 0.4, 0.1], [0.0, 0.4, 0.1]] }] },
///   "checksum": "64 hexadecimal digits" }
/// ```
///
/// * `format_version` is read first; another one means that everything else may differ.
/// * `kind` and `config` say which model it is and how large; what the tensors are called is the model's own affair. The
///   models of the workspace call their parameters `model.…` and the table of a sparse field `tables.…`.
/// * `schema`: see [`Schema`]. Row 0 of a vocabulary stands for unknown ids, and ids outside it read row 0.
/// * `golden` is missing in files made by hand. Items are stored column by column, in the order of the schema's fields;
///   `ages` are days, and missing where they are unknown; `constraints` stand beside `candidates` where there are
///   rules. Of the answers see [`GoldenAnswer`]. To replay a generator, fill its blocks as the slate says and compare
///   the logits of each block; so no tie decides anything. On another machine or with other kernels they agree up to
///   rounding.
/// * `checksum` stands last. It is the SHA-256 of the header's text without these digits (so that it ends in
///   `"checksum":""}`), followed by all tensors in the order of their names (as bytes): the name in UTF-8, a zero byte,
///   each extent of the shape as eight little-endian bytes, and the values as they stand in the file.
///
/// ```
/// use ndarray::array;
/// use psad_core::{ModelFile, Schema};
/// let schema = Schema::builder().item_sparse("film", 3).build()?;
/// let mut file = ModelFile::new("popularity", schema, serde_json::json!({}));
/// file.insert("popularity", array![0.0, 0.7, 0.2].into_dyn());
/// let read = ModelFile::from_bytes(&file.to_bytes()?)?;
/// assert_eq!(read.tensor("popularity", &[3])?.sum(), 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Whatever the bytes are, reading them is a file or a typed error, and no memory is asked for because of what they claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    header: ModelHeader,
    tensors: Tensors,
}

impl ModelFile {
    /// A file without tensors.
    pub fn new(kind: impl Into<String>, schema: Schema, config: serde_json::Value) -> Self {
        let (format_version, kind, checksum) = (FORMAT_VERSION, kind.into(), String::new());
        let header = ModelHeader { format_version, kind, schema, config, golden: None, checksum };
        Self { header, tensors: BTreeMap::new() }
    }

    /// Says what the model answers to a golden request, in place of what was said before.
    ///
    /// # Errors
    /// [`ModelFileError::Golden`] for a request that does not fit the schema.
    pub fn set_golden(&mut self, golden: Golden) -> Result<(), ModelFileError> {
        golden.check(&self.header.schema)?;
        self.header.golden = Some(golden);
        Ok(())
    }

    /// The header.
    pub fn header(&self) -> &ModelHeader {
        &self.header
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: ArrayD<f32>) {
        // A standard layout is what is written, so that reading gives back an equal file.
        let tensor = if tensor.is_standard_layout() { tensor } else { tensor.as_standard_layout().into_owned() };
        self.tensors.insert(name.into(), tensor);
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> &BTreeMap<String, ArrayD<f32>> {
        &self.tensors
    }

    /// A tensor that must be there with the given shape.
    ///
    /// # Errors
    /// [`ModelFileError::MissingTensor`], [`ModelFileError::Shape`], or [`ModelFileError::NonFinite`].
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<&ArrayD<f32>, ModelFileError> {
        let tensor = self.tensors.get(name).ok_or_else(|| ModelFileError::MissingTensor { name: name.to_owned() })?;
        if tensor.shape() != shape {
            let (expected, found) = (shape.to_vec(), tensor.shape().to_vec());
            return Err(ModelFileError::Shape { name: name.to_owned(), expected, found });
        }
        match tensor.iter().find(|value| !value.is_finite()) {
            Some(&value) => Err(ModelFileError::NonFinite { name: name.to_owned(), value }),
            None => Ok(tensor),
        }
    }

    /// Refuses a file of another kind of model.
    ///
    /// # Errors
    /// [`ModelFileError::Kind`].
    pub fn expect_kind(&self, expected: &'static str) -> Result<(), ModelFileError> {
        if self.header.kind == expected {
            return Ok(());
        }
        Err(ModelFileError::Kind { expected, found: self.header.kind.clone() })
    }

    /// The bytes of the file. The same content gives the same bytes.
    ///
    /// # Errors
    /// [`ModelFileError::Container`] if a tensor's name is one that safetensors reserves, or if names and header are
    /// too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        let header = self.header.write(|text| container::checksum(text, &self.tensors))?;
        container::write(header, &self.tensors)
    }

    /// Reads what [`ModelFile::to_bytes`] wrote.
    ///
    /// # Errors
    /// A [`ModelFileError`] for bytes that are truncated, changed, of another version or not a model at all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let text = container::read_header(bytes)?;
        header::check_version(&text)?;
        let tensors = container::read_tensors(bytes)?;
        let header = ModelHeader::read(&text, |text| container::checksum(text, &tensors))?;
        Ok(Self { header, tensors })
    }

    /// Writes the file to a temporary name and renames it.
    ///
    /// # Errors
    /// [`ModelFileError::Io`] with the path.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelFileError> {
        let path = path.as_ref();
        write_atomically(path, &self.to_bytes()?).map_err(|source| ModelFileError::Io { path: path.to_owned(), source })
    }

    /// Reads and verifies a file.
    ///
    /// # Errors
    /// [`ModelFileError::Io`] with the path, or as [`ModelFile::from_bytes`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelFileError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| ModelFileError::Io { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
    }
}
