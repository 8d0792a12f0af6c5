//! What a generator says along a slate that is given.

use burn::tensor::{Tensor, TensorData};
use ndarray::{Array2, Axis};
use psad_core::{Request, RerankError, Slate, SlateError};
use psad_decode::BlockSchedule;

use crate::generate::read;
use crate::{Generator, ListEncoder, Teacher, TensorReranker};

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
        let (candidates, found) = (request.candidates().len(), slate.candidates());
        if candidates != found {
            return Err(SlateError::Length { candidates, found }.into());
        }
        if slate.is_empty() {
            return Err(RerankError::EmptySlate);
        }
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
            let placed: Vec<i32> = slate.iter().map(|item| item as i32).collect();
            let placed = TensorData::new::<i32, _>(placed, [1, slate.len()]);
            logits = logits + influence.along(&Tensor::from_data(placed, &device));
        }
        let logits = read(logits).map_err(RerankError::other)?;
        Ok(logits.index_axis_move(Axis(0), 0))
    }
}
