//! From the encoding to a slate.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArrayView1, ArrayView2};
use psad_core::{Candidates, Constraints, RerankError, Slate, SlateBuilder};
use psad_decode::{
    BlockModel, BlockSchedule, Hypothesis, Influence, Picker, ScoreBlock, Strategy, decode_into, expected_clicks,
    refine,
};

use crate::kernel::Dispatch;
use crate::model::{Scores, Student};
use crate::network::{Memory, Network};
use crate::served::Head;
use crate::state::UserState;
use crate::workspace::Workspace;

/// What is to be answered.
pub(crate) struct Asked<'a> {
    pub(crate) candidates: &'a Candidates,
    pub(crate) rules: &'a Constraints,
    pub(crate) len: usize,
}

/// An empty slate that offers only what keeps the rules; without any, in the memory of the one before.
pub(crate) fn begin(asked: &Asked<'_>, slate: &mut SlateBuilder) -> Result<(), RerankError> {
    let candidates = asked.candidates.len();
    if asked.rules.is_empty() {
        slate.reset(candidates, asked.len);
    } else {
        *slate = SlateBuilder::constrained(candidates, asked.len, asked.rules)?;
    }
    Ok(())
}

/// Fills the slate of the workspace, whose candidates have been encoded.
pub(crate) fn fill(
    head: &Head,
    dispatch: Dispatch,
    state: &UserState,
    workspace: &mut Workspace,
) -> Result<(), RerankError> {
    let (network, strategy) = match head {
        Head::Student(student) => return fill_by_score(student, dispatch, state, workspace),
        Head::Teacher { base, generator, block_size, strategy } => {
            build_on(base, dispatch, state, workspace);
            (Network::blocks(generator, *block_size, state), strategy)
        }
        Head::Matching { matching, strategy } => (Network::matrix(matching, state), strategy),
    };
    let Workspace { encoded, encode, decode, slate, pickers, influence, .. } = workspace;
    let influence = head.has_influence().then_some(&*influence);
    let mut memory = Memory { encoded, decode, space: &mut encode.layers };
    network.prepare(dispatch, &mut memory);
    match pickers.of(strategy) {
        Some(picker) => pick(&network, picker, dispatch, memory, (slate, influence)),
        None => search(&network, strategy, dispatch, memory, (slate, influence)),
    }
}

/// The scores by which PSAD-S picks; those that know clicks alone stand in the ranker's place then.
fn score(student: &Student, dispatch: Dispatch, state: &UserState, workspace: &mut Workspace) {
    let Workspace { encoded, hidden, scores, .. } = workspace;
    student.clicks.scorer.scores(dispatch, &state.scores, encoded, hidden, scores);
    encoded.ranker.copy_from_slice(scores);
    if let Some(guide) = &student.guide {
        guide.scorer.scores(dispatch, &state.guide, encoded, hidden, scores);
    }
}

/// What PSAD-S picks by in slates of `slots`: the scores of every slot, and what is placed does, into `influence`; with
/// what its teacher taught, if that is more, into `guidance`. Gives whether it is.
fn prepare(student: &Student, dispatch: Dispatch, slots: usize, workspace: &mut Workspace) -> bool {
    let Workspace { encoded, hidden, scores, rows, influence, guidance, .. } = workspace;
    rows.clear();
    if let Some(between) = &student.clicks.influence {
        between.between(dispatch, encoded, &mut hidden[0], influence);
        if let Some(taught) = student.guide.as_ref().and_then(|guide| guide.guidance.as_ref()) {
            taught.pairs.beside(dispatch, encoded, &mut hidden[0], (&*influence, between), guidance);
            taught.rows(dispatch, (encoded, influence), scores, slots, hidden, rows);
            return true;
        }
    }
    (0..slots).for_each(|_| rows.extend_from_slice(scores));
    false
}

/// PSAD-S: sorting, or picking in the light of what stands above, and improving what is picked.
fn fill_by_score(
    student: &Student,
    dispatch: Dispatch,
    state: &UserState,
    workspace: &mut Workspace,
) -> Result<(), RerankError> {
    score(student, dispatch, state, workspace);
    if student.clicks.influence.is_none() {
        let Workspace { scores, slate, order, .. } = workspace;
        return Ok(slate.fill_by_score(scores, order)?);
    }
    let slots = workspace.slate.slots();
    let guided = prepare(student, dispatch, slots, workspace);
    let Workspace { encoded, rows, slate, influence, guidance, pickers, .. } = workspace;
    let picking = if guided { &*guidance } else { &*influence };
    let shape = (slots, encoded.ranker.len());
    let rows = ArrayView2::from_shape(shape, rows).expect("a row per slot was written");
    let empty = (student.sweeps > 0).then(|| slate.clone());
    let picker = pickers.of(&Strategy::Greedy).ok_or_else(|| RerankError::other("greedy search has a picker"))?;
    picker.start(slate, None).map_err(RerankError::other)?;
    picker.fill(slate, rows, Some(picking)).map_err(RerankError::other)?;
    let Some(mut improved) = empty else { return Ok(()) };
    influence.expose(&state.exposure);
    let clicks = &encoded.ranker;
    if guided {
        let mut own = improved.clone();
        let row = ArrayView1::from(clicks.as_slice());
        let rows = row.broadcast((slots, row.len())).expect("a row is as long as itself");
        picker.start(&own, None).map_err(RerankError::other)?;
        picker.fill(&mut own, rows, Some(influence)).map_err(RerankError::other)?;
        let worth = |slate: &SlateBuilder| expected_clicks(slate.placed(), clicks, influence);
        if worth(&own) > worth(slate) {
            *slate = own;
        }
    }
    refine(&mut improved, slate.placed(), clicks, influence, student.sweeps).map_err(RerankError::other)?;
    *slate = improved;
    Ok(())
}

/// PSAD-G starts from scores of its own in the ranker's place.
fn build_on(base: &Scores, dispatch: Dispatch, state: &UserState, workspace: &mut Workspace) {
    let Workspace { encoded, hidden, scores, influence, .. } = workspace;
    base.scorer.scores(dispatch, &state.base, encoded, hidden, scores);
    encoded.ranker.copy_from_slice(scores);
    if let Some(between) = &base.influence {
        between.between(dispatch, encoded, &mut hidden[0], influence);
        influence.expose(&state.exposure);
    }
}

/// Greedy and contrastive search: each block is filled where it stands.
fn pick(
    network: &Network<'_>,
    picker: &mut Picker,
    dispatch: Dispatch,
    mut memory: Memory<'_>,
    (slate, influence): (&mut SlateBuilder, Option<&Influence>),
) -> Result<(), RerankError> {
    let schedule = network.schedule(slate.slots()).map_err(RerankError::other)?;
    network.start(dispatch, slate.slots(), &mut memory);
    for slots in schedule.blocks() {
        network.logits(dispatch, slots.clone(), &mut memory);
        if slots.start == 0 {
            picker.start(slate, Some(network.vectors(&memory))).map_err(RerankError::other)?;
        }
        picker.fill(slate, memory.logits(slots.len()), influence).map_err(RerankError::other)?;
        if slots.end < slate.slots() {
            network.advance(dispatch, &slate.placed()[slots], &mut memory);
        }
    }
    Ok(())
}

/// All other strategies: the decoder asks for the logits of every slate that it keeps. The first one is the answer.
fn search(
    network: &Network<'_>,
    strategy: &Strategy,
    dispatch: Dispatch,
    memory: Memory<'_>,
    (slate, influence): (&mut SlateBuilder, Option<&Influence>),
) -> Result<(), RerankError> {
    let schedule = network.schedule(slate.slots()).map_err(RerankError::other)?;
    let influence = influence.cloned().map(Arc::new);
    let mut model = Searched { network, dispatch, schedule, slots: slate.slots(), memory, influence };
    let decoded = decode_into(strategy, schedule, vec![slate.clone()], &mut model).map_err(RerankError::other)?;
    let best = decoded.into_iter().flatten().next().ok_or_else(|| RerankError::other("the decoder gave no slate"))?;
    for &item in best.slate.as_slice() {
        slate.push(item)?;
    }
    Ok(())
}

/// The scores of PSAD-S, whatever the slot.
pub(crate) fn scores(student: &Student, dispatch: Dispatch, state: &UserState, workspace: &mut Workspace) -> Vec<f32> {
    score(student, dispatch, state, workspace);
    workspace.scores.clone()
}

fn scores_along(student: &Student, dispatch: Dispatch, slate: &Slate, workspace: &mut Workspace) -> Vec<f32> {
    let guided = prepare(student, dispatch, slate.len(), workspace);
    let Workspace { encoded, rows, influence, guidance, .. } = workspace;
    let mut rows = rows.clone();
    if student.clicks.influence.is_some() {
        let picking = if guided { guidance } else { influence };
        for (slot, row) in rows.chunks_exact_mut(encoded.ranker.len()).enumerate() {
            picking.add(row, slate.as_slice(), slot);
        }
    }
    rows
}

/// The logits of every slot along a given slate, row by row.
pub(crate) fn along(
    head: &Head,
    dispatch: Dispatch,
    state: &UserState,
    slate: &Slate,
    workspace: &mut Workspace,
) -> Result<Vec<f32>, RerankError> {
    let network = match head {
        Head::Student(student) => {
            score(student, dispatch, state, workspace);
            return Ok(scores_along(student, dispatch, slate, workspace));
        }
        Head::Teacher { base, generator, block_size, .. } => {
            build_on(base, dispatch, state, workspace);
            Network::blocks(generator, *block_size, state)
        }
        Head::Matching { matching, .. } => Network::matrix(matching, state),
    };
    let Workspace { encoded, encode, decode, influence, .. } = workspace;
    let candidates = encoded.ranker.len();
    let schedule = network.schedule(slate.len()).map_err(RerankError::other)?;
    let mut memory = Memory { encoded, decode, space: &mut encode.layers };
    network.prepare(dispatch, &mut memory);
    network.start(dispatch, slate.len(), &mut memory);
    let mut rows = Vec::new();
    for slots in schedule.blocks() {
        network.logits(dispatch, slots.clone(), &mut memory);
        rows.extend(memory.logits(slots.len()));
        if slots.end < slate.len() {
            network.advance(dispatch, &slate.as_slice()[slots], &mut memory);
        }
    }
    if head.has_influence() {
        for (slot, row) in rows.chunks_exact_mut(candidates).enumerate() {
            influence.add(row, slate.as_slice(), slot);
        }
    }
    Ok(rows)
}

/// The network as the decoder sees it.
struct Searched<'a> {
    network: &'a Network<'a>,
    dispatch: Dispatch,
    schedule: BlockSchedule,
    slots: usize,
    memory: Memory<'a>,
    influence: Option<Arc<Influence>>,
}

impl BlockModel for Searched<'_> {
    type Error = Infallible;

    /// Each slate is followed from its beginning, so that no memory is kept per slate.
    fn block_logits(&mut self, hypotheses: &[Hypothesis], slots: Range<usize>) -> Result<Vec<ScoreBlock>, Infallible> {
        let mut blocks = Vec::with_capacity(hypotheses.len());
        for hypothesis in hypotheses {
            self.network.start(self.dispatch, self.slots, &mut self.memory);
            for before in self.schedule.blocks().take_while(|before| before.end <= slots.start) {
                self.network.advance(self.dispatch, &hypothesis.placed()[before], &mut self.memory);
            }
            self.network.logits(self.dispatch, slots.clone(), &mut self.memory);
            let block = ScoreBlock::new(self.memory.logits(slots.len()).to_owned());
            blocks.push(match &self.influence {
                Some(influence) => block.with_influence(influence.clone()),
                None => block,
            });
        }
        Ok(blocks)
    }
}
