//! The two inputs: simulated users, and MovieLens ratings from a folder. Both yield the same lists.

use std::path::Path;

use anyhow::{Context as _, Result};
use psad::data::{DataError, RatedList, RatingsConfig, RatingsDataset};
use psad::eval::{Gain, Measure, Metric as _, Summary, evaluate};
use psad::sim::{Interactions, ListTruth, SimConfig, SimError, SimulatedList, World};
use psad::{LabeledList, Request, Reranker, Schema};

use crate::{SLATE_LENGTH, Source};

/// Lists for training, validation and test, and what is known about them.
#[derive(Debug)]
pub struct Input {
    /// What they are, in words.
    pub description: String,
    /// Where they come from, which decides sizes and training plans.
    pub source: Source,
    /// What a request looks like.
    pub schema: Schema,
    /// For training.
    pub train: Vec<LabeledList>,
    /// For early stopping.
    pub validation: Vec<LabeledList>,
    /// For the final table.
    pub test: Vec<LabeledList>,
    /// The user of each test list: lists of one user are not independent.
    pub test_users: Vec<u32>,
    /// What simulated users would truly do, per validation list.
    pub validation_truth: Option<Vec<ListTruth>>,
    /// What simulated users would truly do, per test list.
    pub truth: Option<Vec<ListTruth>>,
    /// The test list that is shown before and after.
    pub shown: usize,
    /// Names of its candidates.
    pub shown_names: Vec<String>,
}

impl Input {
    /// Users of the embedded simulator.
    ///
    /// # Errors
    /// [`SimError`]; the default configuration has none.
    pub fn simulated(interactions: Interactions, seed: u64) -> Result<Self, SimError> {
        let config = SimConfig { interactions, seed, train_lists: 16_000, ..SimConfig::default() };
        let description = format!(
            "simulated users: {} users, {} items in {} categories, interactions {interactions:?}",
            config.users, config.items, config.categories
        );
        let world = World::new(config)?;
        let data = world.generate();
        let shown = data.test.len() / 2;
        let items = data.test[shown].list.request().candidates().items();
        let shown_names = items
            .sparse()
            .rows()
            .into_iter()
            .map(|ids| format!("item {:>4}, category {:>2}", ids[0], ids[1]))
            .collect();
        let plain = |lists: Vec<SimulatedList>| lists.into_iter().map(|list| list.list).collect();
        Ok(Self {
            description,
            shown,
            shown_names,
            source: Source::Simulated,
            schema: world.schema().clone(),
            test_users: data.test.iter().map(|list| list.user).collect(),
            validation_truth: Some(data.validation.iter().map(|list| list.truth.clone()).collect()),
            truth: Some(data.test.iter().map(|list| list.truth.clone()).collect()),
            train: plain(data.train),
            validation: plain(data.validation),
            test: plain(data.test),
        })
    }

    /// Ratings of a folder with `ratings.csv` and `movies.csv`.
    ///
    /// # Errors
    /// [`DataError`] with file, line and column.
    pub fn ratings(folder: &Path, lenient: bool, seed: u64) -> Result<Self, DataError> {
        let config = RatingsConfig { lenient, seed, ..RatingsConfig::default() };
        let data = RatingsDataset::load(folder, &config)?;
        let report = data.report();
        let mut description = format!(
            "ratings: {} ratings by {} users of {} films",
            report.ratings.read, report.users, report.movies.read
        );
        let skipped = report.ratings.skipped_rows() + report.movies.skipped_rows();
        if skipped > 0 {
            description = format!("{description}\nmovies.csv: {}\nratings.csv: {}", report.movies, report.ratings);
        }
        let shown = data.test.len() / 2;
        // By the list's own rows: in the request, a film too rare for an embedding is row 0.
        let films = data.test[shown].movies.iter();
        let shown_names = films.map(|&row| data.title(row).unwrap_or("an unknown film").to_owned()).collect();
        let plain = |lists: Vec<RatedList>| lists.into_iter().map(|list| list.list).collect();
        Ok(Self {
            description,
            shown,
            shown_names,
            source: Source::Ratings,
            schema: data.schema().clone(),
            test_users: data.test.iter().map(|list| list.user).collect(),
            validation_truth: None,
            truth: None,
            train: plain(data.train),
            validation: plain(data.validation),
            test: plain(data.test),
        })
    }

    /// What the validation measures, in words.
    pub fn validated_by(&self) -> &'static str {
        if self.validation_truth.is_some() { "expected clicks" } else { "NDCG@10" }
    }

    /// How good a reranker is on the validation lists: the expected clicks where users can be asked, as in an online test,
    /// otherwise NDCG@10. Clicks that were logged on other slates would judge a reranker by slates that it does not make.
    ///
    /// # Errors
    /// Whatever the reranker or the evaluation says.
    pub fn validate<R: Reranker + ?Sized>(&self, reranker: &R) -> Result<f64> {
        let Some(truth) = &self.validation_truth else {
            let metric = Measure::Ndcg(Gain::Exponential).at(SLATE_LENGTH);
            let report = evaluate(reranker, &self.validation, &[metric], SLATE_LENGTH)?;
            return report
                .get(&metric.name())
                .and_then(Summary::mean)
                .context("no validation list has a relevant item");
        };
        let requests: Vec<&Request> = self.validation.iter().map(LabeledList::request).collect();
        let slates = reranker.rerank_batch(&requests, SLATE_LENGTH)?;
        let mut sum = 0.;
        for (truth, slate) in truth.iter().zip(&slates) {
            sum += truth.expected_utility(slate)?;
        }
        Ok(sum / slates.len().max(1) as f64)
    }
}
