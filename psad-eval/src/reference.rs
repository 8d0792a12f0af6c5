//! The rows that every table has: what any reranker must beat.

use psad_core::{Items, Request, RerankError, Reranker, Slate};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The ranker's order as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InitialOrder;

impl Reranker for InitialOrder {
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        let order: Vec<usize> = (0..request.candidates().len()).collect();
        Ok(request.slate_builder(len)?.in_order(&order))
    }
}

/// An order drawn uniformly, the same whenever the same request comes with the same seed.
///
/// It keeps no state: the draw is seeded by the content of the request (user, history, candidates, scores), so batch
/// mates and the order of requests change nothing. Its score on one seed has noise of its own; average several seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomOrder {
    seed: u64,
}

impl RandomOrder {
    /// Orders by this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }
}

impl Reranker for RandomOrder {
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        let candidates = request.candidates().len();
        let mut rng = ChaCha8Rng::seed_from_u64(digest(self.seed, request));
        let mut items: Vec<usize> = (0..candidates).collect();
        for slot in 0..candidates {
            items.swap(slot, rng.random_range(slot..candidates));
        }
        Ok(request.slate_builder(len)?.in_order(&items))
    }
}

/// A hash of the request that no release of the standard library changes.
fn digest(seed: u64, request: &Request) -> u64 {
    let (user, history, candidates) = (request.user(), request.history(), request.candidates());
    let user = user.sparse().iter().copied().chain(user.dense().iter().map(|value| value.to_bits()));
    let past = columns(history.items()).chain(history.feedback().iter().copied());
    let offered = columns(candidates.items()).chain(candidates.scores().iter().map(|score| score.to_bits()));
    user.chain(past).chain(offered).fold(mix(seed), |state, word| mix(state ^ u64::from(word)))
}

fn columns(items: &Items) -> impl Iterator<Item = u32> + '_ {
    items.sparse().iter().copied().chain(items.dense().iter().map(|value| value.to_bits()))
}

/// One step of `SplitMix64` (Steele, Lea & Flood, OOPSLA 2014).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
