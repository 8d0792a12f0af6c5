//! What a model file says about itself.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Golden, ModelFileError};
use crate::Schema;

/// What a model file says about itself. It is stored as JSON in the metadata of the safetensors file; see
/// [`ModelFile`](crate::ModelFile).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelHeader {
    /// Version of the format, [`FORMAT_VERSION`](crate::FORMAT_VERSION) when written by this crate.
    pub format_version: u32,
    /// Which model the tensors belong to, such as `psad`.
    pub kind: String,
    /// What the model expects of a request.
    pub schema: Schema,
    /// The model's own configuration.
    pub config: serde_json::Value,
    /// A request with the answers that the model gave when it was saved; `None` for files made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden: Option<Golden>,
    /// SHA-256 over the rest of the header and all tensors, in hexadecimal digits. Filled in when saving. It stands last,
    /// so that whoever reads the text finds its digits at the end.
    pub checksum: String,
}

/// Digits of a checksum, and what follows them at the end of the header.
const DIGITS: usize = 64;
const END: &str = "\"}";

impl ModelHeader {
    /// The text of a header and the digits of its checksum, which is what the rest of the text and all tensors add up to.
    pub(super) fn write(&self, checksum: impl FnOnce(&[&str]) -> String) -> Result<String, ModelFileError> {
        let without = Self { checksum: String::new(), ..self.clone() };
        let mut text = serde_json::to_string(&without).map_err(ModelFileError::Header)?;
        let (before, _) = split(&text, 0)?;
        let digits = checksum(&[before, END]);
        text.insert_str(text.len() - END.len(), &digits);
        Ok(text)
    }

    /// Reads a text of this version and sees whether its checksum is right.
    pub(super) fn read(text: &str, checksum: impl FnOnce(&[&str]) -> String) -> Result<Self, ModelFileError> {
        let header: Self = serde_json::from_str(text).map_err(ModelFileError::Header)?;
        let (before, expected) = split(text, DIGITS)?;
        let found = checksum(&[before, END]);
        if found != header.checksum || found != expected {
            return Err(ModelFileError::Checksum { expected: header.checksum, found });
        }
        if let Some(golden) = &header.golden {
            golden.check(&header.schema)?;
        }
        Ok(header)
    }
}

/// The text before the digits of the checksum, and the digits.
fn split(text: &str, digits: usize) -> Result<(&str, &str), ModelFileError> {
    let before = text.strip_suffix(END).and_then(|text| text.split_at_checked(text.len().checked_sub(digits)?));
    before.ok_or_else(|| ModelFileError::Header(serde_json::Error::custom("it does not end in its checksum")))
}

/// Refuses another version. It is read before the rest, which another version may have changed.
pub(super) fn check_version(header: &str) -> Result<(), ModelFileError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let Version { format_version: found } = serde_json::from_str(header).map_err(ModelFileError::Header)?;
    if found == FORMAT_VERSION { Ok(()) } else { Err(ModelFileError::Version { supported: FORMAT_VERSION, found }) }
}
