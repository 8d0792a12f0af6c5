//! The one file that a model is saved as: named tensors with a header, in the safetensors format.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, IxDyn};
use safetensors::tensor::{Dtype, SafeTensors, View, serialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{Schema, write_atomically};

/// Version of the file format that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Key of the header among the metadata of the safetensors file.
const HEADER: &str = "psad";

/// What a model file says about itself. It is stored as JSON in the metadata of the safetensors file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelHeader {
    /// Version of the format, [`FORMAT_VERSION`] when written by this crate.
    pub format_version: u32,
    /// Which model the tensors belong to, such as `psad`.
    pub kind: String,
    /// What the model expects of a request.
    pub schema: Schema,
    /// The model's own configuration.
    pub config: serde_json::Value,
    /// SHA-256 over the rest of the header and all tensors, in hexadecimal digits. Filled in when saving.
    pub checksum: String,
}

/// A header and named tensors of `f32`.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    header: ModelHeader,
    tensors: BTreeMap<String, ArrayD<f32>>,
}

impl ModelFile {
    /// A file without tensors.
    pub fn new(kind: impl Into<String>, schema: Schema, config: serde_json::Value) -> Self {
        let kind = kind.into();
        let header = ModelHeader { format_version: FORMAT_VERSION, kind, schema, config, checksum: String::new() };
        Self { header, tensors: BTreeMap::new() }
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
    /// [`ModelFileError::Container`] if a tensor's name is one that safetensors reserves.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        let mut header = self.header.clone();
        header.checksum = self.checksum()?;
        let header = serde_json::to_string(&header).map_err(ModelFileError::Header)?;
        // One entry only: the order of more would differ from run to run.
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        let views = self.tensors.iter().map(|(name, tensor)| (name, TensorBytes(tensor)));
        serialize(views, Some(metadata)).map_err(ModelFileError::Container)
    }

    /// Reads what [`ModelFile::to_bytes`] wrote.
    ///
    /// # Errors
    /// A [`ModelFileError`] for bytes that are truncated, changed, of another version or not a model at all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(ModelFileError::Container)?;
        let text = metadata.metadata().as_ref().and_then(|entries| entries.get(HEADER));
        let text = text.ok_or(ModelFileError::NoHeader)?;
        check_version(text)?;
        let header: ModelHeader = serde_json::from_str(text).map_err(ModelFileError::Header)?;
        let views = SafeTensors::deserialize(bytes).map_err(ModelFileError::Container)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in views.iter() {
            tensors.insert(name.to_owned(), read_tensor(name, view.dtype(), view.shape(), view.data())?);
        }
        let file = Self { header, tensors };
        let found = file.checksum()?;
        if found != file.header.checksum {
            return Err(ModelFileError::Checksum { expected: file.header.checksum, found });
        }
        Ok(file)
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

    fn checksum(&self) -> Result<String, ModelFileError> {
        let mut hasher = Sha256::new();
        let header = ModelHeader { checksum: String::new(), ..self.header.clone() };
        hasher.update(serde_json::to_vec(&header).map_err(ModelFileError::Header)?);
        for (name, tensor) in &self.tensors {
            hasher.update(name.as_bytes());
            hasher.update([0]);
            for &extent in tensor.shape() {
                hasher.update((extent as u64).to_le_bytes());
            }
            hasher.update(TensorBytes(tensor).data());
        }
        let mut digits = String::new();
        for byte in hasher.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Ok(digits)
    }
}

/// The version is read before the rest, whose fields another version may have changed.
fn check_version(header: &str) -> Result<(), ModelFileError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let Version { format_version: found } = serde_json::from_str(header).map_err(ModelFileError::Header)?;
    if found == FORMAT_VERSION { Ok(()) } else { Err(ModelFileError::Version { supported: FORMAT_VERSION, found }) }
}

fn read_tensor(name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Result<ArrayD<f32>, ModelFileError> {
    if dtype != Dtype::F32 {
        return Err(ModelFileError::Dtype { name: name.to_owned(), found: format!("{dtype:?}") });
    }
    let values = bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|_| ModelFileError::Shape {
        name: name.to_owned(),
        expected: shape.to_vec(),
        found: vec![bytes.len() / 4],
    })
}

/// An array in standard layout, as little-endian bytes.
struct TensorBytes<'a>(&'a ArrayD<f32>);

impl View for TensorBytes<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.0.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        self.0.len() * 4
    }
}

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
    /// The header's configuration is not one that the model accepts.
    #[error("the model's configuration is faulty: {0}")]
    Config(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    fn file() -> ModelFile {
        let schema = Schema::builder().item_sparse("film", 3).build().unwrap();
        let mut file = ModelFile::new("test", schema, serde_json::json!({ "width": 4, "rate": 0.1 }));
        file.insert("b", array![[1., 2.], [3., 4.]].into_dyn());
        file.insert("a", array![0.5].into_dyn());
        file
    }

    #[test]
    fn what_is_read_is_what_was_written_and_the_bytes_repeat() {
        let bytes = file().to_bytes().unwrap();
        assert_eq!(bytes, file().to_bytes().unwrap());
        let read = ModelFile::from_bytes(&bytes).unwrap();
        assert_eq!(read.tensors(), file().tensors());
        assert_eq!(read.header().config, file().header().config);
        assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn a_foreign_file_or_another_version_is_told_apart() {
        assert!(matches!(ModelFile::from_bytes(b"PK\x03\x04 not a model at all"), Err(ModelFileError::Container(_))));
        let nameless = serialize([("a", TensorBytes(&array![1.].into_dyn()))], None).unwrap();
        assert!(matches!(ModelFile::from_bytes(&nameless), Err(ModelFileError::NoHeader)));
        let mut newer = file();
        newer.header.format_version = 2;
        let error = ModelFile::from_bytes(&newer.to_bytes().unwrap()).unwrap_err();
        assert!(matches!(error, ModelFileError::Version { supported: 1, found: 2 }));
        assert!(matches!(file().expect_kind("psad"), Err(ModelFileError::Kind { .. })));
    }

    #[test]
    fn a_tensor_must_be_there_with_its_shape_and_finite() {
        let mut file = file();
        assert!(file.tensor("b", &[2, 2]).is_ok());
        assert!(matches!(file.tensor("b", &[4]), Err(ModelFileError::Shape { .. })));
        assert!(matches!(file.tensor("c", &[1]), Err(ModelFileError::MissingTensor { .. })));
        file.insert("c", array![f32::NAN].into_dyn());
        assert!(matches!(file.tensor("c", &[1]), Err(ModelFileError::NonFinite { .. })));
    }

    proptest! {
        #[test]
        fn a_truncated_file_is_an_error(cut in 0_usize..400) {
            let bytes = file().to_bytes().unwrap();
            prop_assert!(ModelFile::from_bytes(&bytes[..cut.min(bytes.len() - 1)]).is_err());
        }

        #[test]
        fn a_flipped_bit_is_an_error_or_changes_nothing(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut bytes = file().to_bytes().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            // White space and the padding of the container carry no meaning; everything else is under the checksum.
            if let Ok(read) = ModelFile::from_bytes(&bytes) {
                let original = file();
                prop_assert_eq!(read.tensors(), original.tensors());
                prop_assert_eq!(&read.header().config, &original.header().config);
                prop_assert_eq!(&read.header().schema, &original.header().schema);
            }
        }
    }
}
