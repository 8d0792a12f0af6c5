//! Candidates that a rule speaks about.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Some candidates of a list under a name, such as the films of one genre. Rules count or compare them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RawGroup", into = "RawGroup")]
pub struct Group {
    name: Arc<str>,
    items: Arc<[usize]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    name: String,
    items: Vec<usize>,
}

impl From<RawGroup> for Group {
    fn from(raw: RawGroup) -> Self {
        Self::new(raw.name, raw.items)
    }
}

impl From<Group> for RawGroup {
    fn from(group: Group) -> Self {
        Self { name: group.name.as_ref().to_owned(), items: group.items.to_vec() }
    }
}

impl Group {
    /// Names the candidates `items`; the name stands in errors.
    pub fn new(name: impl Into<String>, items: impl IntoIterator<Item = usize>) -> Self {
        let mut items: Vec<usize> = items.into_iter().collect();
        items.sort_unstable();
        items.dedup();
        Self { name: name.into().into(), items: items.into() }
    }

    /// One candidate, named by its index.
    pub fn item(item: usize) -> Self {
        Self::new(format!("item {item}"), [item])
    }

    /// A group per category, in the order of the codes; `categories` holds the code of each candidate, such as a
    /// column of [`Items::sparse`](crate::Items::sparse). The names are `{name} {code}`.
    pub fn by_category(name: &str, categories: impl IntoIterator<Item = u32>) -> Vec<Self> {
        let mut members = BTreeMap::<u32, Vec<usize>>::new();
        for (item, category) in categories.into_iter().enumerate() {
            members.entry(category).or_default().push(item);
        }
        members.into_iter().map(|(category, items)| Self::new(format!("{name} {category}"), items)).collect()
    }

    /// The group's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its candidates, ascending and distinct.
    pub fn items(&self) -> &[usize] {
        &self.items
    }

    /// Whether a candidate belongs to it.
    pub fn contains(&self, item: usize) -> bool {
        self.items.binary_search(&item).is_ok()
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}
