//! A generator trained alone.

use burn::module::Module;
use psad_decode::BlockSchedule;

use crate::{Generator, ListBatch, ListEncoder, LossParts, Objective, SlotTargets, TiedTargets, generator_loss};

/// Encoder and generator with the cross-entropy of teacher forcing on `π*`: the way to train a [`Generator`] of one's
/// own, and a teacher without its student.
#[derive(Module, Debug)]
pub struct GeneratorObjective<E, G> {
    /// Encodes the lists.
    pub encoder: E,
    /// Builds the slates.
    pub generator: G,
    #[module(skip)]
    block_size: usize,
}

impl<E: ListEncoder, G: Generator> GeneratorObjective<E, G> {
    /// Joins the parts; the generator learns to fill whole lists in blocks of `block_size` (at least 1).
    pub fn new(encoder: E, generator: G, block_size: usize) -> Self {
        Self { encoder, generator, block_size: block_size.max(1) }
    }
}

impl<E: ListEncoder, G: Generator> Objective for GeneratorObjective<E, G> {
    /// The part `cross-entropy`; none for a batch without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let Some(labels) = &batch.labels else { return LossParts::default() };
        let encoded = self.encoder.encode(batch);
        let [_, candidates] = encoded.pad.dims();
        let Ok(schedule) = BlockSchedule::new(candidates, self.block_size) else { return LossParts::default() };
        let targets = SlotTargets::new(labels, &encoded.ranker, &encoded.lens, schedule, TiedTargets::default());
        let logits = self.generator.teacher_forced(&encoded, schedule, targets.order.clone());
        LossParts::default().with("cross-entropy", 1., generator_loss(logits, &targets).cross_entropy)
    }
}
