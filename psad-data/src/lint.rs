//! Looking for leaks in finished lists, from the ratings alone and without trusting how the lists were made.

use std::collections::HashMap;

use thiserror::Error;

use crate::RatingsDataset;
use crate::lists::RatedList;
use crate::ratings::Rating;
use crate::split::{Split, by_user};

/// A way in which lists know what they must not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Leak {
    /// A film of the history was rated no earlier than the first candidate.
    #[error("{split} list {list}: history film {movie} of user {user} is not earlier than the list")]
    FutureHistory {
        /// The split.
        split: Split,
        /// Index of the list in its split.
        list: usize,
        /// The user.
        user: u32,
        /// Row of the film.
        movie: u32,
    },
    /// A candidate was rated outside the time of its split; it may be one that the ranker was fitted on.
    #[error("{split} list {list}: candidate {movie} of user {user} was rated in another split")]
    OutsideSplit {
        /// The split.
        split: Split,
        /// Index of the list in its split.
        list: usize,
        /// The user.
        user: u32,
        /// Row of the film.
        movie: u32,
    },
    /// A film that the user never rated.
    #[error("{split} list {list}: user {user} never rated film {movie}")]
    Untraced {
        /// The split.
        split: Split,
        /// Index of the list in its split.
        list: usize,
        /// The user.
        user: u32,
        /// Row of the film.
        movie: u32,
    },
    /// A rating that is a candidate twice, in one list or in two.
    #[error("{split} list {list}: candidate {movie} of user {user} was a candidate before")]
    Repeated {
        /// The split.
        split: Split,
        /// Index of the list in its split.
        list: usize,
        /// The user.
        user: u32,
        /// Row of the film.
        movie: u32,
    },
    /// Ratings between those of a list are missing from it: something other than time chose the candidates.
    #[error("{split} list {list}: {candidates} candidates of user {user} out of {span} consecutive ratings")]
    Gap {
        /// The split.
        split: Split,
        /// Index of the list in its split.
        list: usize,
        /// The user.
        user: u32,
        /// Number of candidates.
        candidates: usize,
        /// Number of ratings from the first of them to the last.
        span: usize,
    },
    /// Candidates that do not stand in the order of the ranker's scores.
    #[error("{split} list {list}: candidate {position} has a higher score than the one before it")]
    Order {
        /// The split.
        split: Split,
        /// Index of the list in its split.
        list: usize,
        /// Position of the candidate.
        position: usize,
    },
    /// Ratings that are in no list though they would have filled one: something other than length left them out.
    #[error("{split}: {ratings} ratings of user {user} are in no list")]
    Dropped {
        /// The split.
        split: Split,
        /// The user.
        user: u32,
        /// Number of ratings.
        ratings: usize,
    },
    /// Two splits that overlap in time.
    #[error("{later} begins at {begins}, but {earlier} lasts until {ends}")]
    Overlap {
        /// The split that has to end first.
        earlier: Split,
        /// The split that has to begin afterwards.
        later: Split,
        /// Last rating of the earlier split.
        ends: i64,
        /// First rating of the later split.
        begins: i64,
    },
}

/// Looks for leaks in lists as they stand now; a freshly loaded dataset has none.
///
/// What no look at finished lists can tell, that features and ranker do not depend on later ratings, is tested by
/// changing those ratings.
pub fn lint(dataset: &RatingsDataset) -> Vec<Leak> {
    let mut linter = Linter::new(&dataset.ratings);
    for (split, lists) in dataset.splits() {
        for (index, list) in lists.iter().enumerate() {
            linter.candidates(dataset, split, index, list);
            linter.history(split, index, list);
        }
    }
    linter.dropped(dataset);
    linter.overlaps(dataset);
    linter.leaks
}

struct Linter<'a> {
    ratings: &'a [Rating],
    /// Index of the rating of each film by each user.
    index: HashMap<(u32, u32), usize>,
    /// The ratings that are candidates.
    listed: Vec<bool>,
    leaks: Vec<Leak>,
}

impl<'a> Linter<'a> {
    fn new(ratings: &'a [Rating]) -> Self {
        let index = ratings.iter().enumerate().map(|(index, rating)| ((rating.user, rating.movie), index)).collect();
        Self { ratings, index, listed: vec![false; ratings.len()], leaks: Vec::new() }
    }

    fn candidates(&mut self, dataset: &RatingsDataset, split: Split, list: usize, rated: &RatedList) {
        let (user, range) = (rated.user, dataset.cuts.range(split));
        let mut span: Option<(usize, usize)> = None;
        for &movie in &rated.movies {
            let Some(&index) = self.index.get(&(user, movie)) else {
                self.leaks.push(Leak::Untraced { split, list, user, movie });
                continue;
            };
            if !range.contains(&self.ratings[index].time) {
                self.leaks.push(Leak::OutsideSplit { split, list, user, movie });
            }
            if std::mem::replace(&mut self.listed[index], true) {
                self.leaks.push(Leak::Repeated { split, list, user, movie });
            }
            span = Some(span.map_or((index, index), |(first, last)| (first.min(index), last.max(index))));
        }
        let (candidates, span) = (rated.movies.len(), span.map_or(0, |(first, last)| last - first + 1));
        if candidates != span {
            self.leaks.push(Leak::Gap { split, list, user, candidates, span });
        }
        let scores = rated.list.request().candidates().scores();
        if let Some(before) = scores.windows(2).position(|pair| pair[1] > pair[0]) {
            self.leaks.push(Leak::Order { split, list, position: before + 1 });
        }
    }

    fn history(&mut self, split: Split, list: usize, rated: &RatedList) {
        let user = rated.user;
        let time = |movie: u32| self.index.get(&(user, movie)).map(|&index| self.ratings[index].time);
        let begins = rated.movies.iter().filter_map(|&movie| time(movie)).min().unwrap_or(rated.time);
        for &movie in &rated.history {
            match time(movie) {
                None => self.leaks.push(Leak::Untraced { split, list, user, movie }),
                Some(time) if time >= begins => self.leaks.push(Leak::FutureHistory { split, list, user, movie }),
                Some(_) => {}
            }
        }
    }

    /// Lists fill a user's split from its beginning; what is left over at its end is shorter than a list.
    fn dropped(&mut self, dataset: &RatingsDataset) {
        let mut start = 0;
        for own in by_user(self.ratings) {
            for split in Split::WITH_LISTS {
                let within = dataset.cuts.of_user(split, own);
                let listed = &self.listed[start + within.start..start + within.end];
                let begun = listed.iter().take_while(|&&listed| listed).count();
                let left = listed.iter().filter(|&&listed| !listed).count();
                if left >= dataset.config().min_list_length || begun + left != listed.len() {
                    self.leaks.push(Leak::Dropped { split, user: own[0].user, ratings: left });
                }
            }
            start += own.len();
        }
    }

    fn overlaps(&mut self, dataset: &RatingsDataset) {
        let mut ended = vec![(Split::RankerTrain, dataset.ranker().last_rating)];
        for (split, lists) in dataset.splits() {
            let candidates = lists.iter().flat_map(|list| list.movies.iter().map(move |&movie| (list.user, movie)));
            let indices = candidates.filter_map(|candidate| self.index.get(&candidate));
            let times: Vec<i64> = indices.map(|&index| self.ratings[index].time).collect();
            let (Some(&begins), Some(&last)) = (times.iter().min(), times.iter().max()) else { continue };
            for &(earlier, ends) in ended.iter().filter(|(_, ends)| *ends >= begins) {
                self.leaks.push(Leak::Overlap { earlier, later: split, ends, begins });
            }
            ended.push((split, last));
        }
    }
}
