//! A file taken apart as far as it goes, and put together again with the right checksum.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Header and tensors of a file.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The header, JSON or not.
    pub header: String,
    /// The tensors, in any order.
    pub tensors: Vec<Tensor>,
}

/// A tensor as it stands in a file; nothing says that the data are as long as the shape is large.
#[derive(Debug, Clone)]
pub struct Tensor {
    pub name: String,
    pub dtype: Value,
    pub shape: Vec<u64>,
    pub data: Vec<u8>,
}

const KEY: &str = "\"checksum\":\"";
const END: &str = "\"}";

impl Parts {
    /// Takes a file apart; `None` for what is no container with a header. Tensors that do not lie in the file are left out.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (head, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let head: Map<String, Value> = serde_json::from_slice(head).ok()?;
        let header = head.get("__metadata__")?.get("psad")?.as_str()?.to_owned();
        let entries = head.iter().filter(|(name, _)| *name != "__metadata__");
        Some(Self { header, tensors: entries.filter_map(|(name, entry)| Tensor::read(name, entry, data)).collect() })
    }

    /// The header as JSON.
    pub fn json(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.header).ok()
    }

    /// Replaces the header; the checksum stands last.
    pub fn set_json(&mut self, mut header: Map<String, Value>) {
        header.remove("checksum");
        let text = Value::Object(header).to_string();
        self.header = format!("{},{KEY}{END}", text.strip_suffix('}').unwrap_or(&text));
    }

    /// The file of these parts, with the checksum that it must have.
    pub fn write(mut self) -> Vec<u8> {
        self.tensors.sort_by(|a, b| a.name.cmp(&b.name));
        self.tensors.dedup_by(|a, b| a.name == b.name);
        let mut head = Map::from_iter([("__metadata__".to_owned(), json!({ "psad": self.sealed() }))]);
        let mut end = 0;
        for Tensor { name, dtype, shape, data } in &self.tensors {
            let offsets = [end, end + data.len()];
            head.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets }));
            end += data.len();
        }
        let mut head = Value::Object(head).to_string();
        // As the library writes it: tensors begin at a multiple of eight.
        head.extend(std::iter::repeat_n(' ', head.len().next_multiple_of(8) - head.len()));
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(head.as_bytes());
        self.tensors.iter().for_each(|tensor| bytes.extend(&tensor.data));
        bytes
    }

    /// The header with its checksum.
    fn sealed(&self) -> String {
        let Some(place) = self.header.rfind(KEY) else { return self.header.clone() };
        let before = &self.header[..place + KEY.len()];
        let mut hasher = Sha256::new();
        hasher.update(before);
        hasher.update(END);
        for Tensor { name, shape, data, .. } in &self.tensors {
            hasher.update(name);
            hasher.update([0]);
            shape.iter().for_each(|extent| hasher.update(extent.to_le_bytes()));
            hasher.update(data);
        }
        let digits = hasher.finalize().iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        format!("{before}{digits}{END}")
    }
}

impl Tensor {
    fn read(name: &str, entry: &Value, data: &[u8]) -> Option<Self> {
        let numbers = |key| entry.get(key)?.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>();
        let offsets = numbers("data_offsets")?;
        let (start, end) = (usize::try_from(*offsets.first()?).ok()?, usize::try_from(*offsets.get(1)?).ok()?);
        let data = data.get(start..end)?.to_vec();
        Some(Self { name: name.to_owned(), dtype: entry.get("dtype")?.clone(), shape: numbers("shape")?, data })
    }
}
