//! Random requests that fit a schema.

use ndarray::{Array1, Array2, Axis};
use psad_core::{Candidates, History, Items, Request, RequestError, Schema, SparseField, User};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Longest list or history that is drawn where the schema allows more, so that a check stays quick.
const LONGEST: usize = 200;

/// Most lists and histories are no longer than this.
const USUAL: usize = 20;

/// Draws requests from one seed.
pub(super) struct Draw<'a> {
    schema: &'a Schema,
    pub(super) rng: ChaCha8Rng,
}

impl<'a> Draw<'a> {
    pub(super) fn new(schema: &'a Schema, seed: u64) -> Self {
        Self { schema, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn chance(&mut self, of: u32) -> bool {
        self.rng.random_range(0..of) == 0
    }

    /// A request of any kind: lists and histories of every length, unknown ids, equal scores, with and without ages.
    pub(super) fn request(&mut self) -> Request {
        sound(self.any())
    }

    fn any(&mut self) -> Result<Request, RequestError> {
        let count = self.length(1, self.schema.max_candidates());
        let items = self.items(count, true)?;
        let scores = self.scores(count);
        let history = self.history()?;
        Request::new(self.user()?, history, Candidates::new(items, scores)?)
    }

    /// A request in which no two candidates are alike: every item is known and distinct, every score well apart.
    pub(super) fn distinct(&mut self) -> Request {
        sound(self.apart())
    }

    fn apart(&mut self) -> Result<Request, RequestError> {
        let count = self.length(1, self.schema.max_candidates());
        let drawn = self.items(count, false)?;
        let row = |item: usize| {
            let dense = drawn.dense().row(item).iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            (drawn.sparse().row(item).to_vec(), dense)
        };
        let mut seen = std::collections::HashSet::new();
        let distinct: Vec<usize> = (0..count).filter(|&item| seen.insert(row(item))).collect();
        let items = select(&drawn, &distinct)?;
        let mut scores: Vec<f32> =
            (0..items.len()).map(|rank| 0.2 * rank as f32 + self.rng.random_range(0. ..0.1)).collect();
        scores.shuffle(&mut self.rng);
        let history = self.history()?;
        Request::new(self.user()?, history, Candidates::new(items, scores.into())?)
    }

    /// A request full of numbers that are as large as numbers get.
    pub(super) fn huge(&mut self) -> Request {
        sound(self.large())
    }

    fn large(&mut self) -> Result<Request, RequestError> {
        let request = self.any()?;
        let huge = [1e18, -1e30, f32::MAX, f32::MIN, 0.];
        let mut values = std::iter::repeat_with(|| huge[self.rng.random_range(0..huge.len())]);
        let items = request.candidates().items();
        let dense = Array2::from_shape_simple_fn(items.dense().dim(), || values.next().unwrap_or_default());
        let scores = Array1::from_shape_simple_fn(items.len(), || values.next().unwrap_or_default());
        let candidates = Candidates::new(Items::new(items.sparse().clone(), dense)?, scores)?;
        Request::new(request.user().clone(), request.history().clone(), candidates)
    }

    /// Shortest, longest, or anything between.
    fn length(&mut self, shortest: usize, longest: usize) -> usize {
        let longest = longest.min(LONGEST);
        match self.rng.random_range(0..8) {
            0 => shortest.min(longest),
            1 => longest,
            _ => self.rng.random_range(shortest.min(longest)..=longest.min(USUAL)),
        }
    }

    /// A length of slate for lists of about `candidates`: within them, just beyond, or far beyond.
    pub(super) fn slate_length(&mut self, candidates: usize) -> usize {
        if self.chance(12) { usize::MAX } else { self.rng.random_range(1..=candidates.saturating_add(2)) }
    }

    pub(super) fn user(&mut self) -> Result<User, RequestError> {
        let ids = self.schema.user_sparse().iter().map(|field| self.id(field, true)).collect();
        let dense = (0..self.schema.user_dense().len()).map(|_| self.rng.random_range(-3. ..3.)).collect();
        User::new(ids, dense)
    }

    pub(super) fn items(&mut self, count: usize, unknown: bool) -> Result<Items, RequestError> {
        let fields = self.schema.item_sparse();
        let sparse = Array2::from_shape_fn((count, fields.len()), |(_, field)| self.id(&fields[field], unknown));
        let shape = (count, self.schema.item_dense().len());
        Items::new(sparse, Array2::from_shape_simple_fn(shape, || self.rng.random_range(-3. ..3.)))
    }

    fn id(&mut self, field: &SparseField, unknown: bool) -> u32 {
        let vocabulary = u32::try_from(field.vocabulary).unwrap_or(u32::MAX);
        if unknown && self.chance(8) {
            return self.rng.random_range(vocabulary..=u32::MAX);
        }
        self.rng.random_range(0..vocabulary.max(1))
    }

    fn history(&mut self) -> Result<History, RequestError> {
        // Without kinds of feedback, no history has a code that is known.
        let longest = if self.schema.feedback().is_empty() { 0 } else { self.schema.max_history() };
        let count = self.length(0, longest);
        let kinds = self.schema.feedback().len().max(1) as u32;
        let items = self.items(count, true)?;
        let feedback = Array1::from_shape_simple_fn(count, || self.rng.random_range(0..kinds));
        let history = History::new(items, feedback)?;
        if self.chance(2) {
            return Ok(history);
        }
        let mut days: Vec<f32> = (0..count).map(|_| self.rng.random_range(0. ..400.)).collect();
        days.sort_by(|a, b| b.total_cmp(a));
        history.with_ages(days.into())
    }

    fn scores(&mut self, count: usize) -> Array1<f32> {
        let mut scores: Vec<f32> = (0..count).map(|_| self.rng.random_range(-4. ..4.)).collect();
        match self.rng.random_range(0..4) {
            0 => scores.fill(0.5),
            // Some of them equal.
            1 => scores.iter_mut().for_each(|score| *score = score.round()),
            _ => {}
        }
        // Rankers order by their scores; but nobody may rely on it.
        if !self.chance(4) {
            scores.sort_by(|a, b| b.total_cmp(a));
        }
        scores.into()
    }
}

/// What was drawn.
///
/// # Panics
/// Never: columns and lengths agree, and numbers are finite.
pub(super) fn sound<T>(drawn: Result<T, RequestError>) -> T {
    drawn.expect("what is drawn is sound")
}

/// Some of the items, in the order of `rows`, which lie inside.
fn select(items: &Items, rows: &[usize]) -> Result<Items, RequestError> {
    Items::new(items.sparse().select(Axis(0), rows), items.dense().select(Axis(0), rows))
}

/// The request with its candidates in the order of `rows`, a permutation; without rules.
pub(super) fn reordered(request: &Request, rows: &[usize]) -> Request {
    let scores = rows.iter().map(|&row| request.candidates().scores()[row]).collect();
    let items = select(request.candidates().items(), rows);
    let candidates = items.and_then(|items| Candidates::new(items, scores));
    sound(candidates.and_then(|offered| Request::new(request.user().clone(), request.history().clone(), offered)))
}
