//! A slate in one pass of the network.

use burn::module::Module;
use burn::tensor::Tensor;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Slice};
use psad_core::{RerankError, Slate, SlateBuilder};
use psad_decode::{Picker, Strategy, expected_clicks, refine};

use crate::generate::read;
use crate::{
    Encoded, Exposure, Influence, ListBatch, ListEncoder, ListScorer, PairGuidance, PairInfluence, RerankModel, picking,
};

/// Encoder and scorer: one pass, then sorting, or picking in the light of what stands above. PSAD-S is one.
#[derive(Module, Debug)]
pub struct Student<E, S> {
    /// Encodes the list.
    pub encoder: E,
    /// Scores its candidates.
    pub scorer: S,
    /// What placed candidates do to those below them; without it, slates are sorted by score.
    pub influence: Option<PairInfluence>,
    /// What a teacher adds to that, for picking alone.
    pub guidance: Option<PairGuidance>,
    /// How likely slots are looked at, for refining alone.
    pub exposure: Option<Exposure>,
    #[module(skip)]
    sweeps: usize,
}

impl<E: ListEncoder, S: ListScorer> Student<E, S> {
    /// Sorts by the scorer's scores.
    pub fn new(encoder: E, scorer: S) -> Self {
        Self { encoder, scorer, influence: None, guidance: None, exposure: None, sweeps: 0 }
    }

    /// Lets what is placed act on what stands below.
    #[must_use]
    pub fn with_influence(self, influence: Option<PairInfluence>) -> Self {
        Self { influence, ..self }
    }

    /// Adds what a teacher knows of the influence, by which slates are picked and not refined; without an influence it
    /// does nothing. The encoder is one whose lists are ranked by log-odds of a click, a
    /// [`ScoredEncoder`](crate::ScoredEncoder).
    #[must_use]
    pub fn with_guidance(self, guidance: Option<PairGuidance>) -> Self {
        Self { guidance, ..self }
    }

    /// Improves what is picked by up to `sweeps` passes of [`psad_decode::refine`], where there is an influence. With
    /// guidance it begins with what is picked by clicks alone, where that is expected to bring more of them. The encoder is
    /// one whose lists are ranked by log-odds of a click, a [`ScoredEncoder`](crate::ScoredEncoder).
    #[must_use]
    pub fn with_refinement(self, exposure: Option<Exposure>, sweeps: usize) -> Self {
        Self { exposure, sweeps, ..self }
    }

    /// The scorer's scores of every list's real candidates, whatever the slot: with a taught scorer over a
    /// [`ScoredEncoder`](crate::ScoredEncoder) not the log-odds of a click.
    ///
    /// # Errors
    /// [`RerankError::Other`] if the device does not give the scores back.
    pub fn scores(&self, batch: &ListBatch) -> Result<Vec<Vec<f32>>, RerankError> {
        let encoded = self.encoder.encode(batch);
        on_host(self.scorer.score(&encoded), &encoded.lens)
    }

    /// The scores of every slot, `[batch, slots, candidates]`, and the influence, by which slates are picked.
    pub(crate) fn picking(&self, encoded: &Encoded, influence: Influence, slots: usize) -> (Tensor<3>, Influence) {
        picking(encoded, self.scorer.score(encoded), influence, self.guidance.as_ref(), slots)
    }

    /// Slates that were picked, improved by the log-odds that the lists are ranked by.
    fn refined(
        &self,
        encoded: &Encoded,
        influence: Influence,
        picked: Vec<Slate>,
        builders: Vec<SlateBuilder>,
    ) -> Result<Vec<Slate>, RerankError> {
        if self.sweeps == 0 {
            return Ok(picked);
        }
        let exposure = self.exposure.as_ref().map(|exposure| exposure.of(encoded, encoded.pad.dims()[1]));
        let influences = Influence { exposure, ..influence }.on_host().map_err(RerankError::other)?;
        let clicks = on_host(encoded.ranker.clone(), &encoded.lens)?;
        let lists = picked.iter().zip(builders).zip(clicks.iter().zip(&influences));
        let refined = lists.map(|((taught, mut slate), (clicks, influence))| {
            let own = self.own(clicks, &slate, influence)?;
            let worth = |slate: &Slate| expected_clicks(slate.as_slice(), clicks, influence);
            let start = own.as_ref().filter(|own| worth(own) > worth(taught)).unwrap_or(taught);
            refine(&mut slate, start.as_slice(), clicks, influence, self.sweeps).map_err(RerankError::other)?;
            Ok(slate.finish())
        });
        refined.collect()
    }

    /// What is picked by clicks alone, where a teacher has a say.
    fn own(
        &self,
        clicks: &[f32],
        slate: &SlateBuilder,
        influence: &psad_decode::Influence,
    ) -> Result<Option<Slate>, RerankError> {
        let Some(_) = &self.guidance else { return Ok(None) };
        let row = ArrayView1::from(clicks);
        let rows = row.broadcast((slate.slots(), row.len())).expect("a row is as long as itself");
        pick(&rows, slate.clone(), influence).map(Some)
    }
}

impl<E: ListEncoder, S: ListScorer> RerankModel for Student<E, S> {
    fn slates(&self, batch: &ListBatch, len: usize) -> Result<Vec<Slate>, RerankError> {
        // First, so that rules which cannot be kept cost no pass of the network.
        let builders = batch.slate_builders(len)?;
        let encoded = self.encoder.encode(batch);
        let Some(influence) = self.influence.as_ref().map(|influence| influence.between(&encoded)) else {
            let scores = on_host(self.scorer.score(&encoded), &encoded.lens)?;
            let lists = scores.into_iter().zip(builders);
            return lists.map(|(scores, builder)| Ok(builder.top_by_score(&scores)?)).collect();
        };
        let slots = builders.iter().map(SlateBuilder::slots).max().unwrap_or(0);
        let (rows, guided) = self.picking(&encoded, influence.clone(), slots);
        let rows = read(rows).map_err(RerankError::other)?;
        let guided = guided.on_host().map_err(RerankError::other)?;
        let lists = rows.outer_iter().zip(&encoded.lens).zip(builders.iter().cloned()).zip(&guided);
        let picked: Result<Vec<_>, _> = lists
            .map(|(((rows, &len), slate), influence)| {
                pick(&rows.slice_axis(Axis(1), Slice::from(..len)), slate, influence)
            })
            .collect();
        self.refined(&encoded, influence, picked?, builders)
    }
}

/// Fills a slate slot by slot, each with the candidate whose score is best below what is placed.
fn pick(
    rows: &ArrayView2<'_, f32>,
    mut slate: SlateBuilder,
    influence: &psad_decode::Influence,
) -> Result<Slate, RerankError> {
    let mut picker = Picker::new(&Strategy::Greedy).map_err(RerankError::other)?;
    picker.start(&slate, None).map_err(RerankError::other)?;
    let rows = rows.slice_axis(Axis(0), Slice::from(..slate.slots()));
    picker.fill(&mut slate, rows, Some(influence)).map_err(RerankError::other)?;
    Ok(slate.finish())
}

/// A number per real candidate of every list.
fn on_host(numbers: Tensor<2>, lens: &[usize]) -> Result<Vec<Vec<f32>>, RerankError> {
    let shape = numbers.dims();
    let values = numbers.try_into_vec_as::<f32>().map_err(|error| RerankError::other(format!("{error:?}")))?;
    let rows = Array2::from_shape_vec(shape, values).map_err(RerankError::other)?;
    Ok(rows.outer_iter().zip(lens).map(|(row, &len)| row.iter().copied().take(len).collect()).collect())
}
