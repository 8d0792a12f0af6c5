//! SetRank: attention over a set, whatever its order.

mod block;
mod config;

pub use config::{SetRankBlock, SetRankConfig};

use burn::module::Module;
use burn::tensor::Tensor;
use psad_nn::{Encoded, ListScorer, Mask, Norm, ScoringObjective};

use crate::PlainEncoder;
use crate::parts::{JoinUser, ScoreHead};
use block::Block;

/// [`SetRank`] with its encoder and loss, as a trainer fits it.
pub type SetRankObjective = ScoringObjective<PlainEncoder, SetRank>;

/// SetRank (Pang et al., *SetRank: Learning a Permutation-Invariant Ranking Model for Information Retrieval*, SIGIR
/// 2020). Made by [`SetRankConfig`].
///
/// `W [x_i; p_u] + b` passes a stack of self-attention blocks over the candidates, direct (MSAB) or through inducing
/// vectors (IMSAB, linear in the list's length), and a linear layer to a score. Permuting the candidates permutes the
/// scores and changes nothing else.
///
/// Deviations from the paper:
/// * the ordinal embedding, which tells an item's place in rankings that are given, is left out: the scores are
///   permutation-equivariant, and the ranker speaks through its score alone;
/// * items are query–document features there, without a user;
/// * blocks normalise before attention and feed-forward block and once at the end, not after each, and there is no
///   dropout;
/// * the loss takes the labels' shares as target ([`psad_nn::listwise_loss`]); the paper's attention rank weighs graded
///   labels by their `exp`, which for clicks is the same;
/// * the score adds `β r_i` with the ranker's standardised score, `β` learned from one, and the last layer starts at
///   zero.
#[derive(Module, Debug)]
pub struct SetRank {
    join: JoinUser,
    blocks: Vec<Block>,
    norm: Norm,
    head: ScoreHead,
}

impl ListScorer for SetRank {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let mask = Mask::keys(encoded.pad.clone());
        let joined = self.join.forward(encoded);
        let items = self.blocks.iter().fold(joined, |items, block| block.forward(items, &mask));
        self.head.forward(self.norm.forward(items), &encoded.ranker)
    }
}
