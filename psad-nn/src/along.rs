//! What a generator says along a slate that is given.

use burn::tensor::{Device, Int, Tensor, TensorData};
use ndarray::{Array2, Axis};
use psad_core::{Request, RerankError, Slate, SlateError};
use psad_decode::BlockSchedule;

use crate::generate::read;
use crate::{Generator, ListEncoder, ListScorer, Student, Teacher, TensorReranker};

impl<E: ListEncoder, G: Generator> TensorReranker<Teacher<E, G>> {
    /// The logits of every slot of a slate, `[slots, candidates]`, as the decoder meets them when it fills the slate block
    /// by block: each block is computed with the slate's picks in the blocks before it, and each slot with
    /// the influence of all that stand above it. No strategy and no rule has a
    /// say, so another implementation of the generator can be held against them whatever it would have picked.
    ///
    /// What stands for candidates that were placed before is the generator's own.
    ///
    /// # Errors
    /// [`RerankError::EmptySlate`], [`RerankError::Slate`] for a slate of another number of candidates,
    /// [`RerankError::Schema`] for a request that does not fit.
    pub fn logits_along(&self, request: &Request, slate: &Slate) -> Result<Array2<f32>, RerankError> {
        check(request, slate)?;
        let teacher = self.model();
        let schedule = BlockSchedule::new(slate.len(), teacher.block_size).map_err(RerankError::other)?;
        let encoded = teacher.encoder.encode(&self.batch(&[request])?);
        let device = encoded.items.device();
        let mut state = teacher.generator.start(&encoded);
        let mut blocks = Vec::new();
        for slots in schedule.blocks() {
            blocks.push(teacher.generator.block_logits(&encoded, &state, slots.clone()));
            if slots.end < slate.len() {
                let picks: Vec<i32> = slate.as_slice()[slots.clone()].iter().map(|&item| item as i32).collect();
                let picks = Tensor::from_data(TensorData::new::<i32, _>(picks, [1, slots.len()]), &device);
                state = teacher.generator.advance(&encoded, state, slots, picks);
            }
        }
        let mut logits = Tensor::cat(blocks, 1);
        if let Some(influence) = teacher.between(&encoded) {
            logits = logits + influence.along(&placed(slate, &device));
        }
        let logits = read(logits).map_err(RerankError::other)?;
        Ok(logits.index_axis_move(Axis(0), 0))
    }
}

impl<E: ListEncoder, S: ListScorer> TensorReranker<Student<E, S>> {
    /// The scores of every slot of a slate, `[slots, candidates]`, in the light of what stands above it in the
    /// slate, before any refinement.
    ///
    /// # Errors
    /// As of a teacher's `logits_along`.
    pub fn scores_along(&self, request: &Request, slate: &Slate) -> Result<Array2<f32>, RerankError> {
        check(request, slate)?;
        let student = self.model();
        let encoded = student.encoder.encode(&self.batch(&[request])?);
        let rows = if let Some(influence) = &student.influence {
            let (rows, influence) = student.picking(&encoded, influence.between(&encoded), slate.len());
            rows + influence.along(&placed(slate, &encoded.items.device()))
        } else {
            let scores = student.scorer.score(&encoded);
            let [_, candidates] = scores.dims();
            scores.reshape([1, 1, candidates]).expand([1, slate.len(), candidates])
        };
        Ok(read(rows).map_err(RerankError::other)?.index_axis_move(Axis(0), 0))
    }
}

fn check(request: &Request, slate: &Slate) -> Result<(), RerankError> {
    let (candidates, found) = (request.candidates().len(), slate.candidates());
    if candidates != found {
        return Err(SlateError::Length { candidates, found }.into());
    }
    if slate.is_empty() { Err(RerankError::EmptySlate) } else { Ok(()) }
}

/// What a slate holds, `[1, slots]`.
fn placed(slate: &Slate, device: &Device) -> Tensor<2, Int> {
    let items: Vec<i32> = slate.iter().map(|item| item as i32).collect();
    Tensor::from_data(TensorData::new::<i32, _>(items, [1, slate.len()]), device)
}
