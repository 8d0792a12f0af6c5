//! Teacher and student trained together.

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, activation};
use psad_decode::BlockSchedule;
use psad_nn::{
    Encoded, Exposure, Generator, Influence, LabelBatch, ListBatch, ListEncoder, ListScorer, LossParts, Objective,
    PairGuidance, PairInfluence, ShownTargets, SlotTargets, generator_loss, picking, pointwise_loss,
};

use crate::distillation::UNAVAILABLE;
use crate::own::OwnSlates;
use crate::{
    DistillationForm, JointConfig, JointConfigError, Target, collapse, distillation_loss, row_wise_distillation_loss,
};

/// `L = L_gen + L_scorer + μ L_influence + α L_KD` over one shared encoder.
#[derive(Module, Debug)]
pub struct JointObjective<E, G, S> {
    /// What both read.
    pub encoder: E,
    /// The teacher.
    pub generator: G,
    /// The student.
    pub scorer: S,
    /// The scores that the teacher starts from.
    pub base: S,
    /// What placed candidates do to those below them, for both.
    pub influence: Option<PairInfluence>,
    /// How likely a slot of a shown slate was looked at, for both.
    pub exposure: Option<Exposure>,
    /// What the student adds to its scores to pick as the teacher does; without it, distillation trains the scorer itself.
    pub guide: Option<S>,
    /// What the student adds to the influence and foresees of it, for the same; the collapsed form does not teach it.
    pub guidance: Option<PairGuidance>,
    #[module(skip)]
    config: JointConfig,
}

/// What the losses of a batch have in common.
struct Forced<'a> {
    encoded: &'a Encoded,
    labels: &'a LabelBatch,
    shown: &'a ShownTargets,
    /// What is placed above adds to every slot along the target.
    above: Option<Tensor<3>>,
    exposure: Option<Tensor<2>>,
}

impl<E: ListEncoder, G: Generator, S: ListScorer> JointObjective<E, G, S> {
    /// Joins the parts.
    ///
    /// # Errors
    /// As [`JointConfig::check`].
    pub fn new(
        encoder: E,
        generator: G,
        [base, scorer]: [S; 2],
        config: JointConfig,
    ) -> Result<Self, JointConfigError> {
        config.check()?;
        let (influence, exposure, guide, guidance) = (None, None, None, None);
        Ok(Self { encoder, generator, scorer, base, influence, exposure, guide, guidance, config })
    }

    /// Lets what is placed act on what stands below, in both.
    #[must_use]
    pub fn with_influence(self, influence: Option<PairInfluence>) -> Self {
        Self { influence, ..self }
    }

    /// Explains by the slot what the slot explains, when learning from shown slates.
    #[must_use]
    pub fn with_exposure(self, exposure: Option<Exposure>) -> Self {
        Self { exposure, ..self }
    }

    /// Has parts of the student's own learn from the teacher, and nothing else: `guide` reads the scorer's scores in the
    /// ranker's place, `guidance` joins the influence and foresees by it, if there is one. With a guide neither scorer nor
    /// encoder is drawn away from the clicks.
    #[must_use]
    pub fn with_guide(self, guide: Option<S>, guidance: Option<PairGuidance>) -> Self {
        Self { guide, guidance, ..self }
    }

    fn all(&self, batch: &ListBatch, labels: &LabelBatch) -> Option<LossParts> {
        let encoded = self.encoder.encode(batch);
        let [_, candidates] = encoded.pad.dims();
        let slots = self.config.slots.unwrap_or(candidates).min(candidates);
        let whole = BlockSchedule::new(candidates, self.config.block_size).ok()?;
        let shown = self.shown(labels, &encoded, &labels.targets);
        // Where all is known that was shown, nobody asks for the ideal order.
        let ideal = || SlotTargets::new(labels, &encoded.ranker, &encoded.lens, whole, self.config.ties);
        let ideal = (!shown.all).then(ideal);
        let shown = ideal.as_ref().map_or(shown, |ideal| self.shown(labels, &encoded, &ideal.order));
        let influence = self.influence.as_ref().map(|influence| influence.between(&encoded));
        let above = influence.as_ref().map(|influence| influence.along(&shown.order));
        let exposure = self.exposure.as_ref().map(|exposure| exposure.of(&encoded, candidates));
        let scores = self.scorer.score(&encoded);
        // The teacher starts from scores of its own and learns what the slate so far changes.
        let base = self.base.score(&encoded);
        let encoded = Encoded { ranker: base, ..encoded };
        let forced = Forced { encoded: &encoded, labels, shown: &shown, above, exposure };
        let mut parts = if self.config.distillation_only {
            LossParts::default()
        } else {
            self.learned(&forced, ideal.as_ref(), whole, &scores)
        };
        if let Some(influence) = influence.as_ref().filter(|_| self.config.penalises_influence()) {
            parts = parts.with("influence", self.config.influence_penalty, mean_square(influence, &encoded));
        }
        // A part without weight gets no backward pass; its graph would only pile up, so none is built.
        if self.config.distillation != 0. {
            let schedule = BlockSchedule::new(slots, self.config.block_size).ok()?;
            if let Some(own) = self.distilled(&encoded, influence, &scores, schedule) {
                // Lists without contrast teach the generator nothing, so it has nothing to pass on.
                let known = shown.known.clone();
                let teaching = known.clone() + (known * -1. + 1.) * labels.contrast.clone();
                parts = parts.with("distillation", self.config.distillation, own * teaching);
            }
        }
        Some(parts)
    }

    fn shown(&self, labels: &LabelBatch, encoded: &Encoded, ideal: &Tensor<2, Int>) -> ShownTargets {
        match self.config.target {
            Target::Shown => ShownTargets::new(labels, &encoded.lens, ideal, self.config.max_label),
            Target::Ideal => {
                let unknown = LabelBatch { shown: Vec::new(), ..labels.clone() };
                ShownTargets::new(&unknown, &encoded.lens, ideal, self.config.max_label)
            }
        }
    }

    /// What both learn from clicks or labels.
    fn learned(
        &self,
        forced: &Forced<'_>,
        ideal: Option<&SlotTargets>,
        schedule: BlockSchedule,
        scores: &Tensor<2>,
    ) -> LossParts {
        self.taught(forced, ideal, schedule).with("scorer", 1., self.scored(forced, scores.clone()))
    }

    /// The teacher's part, along what was shown or along the ideal order.
    fn taught(&self, forced: &Forced<'_>, ideal: Option<&SlotTargets>, schedule: BlockSchedule) -> LossParts {
        let Forced { encoded, shown, above, exposure, .. } = forced;
        let logits = self.generator.teacher_forced(encoded, schedule, shown.order.clone());
        let logits = added(logits, above.clone());
        let clicks = shown.any.then(|| shown.click_loss(logits.clone(), exposure.clone()));
        let Some(ideal) = ideal else {
            return clicks
                .map_or_else(LossParts::default, |clicks| LossParts::default().with("cross-entropy", 1., clicks));
        };
        let sorted = generator_loss(logits, ideal);
        let unknown = shown.known.clone() * -1. + 1.;
        let cross_entropy = sorted.cross_entropy * unknown.clone();
        let cross_entropy = clicks.map_or(cross_entropy.clone(), |clicks| clicks + cross_entropy);
        let parts = LossParts::default().with("cross-entropy", 1., cross_entropy);
        if self.config.hinge == 0. {
            return parts;
        }
        parts.with("hinge", self.config.hinge, sorted.hinge * unknown)
    }

    /// The student's part.
    fn scored(&self, forced: &Forced<'_>, scores: Tensor<2>) -> Tensor<1> {
        let Forced { encoded, labels, shown, above, exposure } = forced;
        let [batch, candidates] = encoded.pad.dims();
        let clicks = shown.any.then(|| {
            let rows = scores.clone().reshape([batch, 1, candidates]).expand([batch, candidates, candidates]);
            shown.click_loss(added(rows, above.clone()), exposure.clone())
        });
        match clicks {
            Some(clicks) if shown.all => clicks,
            clicks => {
                let unknown = shown.known.clone() * -1. + 1.;
                let (values, pad) = (labels.values.clone(), encoded.pad.clone());
                let sorted = pointwise_loss(scores, values, pad, self.config.max_label) * unknown;
                clicks.map_or(sorted.clone(), |clicks| clicks + sorted)
            }
        }
    }

    /// What the teacher would do, slot by slot along its own slate, passed on to the student.
    fn distilled(
        &self,
        encoded: &Encoded,
        influence: Option<Influence>,
        scores: &Tensor<2>,
        schedule: BlockSchedule,
    ) -> Option<Tensor<1>> {
        let JointConfig { decay, temperature, form, .. } = self.config;
        // Detached, so that no graph is built for the teacher's side.
        let encoded = detached(encoded);
        let influence = influence.map(Influence::detach);
        let exposure = self.exposure.as_ref().map(|exposure| exposure.of(&encoded, encoded.pad.dims()[1]).detach());
        let planned = influence.clone().map(|influence| Influence { exposure, ..influence });
        let own = OwnSlates::of(&self.generator, &encoded, planned, schedule, &self.config.strategy)?;
        let order = own.order.clone().narrow(1, 0, schedule.slots());
        let above = influence.clone().map(|influence| influence.along(&order));
        let matrix = || {
            let logits = self.generator.teacher_forced(&encoded, schedule, own.order.clone()).detach();
            activation::softmax(added(logits, above.clone()).mask_fill(own.unavailable.clone(), UNAVAILABLE), 2)
        };
        let [batch, slots, candidates] = own.unavailable.dims();
        // Nothing of the student but guide and guidance, where there are any, learns from the teacher.
        let clicks = Encoded { ranker: scores.clone().detach(), ..encoded.clone() };
        let scores = self.guide.as_ref().map_or_else(|| scores.clone(), |guide| guide.score(&clicks));
        let row_wise = |matrix| {
            let rows = match influence.clone() {
                Some(influence) => {
                    let guidance = self.guidance.as_ref();
                    let (rows, influence) = picking(&clicks, scores.clone(), influence, guidance, slots);
                    rows + influence.along(&order)
                }
                None => scores.clone().reshape([batch, 1, candidates]).expand([batch, slots, candidates]),
            };
            let unavailable = own.unavailable.clone();
            row_wise_distillation_loss(matrix, unavailable, &encoded.lens, rows, temperature, decay)
        };
        Some(match form {
            DistillationForm::Slate => row_wise(own.picks.clone()),
            DistillationForm::RowWise => row_wise(matrix()),
            DistillationForm::Collapsed => {
                let guidance = collapse(matrix(), &encoded.lens, decay);
                distillation_loss(guidance, scores.clone(), encoded.pad.clone(), temperature)
            }
        })
    }
}

/// Mean square of what a list's candidates do to those below them, in an order drawn at random, `[batch]`. Of pairs
/// alone it would be evaded: they can shrink while the factors per distance grow.
fn mean_square(influence: &Influence, encoded: &Encoded) -> Tensor<1> {
    let ([batch, candidates], device) = (encoded.pad.dims(), encoded.pad.device());
    let pad = |shape| encoded.pad.clone().reshape(shape).expand([batch, candidates, candidates]);
    let pairs =
        influence.pairs.clone().mask_fill(pad([batch, 1, candidates]), 0.).mask_fill(pad([batch, candidates, 1]), 0.);
    let pairs = (pairs.clone() * pairs).sum_dim(2).sum_dim(1).reshape([batch]);
    let [distances] = influence.reach.dims();
    // Of `len (len - 1)` pairs, twice as many stand `far` slots apart as there are places for both.
    let part = |len: usize, far: usize| {
        let pairs = (len * len.saturating_sub(1)).max(1) as f32;
        2. * len.saturating_sub(far) as f32 / (pairs * pairs)
    };
    let parts = encoded.lens.iter().flat_map(|&len| (1..=distances).map(move |far| part(len, far)));
    let parts = TensorData::new::<f32, _>(parts.collect(), [batch, distances]);
    let reach = influence.reach.clone().reshape([1, distances]);
    pairs * (Tensor::<2>::from_data(parts, &device) * reach.clone() * reach).sum_dim(1).reshape([batch])
}

fn added(logits: Tensor<3>, above: Option<Tensor<3>>) -> Tensor<3> {
    match above {
        Some(above) => logits + above,
        None => logits,
    }
}

fn detached(encoded: &Encoded) -> Encoded {
    Encoded {
        items: encoded.items.clone().detach(),
        inputs: encoded.inputs.clone().detach(),
        raw: encoded.raw.clone().detach(),
        profile: encoded.profile.clone().detach(),
        ranker: encoded.ranker.clone().detach(),
        ..encoded.clone()
    }
}

impl<E: ListEncoder, G: Generator, S: ListScorer> Objective for JointObjective<E, G, S> {
    /// The parts `cross-entropy`, `hinge`, `scorer`, `influence` and `distillation`, without those of weight 0, and without
    /// `hinge` where every list is learned from as it was shown; none for a batch without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        batch.labels.as_ref().and_then(|labels| self.all(batch, labels)).unwrap_or_default()
    }
}
