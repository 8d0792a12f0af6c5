//! Which slates are looked for.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    search::{Assignment, Beam, Contrastive, Greedy, Plan, Sample, Search},
    vectors::Vectors,
};

/// How slates are chosen from the logits. Whatever the strategy, the network runs once per block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Strategy {
    /// Each slot takes its best free candidate; equal logits keep the ranker's order.
    Greedy,
    /// The `width` most probable partial slates of each list live on at every slot. Returns up to `width` distinct
    /// slates per list, most probable first. A width of 1 is [`Strategy::Greedy`].
    Beam {
        /// Partial slates kept per list, at least 1.
        width: usize,
    },
    /// Plackett–Luce: each slot draws from the softmax over its free candidates. Returns `samples` independent slates
    /// per list, in the order of drawing.
    ///
    /// What a list gets depends on the seed and on its own logits alone, so lists with the same logits in one batch
    /// get the same slates.
    Sample {
        /// Same seed, same slates.
        seed: u64,
        /// Slates per list, at least 1.
        samples: usize,
    },
    /// NAR4Rec's contrastive search (Ren et al. 2024, arXiv 2402.06871): a slot takes the free candidate with the
    /// greatest `(1 − alpha) P − alpha max cos`; equal ones keep the ranker's order.
    ///
    /// `P` is the softmax of the slot's logits over everything that was not placed when the block began, and `max cos`
    /// the greatest cosine to an item that is placed, in this block or before; 0 as long as nothing is. What the model
    /// rules out is never chosen. Needs [`BlockModel::vectors`](crate::BlockModel::vectors), unless `alpha` is 0.
    Contrastive {
        /// Weight of the difference from what is placed, in `[0, 1]`; 0 is [`Strategy::Greedy`], the paper's best is
        /// about 0.6.
        alpha: f32,
    },
    /// The items for the slots of a block are chosen together, so that the product of their probabilities in the
    /// softmax over everything that was not placed when the block began is the greatest. Of several such choices it is
    /// always the same one.
    ///
    /// The softmax knows the [`Influence`](crate::Influence) of what earlier blocks placed, not that within the block.
    /// Exact for it, but for rules so entangled that the search for the best slate is cut short (after 2,000
    /// assignments per block, fewer for blocks of more than 14 slots); then it is the best slate found by then, and no
    /// worse than greedy search's.
    Assignment,
    /// The slots are chosen together, so that the sum over the slots of `σ(exposure) σ(logit)` is the greatest, with the
    /// [`Influence`](crate::Influence) of what stands above: the expected clicks on the slate, where logits are log-odds
    /// of a click. Greedy search does not see what an item does to those below it; this does.
    ///
    /// An iterated local search by swaps and insertions from the greedy slate, among at most 40 candidates and as many
    /// slots; what lies beyond them in a block is filled greedily. It passes twenty times over all moves, or fewer
    /// where rules stand in its way; its random swaps are always the same ones. Slots behind the block are looked ahead
    /// to with the logits of the block's last slot. The log-probability of what comes out is that of the softmax, as
    /// everywhere.
    Plan,
}

impl Strategy {
    /// Checks the strategy's numbers, as [`decode`](crate::decode()) does before it begins.
    ///
    /// # Errors
    /// [`StrategyError`] if a width or a number of samples is 0, or `alpha` is outside `[0, 1]`.
    pub fn check(&self) -> Result<(), StrategyError> {
        match self {
            Self::Beam { width: 0 } => Err(StrategyError::NoWidth),
            Self::Sample { samples: 0, .. } => Err(StrategyError::NoSamples),
            // NaN is in no range.
            Self::Contrastive { alpha } if !(0. ..=1.).contains(alpha) => Err(StrategyError::Alpha { alpha: *alpha }),
            _ => Ok(()),
        }
    }

    /// Whether it compares candidates by their vectors.
    pub(crate) fn needs_vectors(&self) -> bool {
        matches!(self, Self::Contrastive { alpha } if *alpha > 0.)
    }

    /// The strategy, which has been checked, at work on a batch of `lists` of up to `slots` slots; with their vectors,
    /// where it needs them.
    pub(crate) fn search(&self, lists: usize, slots: usize, vectors: Vec<Vectors>) -> Box<dyn Search> {
        match *self {
            Self::Contrastive { alpha } if self.needs_vectors() => Box::new(Contrastive::new(alpha, vectors)),
            Self::Greedy | Self::Contrastive { .. } => Box::new(Greedy::default()),
            Self::Assignment => Box::new(Assignment::default()),
            Self::Plan => Box::new(Plan::new(slots)),
            Self::Beam { width } => Box::new(Beam::new(width)),
            Self::Sample { seed, samples } => Box::new(Sample::new(seed, samples, lists)),
        }
    }
}

/// Why a strategy cannot work.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// A beam that holds nothing.
    #[error("a beam of width 0 was asked for; the least is 1")]
    NoWidth,
    /// Nothing to draw.
    #[error("0 samples were asked for; the least is 1")]
    NoSamples,
    /// A weight that is none.
    #[error("alpha is {alpha}; it must lie between 0 and 1")]
    Alpha {
        /// The weight.
        alpha: f32,
    },
    /// A strategy that looks at several slates, or at several slots together, where one slot of one slate is filled at a
    /// time.
    #[error("{strategy:?} does not fill one slot of one slate at a time; greedy and contrastive search do")]
    NotOneByOne {
        /// The strategy.
        strategy: Strategy,
    },
}
