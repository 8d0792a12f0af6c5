//! The bridge between a tensor generator and the decoder on the host.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};
use ndarray::{Array2, Array3, ArrayView2, Axis};
use psad_core::SlateBuilder;
use psad_decode::{BlockModel, BlockSchedule, DecodeError, Decoded, Hypothesis, ScoreBlock, Strategy, decode_into};
use thiserror::Error;

use crate::{DecoderState, Encoded, Generator, Influence};

/// Decodes one slate (or several, as the strategy says) for every list of a batch. The network runs once per block
/// for the whole batch; picking happens on the host.
///
/// # Errors
/// [`GenerateError`] for a strategy whose numbers are wrong, or a network that answers NaN.
pub fn generate<G: Generator>(
    generator: &G,
    encoded: &Encoded,
    schedule: BlockSchedule,
    strategy: &Strategy,
) -> Result<Vec<Vec<Decoded>>, GenerateError> {
    let slates = encoded.lens.iter().map(|&candidates| SlateBuilder::new(candidates)).collect();
    generate_into(generator, encoded, slates, schedule, strategy, None)
}

/// As [`generate`], for lists with rules: slates are filled from copies of `slates`, one empty one per list, and take
/// only what these offer; see [`ListBatch::slate_builders`](crate::ListBatch::slate_builders). With an influence, each slot
/// sees what stands above it, in its own block too.
///
/// # Errors
/// As [`generate`]; [`GenerateError`] for a schedule that is too short for the slates, or slates that are not empty.
pub fn generate_into<G: Generator>(
    generator: &G,
    encoded: &Encoded,
    slates: Vec<SlateBuilder>,
    schedule: BlockSchedule,
    strategy: &Strategy,
    influence: Option<Influence>,
) -> Result<Vec<Vec<Decoded>>, GenerateError> {
    let influence = influence.map_or(Ok(Vec::new()), Influence::on_host);
    let influence = influence.map_err(|error| GenerateError(Box::new(DecodeError::Model(error))))?;
    let influence = influence.into_iter().map(Arc::new).collect();
    let rows = encoded.clone();
    let mut network = Network { generator, encoded, rows, state: None, block: 0..0, vectors: None, influence };
    match decode_into(strategy, schedule, slates, &mut network) {
        Ok(decoded) => Ok(decoded),
        Err(error) => Err(GenerateError(Box::new(error))),
    }
}

/// A network that answered nonsense, or a strategy that cannot be followed.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct GenerateError(Box<DecodeError<ReadError>>);

/// The device did not give the numbers back.
#[derive(Debug, Error)]
#[error("what the network answers cannot be read from its device: {0}")]
pub(crate) struct ReadError(pub(crate) String);

impl From<Infallible> for ReadError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

struct Network<'a, G: Generator> {
    generator: &'a G,
    encoded: &'a Encoded,
    /// The encoding of each hypothesis' list.
    rows: Encoded,
    state: Option<G::State>,
    /// The block that `state` has not seen yet.
    block: Range<usize>,
    /// What the candidates are compared by, `[batch, candidates, width]`, once it was asked for.
    vectors: Option<Array3<f32>>,
    /// What placed candidates do to those below them, by list.
    influence: Vec<Arc<psad_decode::Influence>>,
}

impl<G: Generator> Network<'_, G> {
    /// Follows the hypotheses: each extends its parent by the picks of the last block.
    fn follow(&mut self, hypotheses: &[Hypothesis]) -> G::State {
        let Some(state) = self.state.take() else {
            return self.generator.start(&self.rows);
        };
        let device = self.rows.items.device();
        let same = hypotheses.iter().enumerate().all(|(index, hypothesis)| hypothesis.parent == index);
        let state = if same && hypotheses.len() == self.rows.lens.len() {
            state
        } else {
            let lists: Vec<usize> = hypotheses.iter().map(|hypothesis| hypothesis.list).collect();
            self.rows = self.encoded.select(&lists);
            let parents: Vec<i32> = hypotheses.iter().map(|hypothesis| hypothesis.parent as i32).collect();
            state.select(&Tensor::<1, Int>::from_data(parents.as_slice(), &device))
        };
        let block = self.block.clone();
        // A list that is filled already has no pick here; item 0 stands in and is ignored.
        let picks: Vec<i32> = hypotheses
            .iter()
            .flat_map(|hypothesis| {
                let placed = hypothesis.placed();
                block.clone().map(|slot| placed.get(slot).map_or(0, |&item| item as i32))
            })
            .collect();
        let picks = TensorData::new::<i32, _>(picks, [hypotheses.len(), block.len()]);
        self.generator.advance(&self.rows, state, block, Tensor::from_data(picks, &device))
    }
}

impl<G: Generator> BlockModel for Network<'_, G> {
    type Error = ReadError;

    fn block_logits(&mut self, hypotheses: &[Hypothesis], slots: Range<usize>) -> Result<Vec<ScoreBlock>, ReadError> {
        let state = self.follow(hypotheses);
        let logits = self.generator.block_logits(&self.rows, &state, slots.clone());
        self.state = Some(state);
        self.block = slots;
        let blocks = read(logits)?;
        let block = |(block, hypothesis): (ArrayView2<'_, f32>, &Hypothesis)| {
            let block = ScoreBlock::new(block.to_owned());
            match self.influence.get(hypothesis.list) {
                Some(influence) => block.with_influence(influence.clone()),
                None => block,
            }
        };
        Ok(blocks.outer_iter().zip(hypotheses).map(block).collect())
    }

    fn vectors(&mut self, list: usize) -> Result<Option<Array2<f32>>, ReadError> {
        let vectors = match &mut self.vectors {
            Some(vectors) => vectors,
            // One transfer for the whole batch.
            none => none.insert(read(self.generator.vectors(self.encoded))?),
        };
        let of_list = vectors.index_axis(Axis(0), list);
        let candidates = ..self.encoded.lens[list];
        Ok(Some(of_list.slice_axis(Axis(0), candidates.into()).to_owned()))
    }
}

/// Brings a tensor to the host.
pub(crate) fn read(tensor: Tensor<3>) -> Result<Array3<f32>, ReadError> {
    let shape = tensor.dims();
    let values = tensor.try_into_vec_as::<f32>().map_err(|error| ReadError(format!("{error:?}")))?;
    Array3::from_shape_vec(shape, values).map_err(|error| ReadError(error.to_string()))
}
