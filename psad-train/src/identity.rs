//! What two runs must have in common for one to continue the other.

use psad_core::LabeledList;
use psad_nn::Objective;
use serde_json::{Value, json};

use crate::{Session, TrainConfig};

/// A run's configuration, model and lists, as JSON: it is stored in a checkpoint and compared with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity(pub(crate) Value);

/// The first thing in which two runs differ.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Identity {
    /// Of a run that has not begun.
    pub(crate) fn new<O: Objective>(config: &TrainConfig, session: &Session<O>, train: &[&LabeledList]) -> Self {
        // The number of workers does not change the result, so a run may move to another machine.
        let config = TrainConfig { workers: 0, ..config.clone() };
        let parameters: serde_json::Map<String, Value> =
            session.dense.iter().map(|parameter| (parameter.path.clone(), json!(parameter.shape))).collect();
        Self(json!({
            "config": config,
            "schema": session.schema(),
            "table_width": session.tables().width(),
            "parameters": parameters,
            "lists": train.len(),
            // JSON numbers beyond 2^53 do not survive every reader.
            "lists_digest": format!("{:016x}", digest(train)),
        }))
    }

    /// What differs in `found`, if anything.
    pub(crate) fn difference(&self, found: &Value) -> Option<Difference> {
        difference("", &self.0, found)
    }
}

fn difference(path: &str, expected: &Value, found: &Value) -> Option<Difference> {
    let name = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (expected, found) {
        (Value::Object(here), Value::Object(there)) => {
            let keys = here.keys().chain(there.keys().filter(|key| !here.contains_key(*key)));
            keys.into_iter().find_map(|key| difference(&name(key), &expected[key], &found[key]))
        }
        _ if expected == found => None,
        _ => Some(Difference { what: path.to_owned(), expected: shown(expected), found: shown(found) }),
    }
}

fn shown(value: &Value) -> String {
    if value.is_null() { "nothing".to_owned() } else { value.to_string() }
}

/// FNV-1a over lengths, candidates' ids and labels: not against malice, but against the wrong file.
fn digest(train: &[&LabeledList]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |word: u32| {
        for byte in word.to_le_bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for list in train {
        take(list.len() as u32);
        take(list.request().history().len() as u32);
        list.request().candidates().items().sparse().iter().for_each(|&id| take(id));
        list.labels().iter().for_each(|label| take(label.to_bits()));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named_with_both_values() {
        let here = Identity(json!({ "config": { "epochs": 3, "seed": 1 }, "lists": 5 }));
        assert_eq!(here.difference(&here.0.clone()), None);
        let fault = here.difference(&json!({ "config": { "epochs": 4, "seed": 1 }, "lists": 5 })).unwrap();
        assert_eq!((fault.what.as_str(), fault.expected.as_str(), fault.found.as_str()), ("config.epochs", "3", "4"));
        let fault = here.difference(&json!({ "config": { "epochs": 3 }, "lists": 5 })).unwrap();
        assert_eq!((fault.what.as_str(), fault.found.as_str()), ("config.seed", "nothing"));
        let fault = here.difference(&json!({ "config": { "epochs": 3, "seed": 1 }, "lists": 5, "new": 1 })).unwrap();
        assert_eq!((fault.what.as_str(), fault.expected.as_str()), ("new", "nothing"));
    }
}
