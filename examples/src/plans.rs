//! How large every method is, and how it is trained, on each of the two inputs. Plans for ratings, PSAD's plans and
//! NAR4Rec's decoding were chosen on validation lists; the plans of the others for simulated users are untuned.

use clap::ValueEnum;
use psad::distill::{JointConfig, Target as LearnsFrom};
use psad::methods::{
    DlcmConfig, MirConfig, Nar4RecConfig, PlainEncoderConfig, PointwiseMlpConfig, PrmConfig, Seq2SlateConfig,
    SetRankConfig,
};
use psad::nar4rec::Target;
use psad::train::TrainConfig;
use psad::{PsadConfig, Strategy};

use crate::SLATE_LENGTH;

/// The method that is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Model {
    /// Semi-autoregressive teacher and distilled student
    Psad,
    /// One-shot generator with contrastive decoding
    #[value(name = "nar4rec")]
    Nar4Rec,
    /// Transformer over the list
    Prm,
    /// Self-attention over the list as a set
    #[value(name = "setrank")]
    SetRank,
    /// Recurrent network over the list
    Dlcm,
    /// Pointer network that writes the slate item by item
    #[value(name = "seq2slate")]
    Seq2Slate,
    /// Set of candidates in the light of the history as a list
    Mir,
    /// Every candidate for itself
    Mlp,
}

/// Where the lists come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Simulated users: many lists.
    Simulated,
    /// Ratings: few lists, so about a quarter of the sizes.
    Ratings,
}

/// A row of [`PLANS`]: epochs, patience, learning rate, rate of embedding rows as a multiple of it, warm-up.
type Plan = (usize, Option<usize>, f64, f64, f64);

/// With few lists, rows of items are met rarely and need longer steps. The learning rates for ratings are, of 3e-4, 1e-3
/// and 3e-3, those with the best mean over the seeds 42, 1 and 2 on the validation lists.
const PLANS: [(Model, Source, Plan); 16] = [
    (Model::Psad, Source::Simulated, (3, None, 6e-3, 1., 0.1)),
    (Model::Nar4Rec, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::Prm, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::SetRank, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::Dlcm, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::Seq2Slate, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::Mir, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::Mlp, Source::Simulated, (6, Some(3), 1e-3, 1., 0.1)),
    (Model::Psad, Source::Ratings, (8, None, 1e-3, 20., 0.05)),
    (Model::Nar4Rec, Source::Ratings, (8, None, 1e-3, 20., 0.05)),
    (Model::Prm, Source::Ratings, (8, None, 1e-3, 20., 0.05)),
    (Model::SetRank, Source::Ratings, (8, None, 3e-3, 20., 0.05)),
    (Model::Dlcm, Source::Ratings, (8, None, 1e-3, 20., 0.05)),
    (Model::Seq2Slate, Source::Ratings, (8, None, 3e-3, 20., 0.05)),
    (Model::Mir, Source::Ratings, (8, None, 1e-3, 20., 0.05)),
    (Model::Mlp, Source::Ratings, (8, None, 1e-3, 20., 0.05)),
];

impl Source {
    /// The training plan of a method.
    pub fn plan(self, model: Model) -> TrainConfig {
        // What stands above a click is learned from few clicks each: PSAD profits from more and smaller steps.
        let batch_size = if (model, self) == (Model::Psad, Self::Simulated) { 32 } else { 128 };
        let common = TrainConfig { batch_size, ..TrainConfig::default() };
        match PLANS.iter().find(|(planned, source, _)| (*planned, *source) == (model, self)) {
            Some(&(_, _, (epochs, patience, learning_rate, table_rate, warm_up))) => {
                TrainConfig { epochs, patience, learning_rate, table_rate, warm_up, ..common }
            }
            None => common,
        }
    }

    /// The first for simulated users, the second for ratings.
    fn pick<T>(self, simulated: T, ratings: T) -> T {
        match self {
            Self::Simulated => simulated,
            Self::Ratings => ratings,
        }
    }

    /// Sizes that all methods but PSAD follow on simulated users; on ratings PSAD has them too.
    fn sizes(self) -> PsadConfig {
        self.pick(PsadConfig::default(), PsadConfig::small())
    }

    /// Sizes and weights of PSAD.
    pub fn psad(self) -> PsadConfig {
        // Ratings say what was liked, not what was clicked where, so both learn from the ideal order.
        let ratings = JointConfig {
            target: LearnsFrom::Ideal,
            hinge: 0.02,
            distillation: 0.005,
            temperature: 1.,
            ..JointConfig::default()
        };
        let sizes = PsadConfig::small();
        let objective = JointConfig { slots: Some(SLATE_LENGTH), ..JointConfig::default() };
        let clicks = PsadConfig { encoder: sizes.encoder.clone().with_embedding(16), objective, ..sizes.clone() };
        // Nothing was shown below anything, so there is no influence to learn.
        self.pick(clicks, PsadConfig { objective: ratings, influence: false, exposure: false, guide: false, ..sizes })
    }

    /// Sizes, weights and decoding of NAR4Rec. Learned from what was shown, as published, it comes no further than the
    /// logging policy, which is the ranker's order with noise; the more lists, the more contrast in decoding pays.
    pub fn nar4rec(self) -> Nar4RecConfig {
        let mut config = self.pick(Nar4RecConfig::default(), Nar4RecConfig::small());
        config.objective.target = Target::Ideal;
        config.strategy = Strategy::Contrastive { alpha: self.pick(0.3, 0.1) };
        config
    }

    /// Sizes of the inputs of most baselines, those of PSAD's encoder.
    fn encoder(self, positions: bool) -> PlainEncoderConfig {
        let sizes = self.sizes().encoder;
        PlainEncoderConfig { embedding: sizes.embedding, width: sizes.width, positions }
    }

    /// Sizes of PRM.
    pub fn prm(self) -> PrmConfig {
        let sizes = self.sizes().encoder;
        let config = PrmConfig::new().with_encoder(self.encoder(true)).with_layers(sizes.list_layers);
        config.with_heads(sizes.heads).with_feed_forward(sizes.feed_forward)
    }

    /// Sizes of `SetRank`.
    pub fn set_rank(self) -> SetRankConfig {
        let sizes = self.sizes().encoder;
        let config = SetRankConfig::new().with_encoder(self.encoder(false)).with_layers(sizes.list_layers);
        config.with_heads(sizes.heads).with_feed_forward(sizes.feed_forward)
    }

    /// Sizes of DLCM.
    pub fn dlcm(self) -> DlcmConfig {
        DlcmConfig::new().with_encoder(self.encoder(false)).with_hidden(self.pick(64, 32))
    }

    /// Sizes of Seq2Slate.
    pub fn seq2slate(self) -> Seq2SlateConfig {
        let config = Seq2SlateConfig::new().with_encoder(self.encoder(false));
        config.with_hidden(self.pick(64, 32)).with_pointer(self.sizes().pointer)
    }

    /// Sizes of MIR.
    pub fn mir(self) -> MirConfig {
        let (sizes, hidden) = (self.sizes().encoder, self.pick(32, 16));
        let config = MirConfig::new().with_embedding(sizes.embedding).with_width(sizes.width).with_heads(sizes.heads);
        config.with_hidden(hidden).with_pace_hidden(hidden).with_scorer_hidden(self.sizes().scorer_hidden)
    }

    /// Sizes of the pointwise network.
    pub fn mlp(self) -> PointwiseMlpConfig {
        PointwiseMlpConfig::new().with_encoder(self.encoder(false)).with_hidden(self.sizes().scorer_hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_one_plan_for_each_input() {
        for &model in Model::value_variants() {
            for source in [Source::Simulated, Source::Ratings] {
                let planned = PLANS.iter().filter(|(planned, from, _)| (*planned, *from) == (model, source)).count();
                assert_eq!(planned, 1, "{model:?}, {source:?}");
                source.plan(model).check().unwrap();
            }
        }
    }
}
