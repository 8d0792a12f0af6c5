//! Sums of losses, which add up from lists to shards, batches and epochs.

use serde::{Deserialize, Serialize};

/// The mean of one part of the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartLoss {
    /// Name of the part.
    pub name: String,
    /// Its weight in the total.
    pub weight: f64,
    /// Its mean over lists, unweighted.
    pub mean: f64,
}

/// Sums over lists, in `f64`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LossSums {
    pub(crate) lists: usize,
    parts: Vec<PartSum>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PartSum {
    name: String,
    weight: f64,
    sum: f64,
}

impl LossSums {
    /// Sums over `lists` lists, no part yet.
    pub(crate) fn of_lists(lists: usize) -> Self {
        Self { lists, parts: Vec::new() }
    }

    /// Adds to a part, which starts at its first mention.
    pub(crate) fn add_part(&mut self, name: &str, weight: f64, sum: f64) {
        match self.parts.iter_mut().find(|part| part.name == name) {
            Some(part) => part.sum += sum,
            None => self.parts.push(PartSum { name: name.to_owned(), weight, sum }),
        }
    }

    /// Adds the sums over other lists.
    pub(crate) fn add(&mut self, other: &Self) {
        self.lists += other.lists;
        for part in &other.parts {
            self.add_part(&part.name, part.weight, part.sum);
        }
    }

    /// Mean per list of each part, in the order of their first mention.
    pub(crate) fn means(&self) -> Vec<PartLoss> {
        let lists = self.lists.max(1) as f64;
        let mean = |part: &PartSum| PartLoss { name: part.name.clone(), weight: part.weight, mean: part.sum / lists };
        self.parts.iter().map(mean).collect()
    }
}

/// The weighted sum of the parts.
pub(crate) fn total(parts: &[PartLoss]) -> f64 {
    parts.iter().map(|part| part.weight * part.mean).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_the_whole_follow_from_sums_of_its_pieces() {
        let mut first = LossSums::of_lists(2);
        first.add_part("order", 1., 3.);
        let mut second = LossSums::of_lists(1);
        second.add_part("order", 1., 6.);
        second.add_part("click", 0.5, 3.);
        first.add(&second);
        let means = first.means();
        assert_eq!(
            means.iter().map(|part| (part.name.as_str(), part.mean)).collect::<Vec<_>>(),
            [("order", 3.), ("click", 1.)]
        );
        assert_eq!(total(&means), 3.5);
    }
}
