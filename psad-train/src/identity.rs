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
    ///
    /// `objective` is what else decides the result and cannot be seen from here: loss weights, switches, heads.
    pub(crate) fn new<O: Objective>(
        config: &TrainConfig,
        objective: &Value,
        session: &Session<O>,
        train: &[&LabeledList],
    ) -> Self {
        // The number of workers does not change the result, so a run may move to another machine.
        let config = TrainConfig { workers: 0, ..config.clone() };
        let parameters: serde_json::Map<String, Value> =
            session.dense.iter().map(|parameter| (parameter.path.clone(), json!(parameter.shape))).collect();
        Self(json!({
            "config": config,
            "schema": session.schema(),
            "table_width": session.tables().width(),
            "objective": objective,
            "parameters": parameters,
            "parameters_digest": format!("{:016x}", digest_of_parameters(session)),
            "lists": train.len(),
            // JSON numbers beyond 2^53 do not survive every reader.
            "lists_digest": format!("{:016x}", digest_of_lists(train)),
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

/// FNV-1a: not against malice, but against the wrong file.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a u32>) {
        words.into_iter().for_each(|word| self.bytes(word.to_le_bytes()));
    }

    fn numbers<'a>(&mut self, numbers: impl IntoIterator<Item = &'a f32>) {
        numbers.into_iter().for_each(|number| self.bytes(number.to_le_bytes()));
    }

    fn bytes(&mut self, bytes: [u8; 4]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Everything that a list holds.
fn digest_of_lists(train: &[&LabeledList]) -> u64 {
    let mut digest = Digest::new();
    for list in train {
        let (user, history, candidates) =
            (list.request().user(), list.request().history(), list.request().candidates());
        digest.words(&[candidates.len() as u32, history.len() as u32]);
        digest.words(user.sparse());
        digest.numbers(user.dense());
        for items in [history.items(), candidates.items()] {
            digest.words(items.sparse());
            digest.numbers(items.dense());
        }
        digest.words(history.feedback());
        digest.numbers(history.ages().into_iter().flatten());
        digest.numbers(candidates.scores());
        digest.numbers(list.labels());
    }
    digest.0
}

/// The weights that the run begins with.
fn digest_of_parameters<O: Objective>(session: &Session<O>) -> u64 {
    let mut digest = Digest::new();
    session.dense.iter().for_each(|parameter| digest.numbers(&parameter.values));
    digest.0
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
