//! Ratings to lists: what stands in a list is decided by time alone, the order in it by the initial ranker.

use ndarray::Array1;
use psad_core::{Candidates, History, LabeledList, Request};

use crate::RatingsConfig;
use crate::error::DataError;
use crate::features::{Features, Past, feedback};
use crate::ranker::{FoldIn, Ranker};
use crate::ratings::{Rating, tie_break};
use crate::split::{Cuts, Split, by_user};

/// A list of films that one user rated one after the other, in the order of the initial ranker.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedList {
    /// The request and its labels: 1 for a like, 0 otherwise.
    pub list: LabeledList,
    /// The id that the files use.
    pub user: u32,
    /// The row of each candidate, in the order of the candidates. [`RatingsDataset::title`] reads it.
    ///
    /// [`RatingsDataset::title`]: crate::RatingsDataset::title
    pub movies: Vec<u32>,
    /// The row of each film of the history, oldest first.
    pub history: Vec<u32>,
    /// When the first candidate was rated, in seconds since 1970; everything in the history is earlier.
    pub time: i64,
}

impl AsRef<LabeledList> for RatedList {
    fn as_ref(&self) -> &LabeledList {
        &self.list
    }
}

impl From<RatedList> for LabeledList {
    fn from(list: RatedList) -> Self {
        list.list
    }
}

/// Makes lists of sorted ratings.
#[derive(Debug)]
pub(crate) struct ListMaker<'a> {
    pub(crate) config: &'a RatingsConfig,
    pub(crate) features: &'a Features,
    pub(crate) ranker: &'a Ranker,
    pub(crate) cuts: Cuts,
}

/// A user's ratings and how many of them lie in the past of the list at hand.
struct Story<'a> {
    ratings: &'a [Rating],
    passed: usize,
    past: Past,
    fold_in: FoldIn<'a>,
}

impl ListMaker<'_> {
    /// The lists of each split, as [`Split::WITH_LISTS`] orders them.
    pub(crate) fn make(&self, ratings: &[Rating]) -> Result<[Vec<RatedList>; 3], DataError> {
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for own in by_user(ratings) {
            let mut story = Story { ratings: own, passed: 0, past: Past::default(), fold_in: self.ranker.fold_in() };
            for (split, lists) in Split::WITH_LISTS.into_iter().zip(&mut lists) {
                // A list is made within its split, so it never straddles a cut.
                let within = &own[self.cuts.of_user(split, own)];
                for chunk in within.chunks(self.config.list_length) {
                    if chunk.len() >= self.config.min_list_length {
                        lists.push(self.list(chunk, &mut story)?);
                    }
                }
            }
        }
        Ok(lists)
    }

    fn list(&self, chunk: &[Rating], story: &mut Story<'_>) -> Result<RatedList, DataError> {
        let time = chunk[0].time;
        self.advance(story, time);
        let (candidates, scores) = self.order(chunk, story);
        let movies: Vec<u32> = candidates.iter().map(|rating| rating.movie).collect();
        let labels: Array1<f32> = candidates.iter().map(|rating| f32::from(u8::from(self.liked(rating)))).collect();
        let candidates = Candidates::new(self.features.films(&movies)?, scores)?;
        let user = self.features.user(&story.past)?;
        let past = &story.ratings[story.passed.saturating_sub(self.config.max_history)..story.passed];
        let request = Request::new(user, self.history(past, time)?, candidates)?;
        let history = past.iter().map(|rating| rating.movie).collect();
        Ok(RatedList { list: LabeledList::new(request, labels)?, user: chunk[0].user, movies, history, time })
    }

    /// Passes over the ratings before `time`. Those of the same second are no past: they were sent as one page, and
    /// which of them came first is not recorded.
    fn advance(&self, story: &mut Story<'_>, time: i64) {
        while let Some(rating) = story.ratings.get(story.passed).filter(|rating| rating.time < time) {
            story.past.push(rating.stars, self.liked(rating));
            story.fold_in.push(rating.movie, rating.stars);
            story.passed += 1;
        }
    }

    /// The films by descending prediction, and the predictions.
    fn order(&self, chunk: &[Rating], story: &Story<'_>) -> (Vec<Rating>, Array1<f32>) {
        let taste = story.fold_in.taste();
        let score = |rating: &Rating| (self.ranker.predict(&taste, rating.movie) as f32, *rating);
        let mut scored: Vec<(f32, Rating)> = chunk.iter().map(score).collect();
        let tie = |rating: &Rating| tie_break(rating.movie, self.config.seed);
        scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| tie(x).cmp(&tie(y))));
        let (scores, ratings): (Vec<f32>, Vec<Rating>) = scored.into_iter().unzip();
        (ratings, scores.into())
    }

    fn history(&self, past: &[Rating], time: i64) -> Result<History, DataError> {
        let movies: Vec<u32> = past.iter().map(|rating| rating.movie).collect();
        let codes: Array1<u32> = past.iter().map(|rating| feedback(self.liked(rating))).collect();
        let days: Array1<f32> = past.iter().map(|rating| ((time - rating.time) as f64 / 86_400.) as f32).collect();
        Ok(History::new(self.features.films(&movies)?, codes)?.with_ages(days)?)
    }

    fn liked(&self, rating: &Rating) -> bool {
        rating.stars >= self.config.like_threshold
    }
}
