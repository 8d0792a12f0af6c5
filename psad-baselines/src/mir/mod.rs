//! MIR: candidates as a set and the history as a list, which interact item by item and feature by feature.

mod affinity;
mod config;
mod encoder;
mod pace;
mod set_to_list;

pub use config::MirConfig;
pub use encoder::MirEncoder;

use burn::module::Module;
use burn::tensor::Tensor;
use psad_nn::{Encoded, ListScorer, ScoringObjective};

use crate::parts::{ScoreHead, beside_each};

/// MIR with its loss, as a trainer fits it.
pub type MirObjective = ScoringObjective<MirEncoder, MirScorer>;

/// `s_i = MLP([x_i; h_i; p_u]) + β r_i`, in which `h_i` is what [`MirEncoder`] makes of candidate `i` in the light of set
/// and history. See there for the paper and what departs from it.
#[derive(Module, Debug)]
pub struct MirScorer {
    head: ScoreHead,
}

impl ListScorer for MirScorer {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let [_, candidates, _] = encoded.items.dims();
        let user = beside_each(&encoded.profile, candidates);
        let input = Tensor::cat(vec![encoded.inputs.clone(), encoded.items.clone(), user], 2);
        self.head.forward(input, &encoded.ranker)
    }
}
