//! What is fitted: every method at one size, by one plan.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, Result};
use psad::burn::module::Module;
use psad::core::ModelFile;
use psad::methods::{Nar4RecConfig, PlainEncoderConfig, PointwiseMlpConfig};
use psad::train::{TrainConfig, Trainer};
use psad::{LabeledList, Method, MethodConfig, PsadConfig, PsadModel, Reranker, ValidationPoint};

use super::diversified;
use super::evaluated::EVALUATED;
use super::lists::{Kind, Lists};
use super::pool::{STUDENT, TEACHER};
use super::scale::Scale;
use super::sweeps::SWEPT;
use super::variants::{BLOCK_SIZE, Change, UNDISTILLED, Variant};
use crate::{Model, Source};

/// What is trained on an input, in the order of the tables.
pub(crate) fn methods(kind: Kind) -> Vec<Unit> {
    // How near to the best slate PSAD comes is all that is asked there.
    if kind.is_exhaustive() {
        return vec![Unit::plain(Model::Psad)];
    }
    let others = [Model::Mlp, Model::Dlcm, Model::Prm, Model::SetRank, Model::Mir, Model::Seq2Slate, Model::Nar4Rec];
    others.map(Unit::plain).into_iter().chain([Unit::EVALUATED, Unit::plain(Model::Psad)]).collect()
}

/// A method, or a variant of PSAD.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    /// The method.
    pub(crate) model: Model,
    /// What is changed of PSAD.
    pub(crate) variant: Option<&'static Variant>,
    /// Whether it goes over the lists more often.
    pub(crate) is_long: bool,
    /// Whether it proposes slates of which an evaluator chooses one.
    pub(crate) is_evaluated: bool,
}

impl Unit {
    /// NAR4Rec whose proposals are judged.
    const EVALUATED: Self = Self { is_evaluated: true, ..Self::plain(Model::Nar4Rec) };

    /// A method as it is.
    pub(crate) const fn plain(model: Model) -> Self {
        Self { model, variant: None, is_long: false, is_evaluated: false }
    }

    /// PSAD with a change.
    pub(crate) fn varied(variant: &'static Variant) -> Self {
        Self { variant: Some(variant), ..Self::plain(Model::Psad) }
    }

    /// The same, going over the lists more often.
    pub(crate) fn long(self) -> Self {
        Self { is_long: true, ..self }
    }

    /// The method that this is, or is a change of.
    pub(crate) fn method(self) -> Self {
        Self { variant: None, is_long: false, ..self }
    }

    /// Its name in tables.
    pub(crate) fn label(self) -> &'static str {
        let [once, longer] = match (self.variant, self.model) {
            (Some(variant), _) => [variant.label; 2],
            (None, Model::Psad) => ["PSAD", "PSAD, more passes"],
            (None, Model::Nar4Rec) if self.is_evaluated => [EVALUATED, "NAR4Rec + evaluator, more passes"],
            (None, Model::Nar4Rec) => ["NAR4Rec", "NAR4Rec, more passes"],
            (None, Model::Prm) => ["PRM", "PRM, more passes"],
            (None, Model::SetRank) => ["SetRank", "SetRank, more passes"],
            (None, Model::Dlcm) => ["DLCM", "DLCM, more passes"],
            (None, Model::Seq2Slate) => ["Seq2Slate", "Seq2Slate, more passes"],
            (None, Model::Mir) => ["MIR", "MIR, more passes"],
            (None, Model::Mlp) => ["MLP", "MLP, more passes"],
        };
        if self.is_long { longer } else { once }
    }
}

/// A fitted method.
pub(crate) struct Fit {
    /// Mean over its rerankers of what they reach on the validation lists.
    pub(crate) validation: f64,
    /// Values that each reranker has learned, without the rows of the tables.
    pub(crate) weights: Vec<(&'static str, usize)>,
    /// What one of them chose on the validation lists beside: how much it mixes categories, or of how many proposals it takes
    /// the best.
    pub(crate) strength: Option<f64>,
    /// The rerankers under their names.
    pub(crate) rerankers: Vec<(&'static str, Arc<dyn Reranker>)>,
    /// What would be saved, of methods that can be served without burn.
    pub(crate) file: Option<ModelFile>,
}

impl fmt::Debug for Fit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fit").field("validation", &self.validation).finish_non_exhaustive()
    }
}

/// One fit to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    /// On which lists.
    pub(crate) lists: &'a Lists,
    /// Of what.
    pub(crate) unit: Unit,
    /// How fast.
    pub(crate) rate: f64,
}

/// PSAD at the sizes that those of all others follow, so that one computer does it in an hour or so.
pub(crate) fn psad(kind: Kind) -> PsadConfig {
    let ratings = Source::Ratings.psad();
    if kind == Kind::Ratings {
        return ratings;
    }
    // Simulated users were shown slates, and click: teacher and student learn from that.
    let mut config = Source::Simulated.psad().planning(kind.slots());
    config.objective.block_size = BLOCK_SIZE;
    config
}

/// NAR4Rec decodes as was found best for each kind of input.
fn nar4rec(kind: Kind) -> Nar4RecConfig {
    let chosen = if kind == Kind::Ratings { Source::Ratings } else { Source::Simulated };
    let sizes = Source::Ratings.nar4rec();
    Nar4RecConfig {
        encoder: sizes.encoder.with_embedding(embedding(kind)),
        strategy: chosen.nar4rec().strategy,
        ..sizes
    }
}

/// The width of PSAD's embedding rows, which all have.
fn embedding(kind: Kind) -> usize {
    psad(kind).encoder.embedding
}

impl Job<'_> {
    /// Fits it on one thread.
    pub(crate) fn fit(&self, scale: &Scale) -> Result<Fit> {
        let (sizes, embedding) = (Source::Ratings, embedding(self.lists.kind));
        let wide = |encoder: PlainEncoderConfig| encoder.with_embedding(embedding);
        let fit = match self.unit.model {
            Model::Psad => {
                let mut config = psad(self.lists.kind);
                if let Some(variant) = self.unit.variant {
                    variant.apply(&mut config);
                    if let Change::Offline = variant.change {
                        return self.offline(config, scale);
                    }
                }
                self.taught(config, scale)
            }
            Model::Nar4Rec if self.unit.is_evaluated => self.evaluated(&nar4rec(self.lists.kind), scale),
            Model::Nar4Rec => self.fitted(nar4rec(self.lists.kind), scale, true),
            Model::Prm => self.fitted(sizes.prm().with_encoder(wide(sizes.prm().encoder)), scale, false),
            Model::SetRank => self.fitted(sizes.set_rank().with_encoder(wide(sizes.set_rank().encoder)), scale, false),
            Model::Dlcm => self.fitted(sizes.dlcm().with_encoder(wide(sizes.dlcm().encoder)), scale, false),
            Model::Seq2Slate => {
                self.fitted(sizes.seq2slate().with_encoder(wide(sizes.seq2slate().encoder)), scale, false)
            }
            Model::Mir => self.fitted(sizes.mir().with_embedding(embedding), scale, false),
            Model::Mlp => self.pointwise(sizes.mlp().with_encoder(wide(sizes.mlp().encoder)), scale),
        };
        fit.with_context(|| format!("fitting {self}"))
    }

    pub(crate) fn fitted<C: MethodConfig>(&self, config: C, scale: &Scale, served: bool) -> Result<Fit> {
        let method = Method::new(&self.lists.schema, config, self.lists.seed)?;
        Ok(self.trained(method, scale, served)?.1)
    }

    /// PSAD, and where a table shows it, its student with other numbers of sweeps.
    fn taught(&self, config: PsadConfig, scale: &Scale) -> Result<Fit> {
        let method = Method::new(&self.lists.schema, config, self.lists.seed)?;
        let (method, mut fit) = self.trained(method, scale, true)?;
        fit.weights = weights(method.model());
        let shown = self.unit.variant.is_none_or(|variant| variant.label == UNDISTILLED) && !self.unit.is_long;
        if shown && matches!(self.lists.kind, Kind::Medium | Kind::Strong) {
            for (sweeps, name) in SWEPT.into_iter().filter(|(_, name)| *name != STUDENT) {
                fit.rerankers.push((name, Arc::new(method.student_refined(sweeps))));
            }
        }
        Ok(fit)
    }

    /// The pointwise network, and what it is worth with its categories mixed.
    fn pointwise(&self, config: PointwiseMlpConfig, scale: &Scale) -> Result<Fit> {
        let method = Method::new(&self.lists.schema, config, self.lists.seed)?;
        let (method, mut fit) = self.trained(method, scale, false)?;
        let mixed = diversified::best(diversified::OF_MLP, || method.scorer(), self.lists)?;
        fit.rerankers.push((diversified::OF_MLP, mixed.reranker));
        Ok(Fit { strength: Some(mixed.strength), ..fit })
    }

    /// Trains a method from where it stands.
    pub(crate) fn trained<C: MethodConfig>(
        &self,
        method: Method<C>,
        scale: &Scale,
        served: bool,
    ) -> Result<(Method<C>, Fit)> {
        let lists = self.lists;
        let train: Vec<&LabeledList> = lists.train.iter().collect();
        let trainer = Trainer::new(self.plan(scale))?;
        let fitted = method.fit_by(trainer, &train, |method| {
            let (name, value) = (C::NAME.to_owned(), validated(method, lists)?);
            Ok(ValidationPoint { values: vec![(name, value)] })
        })?;
        let best = fitted.epochs.iter().map(|epoch| epoch.validation).fold(f64::NEG_INFINITY, f64::max);
        let file = served.then(|| fitted.method.to_file()).transpose()?;
        let weights = vec![(C::NAME, fitted.method.model().num_params())];
        let rerankers = fitted.method.rerankers();
        Ok((fitted.method, Fit { validation: best, weights, strength: None, rerankers, file }))
    }

    pub(crate) fn plan(&self, scale: &Scale) -> TrainConfig {
        let (epochs, batch_size, source) = match self.lists.kind {
            Kind::Ratings => (scale.ratings_epochs, scale.ratings_batch_size, Source::Ratings),
            _ if self.unit.is_long => (scale.long_epochs, scale.batch_size, Source::Simulated),
            _ => (scale.epochs, scale.batch_size, Source::Simulated),
        };
        let (learning_rate, seed) = (self.rate, self.lists.seed);
        // The fits share the cores, not their batches.
        let workers = 1;
        let mut plan = source.plan(self.unit.model);
        if (self.unit.model, source) == (Model::Psad, Source::Simulated) {
            // Under one limit, what the student asks for would shorten the steps of its teacher, who would be another one
            // without distillation.
            plan.clip_norm = None;
        }
        TrainConfig { epochs, batch_size, learning_rate, workers, seed, patience: None, ..plan }
    }
}

/// What teacher and student have learned; they share all but the parts that are theirs alone.
fn weights(model: &PsadModel) -> Vec<(&'static str, usize)> {
    let all = model.num_params();
    let of_teacher = model.generator.num_params() + model.base.num_params();
    let of_student = model.scorer.num_params() + model.guide.num_params() + model.guidance.num_params();
    vec![(TEACHER, all - of_student), (STUDENT, all - of_teacher)]
}

impl fmt::Display for Job<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lists { kind, seed, .. } = self.lists;
        write!(formatter, "{}, seed {seed}, {}, rate {}", kind.name(), self.unit.label(), self.rate)
    }
}

/// What a method's rerankers reach on the validation lists, in the mean.
fn validated<C: MethodConfig>(method: &Method<C>, lists: &Lists) -> Result<f64> {
    let rerankers = method.rerankers();
    let mut sum = 0.;
    for (_, reranker) in &rerankers {
        sum += lists.validated(reranker)?;
    }
    Ok(sum / rerankers.len().max(1) as f64)
}
