//! The safetensors file around header and tensors.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;

use ndarray::{ArrayD, IxDyn};
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, View, serialize};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ModelFileError, Tensors};

/// Key of the header among the metadata of the safetensors file.
const HEADER: &str = "psad";

/// Longest head (names, shapes and metadata) of a file, in bytes: it is held in memory several times over while it is read.
const LONGEST_HEAD: usize = 16 << 20;

/// The bytes of a file. The same content gives the same bytes.
pub(super) fn write(header: String, tensors: &Tensors) -> Result<Vec<u8>, ModelFileError> {
    // One entry only: the order of more would differ from run to run.
    let metadata = HashMap::from([(HEADER.to_owned(), header)]);
    let views = tensors.iter().map(|(name, tensor)| (name, TensorBytes(tensor)));
    let bytes = serialize(views, Some(metadata)).map_err(ModelFileError::Container)?;
    // What is written can be read.
    check(&bytes).map_err(ModelFileError::Container)?;
    Ok(bytes)
}

/// The header's text.
pub(super) fn read_header(bytes: &[u8]) -> Result<String, ModelFileError> {
    check(bytes).map_err(ModelFileError::Container)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(ModelFileError::Container)?;
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get(HEADER));
    text.cloned().ok_or(ModelFileError::NoHeader)
}

/// The tensors of a file whose header has been read.
pub(super) fn read_tensors(bytes: &[u8]) -> Result<Tensors, ModelFileError> {
    let views = SafeTensors::deserialize(bytes).map_err(ModelFileError::Container)?;
    let mut tensors = BTreeMap::new();
    for (name, view) in views.iter() {
        tensors.insert(name.to_owned(), read_tensor(name, view.dtype(), view.shape(), view.data())?);
    }
    Ok(tensors)
}

/// SHA-256 over some text, and of each tensor in the order of their names: the name, a zero byte, each extent as eight
/// bytes, and the values. In hexadecimal digits.
pub(super) fn checksum(text: &[&str], tensors: &Tensors) -> String {
    let mut hasher = Sha256::new();
    for part in text {
        hasher.update(part.as_bytes());
    }
    for (name, tensor) in tensors {
        hasher.update(name.as_bytes());
        hasher.update([0]);
        for &extent in tensor.shape() {
            hasher.update((extent as u64).to_le_bytes());
        }
        // Through a buffer: tables may be larger than what is left of the memory.
        let mut buffer = Vec::with_capacity(1 << 16);
        for value in tensor {
            buffer.extend(value.to_le_bytes());
            if buffer.len() == 1 << 16 {
                hasher.update(&buffer);
                buffer.clear();
            }
        }
        hasher.update(&buffer);
    }
    hasher.finalize().iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// The JSON at the start of a file, and the bytes of the tensors behind it.
fn head(bytes: &[u8]) -> Result<(&[u8], &[u8]), SafeTensorError> {
    let (length, rest) = bytes.split_first_chunk().ok_or(SafeTensorError::HeaderTooSmall)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > LONGEST_HEAD {
        return Err(SafeTensorError::HeaderTooLarge);
    }
    rest.split_at_checked(length).ok_or(SafeTensorError::InvalidHeaderLength)
}

/// Refuses what the library takes: a key that stands twice, of which it keeps the last, and a tensor that claims bytes
/// beyond the file, which it adds up before it looks.
fn check(bytes: &[u8]) -> Result<(), SafeTensorError> {
    let (head, data) = head(bytes)?;
    let Distinct(entries) = serde_json::from_slice::<Distinct<Distinct<Value>>>(head)
        .map_err(SafeTensorError::InvalidHeaderDeserialization)?;
    for (name, Distinct(entry)) in entries {
        let offsets = entry.get("data_offsets").and_then(Value::as_array);
        let claimed = offsets.into_iter().flatten().filter_map(Value::as_u64);
        if claimed.max().is_some_and(|end| end > data.len() as u64) {
            return Err(SafeTensorError::InvalidOffset(name));
        }
    }
    Ok(())
}

/// A map whose keys must differ.
struct Distinct<V>(BTreeMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Distinct<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
    type Value = Distinct<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map with distinct keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distinct<V>, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            if entries.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            entries.insert(key, value);
        }
        Ok(Distinct(entries))
    }
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
