//! Several slates for one request, from any generator.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use psad_core::{Request, RerankError, Slate, SlateProposer};
use psad_decode::{BlockSchedule, Strategy};

use crate::{Encoded, Generator, ListBatch, ListEncoder, Teacher, TensorReranker, generate_into};

/// Weights of contrastive search, from close to greedy to mostly different from what is placed. Around 0.6 is what Ren
/// et al. (2024) report as best.
const ALPHAS: [f32; 4] = [0.2, 0.4, 0.6, 0.8];

/// Beams grow with their width into other slates, so the width does not depend on how many slates are asked for.
const BEAM: usize = 8;

/// Slates drawn at a time, how often that is done at most, and the seed of the first time.
const SAMPLES: usize = 16;
const ROUNDS: u64 = 64;
const SEED: u64 = 0x5053_4144;

/// In the order in which they are found: the greedy slate, those of contrastive search, those of a beam, and then
/// Plackett–Luce samples until there are enough slates, a round of drawing finds nothing new, or a thousand have been
/// drawn. So fewer proposals are the first of more, and the same request always gets the same ones.
///
/// The list is encoded once. Each way of searching, and each round of drawing, runs the generator's own steps anew.
impl<E: ListEncoder, G: Generator> SlateProposer for TensorReranker<Teacher<E, G>> {
    /// # Errors
    /// [`RerankError::EmptySlate`] for `len` = 0; else as [`Reranker::rerank`](psad_core::Reranker::rerank).
    fn propose(&self, request: &Request, len: usize, count: NonZeroUsize) -> Result<Vec<Slate>, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        let (batch, teacher) = (self.batch(&[request])?, self.model());
        let schedule = BlockSchedule::new(len.min(request.candidates().len()), teacher.block_size);
        let schedule = schedule.map_err(RerankError::other)?;
        let encoded = teacher.encoder.encode(&batch);
        let search = |strategy: &Strategy| decode(teacher, &encoded, &batch, schedule, strategy);
        let mut proposals = Proposals::up_to(count.get());
        for strategy in strategies() {
            if proposals.full() {
                break;
            }
            let found = proposals.add(search(&strategy)?);
            if !found && matches!(strategy, Strategy::Sample { .. }) {
                break;
            }
        }
        Ok(proposals.slates)
    }
}

/// All that is tried, in this order.
fn strategies() -> impl Iterator<Item = Strategy> {
    let draw = |round: u64| Strategy::Sample { seed: SEED.wrapping_add(round), samples: SAMPLES };
    std::iter::once(Strategy::Greedy)
        .chain(ALPHAS.map(|alpha| Strategy::Contrastive { alpha }))
        .chain([Strategy::Beam { width: BEAM }])
        .chain((0..ROUNDS).map(draw))
}

/// The slates of one list, in the order in which the strategy gives them.
fn decode<E: ListEncoder, G: Generator>(
    teacher: &Teacher<E, G>,
    encoded: &Encoded,
    batch: &ListBatch,
    schedule: BlockSchedule,
    strategy: &Strategy,
) -> Result<Vec<Slate>, RerankError> {
    let slates = batch.slate_builders(schedule.slots())?;
    let influence = teacher.between(encoded);
    let decoded = generate_into(&teacher.generator, encoded, slates, schedule, strategy, influence);
    let decoded = decoded.map_err(RerankError::other)?;
    Ok(decoded.into_iter().flatten().map(|decoded| decoded.slate).collect())
}

/// Distinct slates, up to a number.
struct Proposals {
    slates: Vec<Slate>,
    seen: HashSet<Slate>,
    count: usize,
}

impl Proposals {
    fn up_to(count: usize) -> Self {
        Self { slates: Vec::new(), seen: HashSet::new(), count }
    }

    fn full(&self) -> bool {
        self.slates.len() >= self.count
    }

    /// Whether one of them was new.
    fn add(&mut self, slates: Vec<Slate>) -> bool {
        let before = self.slates.len();
        for slate in slates {
            if !self.full() && self.seen.insert(slate.clone()) {
                self.slates.push(slate);
            }
        }
        self.slates.len() > before
    }
}
