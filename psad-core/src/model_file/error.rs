//! Why a model file cannot be written or read.

use std::path::PathBuf;

use thiserror::Error;

use super::GoldenError;

/// Why a model file cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The file system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The bytes are no safetensors file, or a damaged one.
    #[error("not a safetensors file, or a damaged one: {0}")]
    Container(safetensors::SafeTensorError),
    /// A safetensors file without our header.
    #[error("a safetensors file, but not a model of this project: its metadata has no `psad` entry")]
    NoHeader,
    /// The header is not what it should be.
    #[error("the model's header is faulty: {0}")]
    Header(serde_json::Error),
    /// The file was written by another version.
    #[error("the model file has format version {found}, this program reads {supported}")]
    Version {
        /// The version read here.
        supported: u32,
        /// The file's version.
        found: u32,
    },
    /// The content is not what was saved.
    #[error("the model file has been changed: its checksum is {found}, its header says {expected}")]
    Checksum {
        /// The header's checksum.
        expected: String,
        /// The content's checksum.
        found: String,
    },
    /// The file holds another model.
    #[error("the file holds a model of kind `{found}`, expected `{expected}`")]
    Kind {
        /// What was asked for.
        expected: &'static str,
        /// What the header says.
        found: String,
    },
    /// The model has a tensor that the file lacks.
    #[error("tensor `{name}` is missing")]
    MissingTensor {
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the model.
    #[error("tensor `{name}`: the model has the shape {expected:?}, the file {found:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Shape in the model.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A tensor is not of `f32`.
    #[error("tensor `{name}` is of type {found}, expected F32")]
    Dtype {
        /// The tensor.
        name: String,
        /// Its type.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error("tensor `{name}` holds {value}")]
    NonFinite {
        /// The tensor.
        name: String,
        /// The value.
        value: f32,
    },
    /// The golden request is not one.
    #[error("the model's golden request is faulty: {0}")]
    Golden(#[from] GoldenError),
    /// The header's configuration is not one that the model accepts.
    #[error("the model's configuration is faulty: {0}")]
    Config(String),
}
