//! From a folder to lists, step by step.

use std::path::Path;

use psad_core::Schema;

use crate::RatingsConfig;
use crate::error::DataError;
use crate::features::{Features, genres};
use crate::lists::{ListMaker, RatedList};
use crate::movies::{Movie, Movies};
use crate::ranker::{self, RankerInfo};
use crate::ratings::{Rating, read_ratings};
use crate::report::ReadReport;
use crate::split::{Cuts, Split, by_user};
use crate::statistics::Statistics;

/// Lists made of the ratings of a folder, split by time.
#[derive(Debug, Clone)]
pub struct RatingsDataset {
    /// What rerankers learn from.
    pub train: Vec<RatedList>,
    /// For model selection and early stopping.
    pub validation: Vec<RatedList>,
    /// For the final evaluation.
    pub test: Vec<RatedList>,
    config: RatingsConfig,
    schema: Schema,
    movies: Movies,
    ranker: RankerInfo,
    report: ReadReport,
    pub(crate) ratings: Vec<Rating>,
    pub(crate) cuts: Cuts,
}

impl RatingsDataset {
    /// Reads `ratings.csv` and `movies.csv` of a folder, fits the initial ranker and makes the lists.
    ///
    /// The same folder and configuration give the same dataset, whatever the order of rows in `ratings.csv`.
    ///
    /// # Errors
    /// A [`DataError`]: a configuration out of range, a file that cannot be read or lacks a column, a faulty row in
    /// strict mode, or a split that was given a share and comes out without a list.
    pub fn load(folder: impl AsRef<Path>, config: &RatingsConfig) -> Result<Self, DataError> {
        config.validate()?;
        let folder = folder.as_ref();
        let (movies, movies_report) = Movies::read(&folder.join("movies.csv"), config.lenient)?;
        let path = folder.join("ratings.csv");
        let (ratings, ratings_report) = read_ratings(&path, &movies, config.seed, config.lenient)?;
        let users = by_user(&ratings).count();
        let report = ReadReport { movies: movies_report, ratings: ratings_report, users };
        let cuts = Cuts::at_quantiles(&ratings, &config.splits);
        Self::build(config, movies, ratings, cuts, report)
    }

    fn build(
        config: &RatingsConfig,
        movies: Movies,
        ratings: Vec<Rating>,
        cuts: Cuts,
        report: ReadReport,
    ) -> Result<Self, DataError> {
        let own: Vec<Rating> = within(&ratings, cuts, Split::RankerTrain).copied().collect();
        if own.is_empty() {
            return Err(DataError::EmptySplit { split: Split::RankerTrain, ratings: 0 });
        }
        let genres = genres(&movies);
        let statistics = Statistics::new(&own, movies.len(), config.like_threshold);
        let ranker = ranker::fit(&own, &movies, &genres, statistics.mean, &config.ranker, config.seed);
        drop(own);
        let known = known(&ratings, &movies, cuts, config.min_movie_ratings);
        let features = Features::new(&movies, &genres, &statistics, &known, config)?;
        let maker = ListMaker { config, features: &features, ranker: &ranker, cuts };
        let [train, validation, test] = maker.make(&ratings)?;
        let (schema, ranker) = (features.schema, ranker.info);
        let config = config.clone();
        let dataset = Self { train, validation, test, config, schema, movies, ranker, report, ratings, cuts };
        dataset.refuse_empty_splits()?;
        let lists = [dataset.train.len(), dataset.validation.len(), dataset.test.len()];
        tracing::info!(ratings = dataset.ratings.len(), ?lists, "ratings became lists");
        Ok(dataset)
    }

    /// What the requests of all lists look like.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How the lists were made.
    pub fn config(&self) -> &RatingsConfig {
        &self.config
    }

    /// Title of a film by its row, as in [`RatedList::movies`]; none for row 0 and for rows beyond the last.
    pub fn title(&self, row: u32) -> Option<&str> {
        self.movie(row).map(|movie| movie.title.as_str())
    }

    /// A film by its row.
    pub fn movie(&self, row: u32) -> Option<&Movie> {
        self.movies.get(row)
    }

    /// The row of a film by the id that the files use.
    pub fn row(&self, id: u32) -> Option<u32> {
        self.movies.row(id)
    }

    /// What was read and what was skipped.
    pub fn report(&self) -> &ReadReport {
        &self.report
    }

    /// What the initial ranker was fitted on.
    pub fn ranker(&self) -> &RankerInfo {
        &self.ranker
    }

    /// The lists of each split that holds lists, in the order of time.
    pub(crate) fn splits(&self) -> [(Split, &[RatedList]); 3] {
        let [train, validation, test] = Split::WITH_LISTS;
        [(train, &self.train), (validation, &self.validation), (test, &self.test)]
    }

    /// A split that was given a share must hold a list, else an evaluation on it would be a silent nothing.
    fn refuse_empty_splits(&self) -> Result<(), DataError> {
        let shares = &self.config.splits;
        let shares = [shares.reranker_train, shares.validation, shares.test];
        for ((split, lists), share) in self.splits().into_iter().zip(shares) {
            if lists.is_empty() && share > 0. {
                let ratings = within(&self.ratings, self.cuts, split).count();
                return Err(DataError::EmptySplit { split, ratings });
            }
        }
        Ok(())
    }
}

fn within(ratings: &[Rating], cuts: Cuts, split: Split) -> impl Iterator<Item = &Rating> {
    let range = cuts.range(split);
    ratings.iter().filter(move |rating| range.contains(&rating.time))
}

/// Which films are rated often enough in both training splits together to have an id of their own.
fn known(ratings: &[Rating], movies: &Movies, cuts: Cuts, at_least: usize) -> Vec<bool> {
    let mut counts = vec![0_usize; movies.len() + 1];
    for split in [Split::RankerTrain, Split::RerankerTrain] {
        for rating in within(ratings, cuts, split) {
            counts[rating.movie as usize] += 1;
        }
    }
    counts.into_iter().map(|count| count >= at_least).collect()
}
