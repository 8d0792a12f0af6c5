//! The inputs of the study: six kinds of simulated users, and ratings.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use psad::sim::{Examination, Interactions, ListTruth, Optima, SimConfig, SimulatedList, World};
use psad::{LabeledList, Reranker, Schema};

use super::measure::{Column, mean, measure};
use super::scale::{RATES, RATINGS_RATES, SHORT_RATES, Scale};
use crate::{Input, SLATE_LENGTH};

/// Candidates of the lists whose best slate is known exactly.
const EXHAUSTIVE: usize = 8;

/// Where lists come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Items that hardly change each other's clicks.
    Weak,
    /// Items that noticeably do.
    Medium,
    /// Items that do so as much as they count themselves.
    Strong,
    /// The same, with lists so short that the best slate is found by trying all.
    StrongEight,
    /// The same, whose users go on after a click less often.
    StrongEightDependent,
    /// The same, whose users leave with the first click.
    StrongEightCascade,
    /// Ratings of a folder.
    Ratings,
}

impl Kind {
    /// Its name in tables and files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Medium => "medium",
            Self::Strong => "strong",
            Self::StrongEight => "strong-8",
            Self::StrongEightDependent => "strong-8, dependent click",
            Self::StrongEightCascade => "strong-8, cascade",
            Self::Ratings => "ratings",
        }
    }

    /// Slots of every slate.
    pub(crate) fn slots(self) -> usize {
        if self.is_exhaustive() { EXHAUSTIVE } else { SLATE_LENGTH }
    }

    /// Learning rates to choose from.
    pub(crate) fn rates(self) -> &'static [f64] {
        match self {
            Self::Ratings => &RATINGS_RATES,
            Self::StrongEight | Self::StrongEightDependent | Self::StrongEightCascade => &SHORT_RATES,
            Self::Weak | Self::Medium | Self::Strong => &RATES,
        }
    }

    /// With which seeds of the study.
    pub(crate) fn seeds<'a>(self, all: &'a [u64], scale: &Scale) -> &'a [u64] {
        let count = match self {
            Self::StrongEight => scale.short_seeds,
            Self::StrongEightDependent | Self::StrongEightCascade => 1,
            Self::Weak | Self::Medium | Self::Strong | Self::Ratings => all.len(),
        };
        &all[..count.min(all.len())]
    }

    /// Whether the best slate is found by trying all.
    pub(crate) fn is_exhaustive(self) -> bool {
        matches!(self, Self::StrongEight | Self::StrongEightDependent | Self::StrongEightCascade)
    }

    /// What rerankers are judged by.
    pub(crate) fn primary(self) -> Column {
        if self == Self::Ratings { Column::Ndcg } else { Column::Utility }
    }

    fn simulated(self, scale: &Scale, seed: u64) -> SimConfig {
        let interactions = match self {
            Self::Weak => Interactions::Weak,
            Self::Medium => Interactions::Medium,
            _ => Interactions::Strong,
        };
        let candidates = if self.is_exhaustive() { EXHAUSTIVE } else { SimConfig::default().candidates };
        let examination = match self {
            Self::StrongEightDependent => Examination::DependentClick,
            Self::StrongEightCascade => Examination::Cascade,
            _ => Examination::PositionBased,
        };
        SimConfig {
            examination,
            seed,
            interactions,
            candidates,
            items: scale.items,
            users: scale.users,
            categories: scale.categories,
            train_lists: if self.is_exhaustive() { scale.short_train_lists } else { scale.train_lists },
            validation_lists: scale.validation_lists,
            test_lists: scale.test_lists,
            ..SimConfig::default()
        }
    }
}

/// What a method is measured on.
#[derive(Debug)]
pub(crate) struct Part {
    /// The lists.
    pub(crate) lists: Vec<LabeledList>,
    /// What simulated users would truly do.
    pub(crate) truth: Option<Vec<ListTruth>>,
}

/// The lists of one input with one seed.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Which input.
    pub(crate) kind: Kind,
    /// Seed of the world, and of every fit on it.
    pub(crate) seed: u64,
    /// What a request looks like.
    pub(crate) schema: Schema,
    /// To learn from; nothing, when all is fitted.
    pub(crate) train: Vec<LabeledList>,
    /// To choose rates and epochs with.
    pub(crate) validation: Part,
    /// To measure with.
    pub(crate) test: Part,
    /// The user of each test list.
    pub(crate) users: Vec<u32>,
    /// Expected utility of the best slate of each test list.
    pub(crate) optima: Option<Vec<f64>>,
}

impl Lists {
    /// Simulates or reads them.
    pub(crate) fn prepare(kind: Kind, seed: u64, scale: &Scale, data: Option<&Path>) -> Result<Self> {
        match kind {
            Kind::Ratings => Self::rated(data.context("ratings without a folder")?, seed),
            _ => Self::simulated(kind, seed, scale),
        }
    }

    fn simulated(kind: Kind, seed: u64, scale: &Scale) -> Result<Self> {
        let world = World::new(kind.simulated(scale, seed))?;
        let data = world.generate();
        let optima = Optima::new(&data.test, kind.slots())?.utilities().to_vec();
        let users = data.test.iter().map(|list| list.user).collect();
        // The truth of training lists is only memory.
        let train = data.train.into_iter().map(|list| list.list).collect();
        let (validation, test) = (Part::simulated(data.validation), Part::simulated(data.test));
        let schema = world.schema().clone();
        Ok(Self { kind, seed, schema, train, validation, test, users, optima: Some(optima) })
    }

    fn rated(folder: &Path, seed: u64) -> Result<Self> {
        let Input { schema, train, validation, test, test_users, .. } = Input::ratings(folder, false, seed)
            .with_context(|| format!("reading the ratings in {}", folder.display()))?;
        let part = |lists| Part { lists, truth: None };
        let (validation, test) = (part(validation), part(test));
        Ok(Self { kind: Kind::Ratings, seed, schema, train, validation, test, users: test_users, optima: None })
    }

    /// Whether anything can be said of them: with one user, or without a user who likes anything, there is no interval.
    pub(crate) fn check(&self) -> Result<()> {
        let judged = self.test.lists.iter().zip(&self.users).filter(|(list, _)| list.labels().iter().any(|&y| y > 0.));
        let users: BTreeSet<u32> = judged.map(|(_, &user)| user).collect();
        let (name, found) = (self.kind.name(), users.len());
        ensure!(found >= 2, "{name}: test lists with a relevant candidate are of {found} users; at least 2 are needed");
        Ok(())
    }

    /// What a reranker reaches on the validation lists: an online test where users can be asked, otherwise NDCG@10.
    pub(crate) fn validated(&self, reranker: &dyn Reranker) -> Result<f64> {
        let values = measure(reranker, &self.validation, self.kind.slots())?;
        // Without any relevant item nothing is better than anything.
        Ok(mean(values.get(self.kind.primary())).unwrap_or(0.))
    }

    /// Length of the history of each test list.
    pub(crate) fn histories(&self) -> impl Iterator<Item = usize> + '_ {
        self.test.lists.iter().map(|list| list.request().history().len())
    }
}

impl Part {
    fn simulated(lists: Vec<SimulatedList>) -> Self {
        let (lists, truth) = lists.into_iter().map(|list| (list.list, list.truth)).unzip();
        Self { lists, truth: Some(truth) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_lists_of_one_user_are_refused() {
        let mut lists = Lists::prepare(Kind::Medium, 42, &Scale::quick(), None).unwrap();
        lists.check().unwrap();
        lists.users.fill(7);
        let said = lists.check().unwrap_err().to_string();
        assert_eq!(said, "medium: test lists with a relevant candidate are of 1 users; at least 2 are needed");
    }
}
