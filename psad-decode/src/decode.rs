//! The one loop: ask the network for a block, fill it, go on.

use std::ops::Range;

use psad_core::{Slate, SlateBuilder};

use crate::{
    BlockModel, BlockSchedule, DecodeError, Decoded, Hypothesis, Influence, ScoreBlock, Strategy,
    row::{BadLogit, Open, Scratch},
    vectors::Vectors,
};

/// Decodes a batch of lists with `candidates[l]` real candidates each.
///
/// Returns the slates of each list: one for greedy, the most probable first for a beam, in the order of drawing for
/// samples. Every slate fills `min(schedule.slots(), candidates[l])` slots. The model is called once per block, for all
/// lists and hypotheses together, until every list is complete; neither padding nor other lists change a result.
///
/// # Errors
/// [`DecodeError`]: a list without candidates, a strategy without width or samples, a model that fails or that answers
/// with blocks of the wrong number or shape or with logits that order nothing.
///
/// # Examples
/// ```
/// use ndarray::{Array2, Axis, array};
/// use psad_decode::{BlockSchedule, ScoreBlock, Strategy, decode, from_fn};
///
/// // Candidate 2 is best for the first slot, 0 for the second, as long as they are free.
/// let table: Array2<f32> = array![[1., 0., 2.], [1., 0., 2.]];
/// let mut model = from_fn(|hypotheses, slots| {
///     let rows = table.slice_axis(Axis(0), slots.into()).to_owned();
///     Ok::<_, std::convert::Infallible>(vec![ScoreBlock::new(rows); hypotheses.len()])
/// });
/// let one_shot = BlockSchedule::new(2, 2)?;
/// let slates = decode(&Strategy::Beam { width: 3 }, one_shot, &[3], &mut model)?;
/// assert_eq!(slates[0][0].slate.as_slice(), [2, 0]);
/// assert_eq!(slates[0].len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode<M: BlockModel + ?Sized>(
    strategy: &Strategy,
    schedule: BlockSchedule,
    candidates: &[usize],
    model: &mut M,
) -> Result<Vec<Vec<Decoded>>, DecodeError<M::Error>> {
    decode_into(strategy, schedule, candidates.iter().map(|&candidates| SlateBuilder::new(candidates)).collect(), model)
}

/// As [`decode()`], for lists with rules: every slate is filled from a copy of its list's empty `slates[l]`, and takes
/// only what that one offers. Each slate fills `min(schedule.slots(), slates[l].slots())` slots.
///
/// # Errors
/// As [`decode()`]; [`DecodeError::NotEmpty`] for a slate that has something placed already,
/// [`DecodeError::ShortSchedule`] if the schedule ends before a slate with rules is full.
pub fn decode_into<M: BlockModel + ?Sized>(
    strategy: &Strategy,
    schedule: BlockSchedule,
    slates: Vec<SlateBuilder>,
    model: &mut M,
) -> Result<Vec<Vec<Decoded>>, DecodeError<M::Error>> {
    strategy.check()?;
    let lists = slates.len();
    let mut hypotheses = constrained_roots(slates, schedule)?;
    let vectors = if strategy.needs_vectors() { vectors(model, &hypotheses)? } else { Vec::new() };
    let mut search = strategy.search(lists, schedule.slots(), vectors);
    let longest = hypotheses.iter().map(Hypothesis::slots).max().unwrap_or(0);
    for slots in schedule.blocks().take_while(|slots| slots.start < longest) {
        let blocks = step(model, &hypotheses, slots.clone())?;
        let mut next = Vec::with_capacity(hypotheses.len());
        let open = |((parent, hypothesis), block): ((usize, Hypothesis), _)| {
            let hypothesis = hypothesis.child_of(parent);
            Open { hypothesis, block, first_slot: slots.start }
        };
        let mut rest = hypotheses.into_iter().enumerate().zip(&blocks).map(open).peekable();
        while let Some(first) = rest.next() {
            let (list, end) = (first.hypothesis.list, slots.end.min(first.hypothesis.slots()));
            let mut family = vec![first];
            family.extend(std::iter::from_fn(|| rest.next_if(|open| open.hypothesis.list == list)));
            next.extend(search.fill(family, end)?);
        }
        hypotheses = next;
    }
    let mut decoded: Vec<Vec<Decoded>> = (0..lists).map(|_| Vec::new()).collect();
    for hypothesis in hypotheses {
        decoded[hypothesis.list].push(hypothesis.finish());
    }
    Ok(decoded)
}

/// The exact log-probability of given slates under a model, one slate per list of a batch.
///
/// It is what [`decode()`] reports for the same slates, and `-inf` for a slate that the model rules out. A slate with
/// fewer slots than the schedule gets the probability that a decoded slate begins with it.
///
/// # Errors
/// As for [`decode()`]; [`DecodeError::SlateLength`] if a slate has more slots than the schedule.
///
/// # Examples
/// ```
/// use ndarray::Array2;
/// use psad_core::Slate;
/// use psad_decode::{BlockSchedule, ScoreBlock, from_fn, score_slates};
///
/// let mut model = from_fn(|hypotheses, slots| {
///     let block = ScoreBlock::new(Array2::zeros((slots.len(), 3)));
///     Ok::<_, std::convert::Infallible>(vec![block; hypotheses.len()])
/// });
/// let slate = Slate::new(vec![2, 0], 3)?;
/// let scores = score_slates(BlockSchedule::new(2, 1)?, &[slate], &mut model)?;
/// assert!((scores[0].exp() - 1. / 6.).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn score_slates<M: BlockModel + ?Sized>(
    schedule: BlockSchedule,
    slates: &[Slate],
    model: &mut M,
) -> Result<Vec<f64>, DecodeError<M::Error>> {
    let candidates: Vec<usize> = slates.iter().map(Slate::candidates).collect();
    let too_long = slates.iter().enumerate().find(|(_, slate)| slate.len() > schedule.slots());
    if let Some((list, slate)) = too_long {
        return Err(DecodeError::SlateLength { list, slots: schedule.slots(), found: slate.len() });
    }
    let mut hypotheses = roots(&candidates)?;
    let longest = slates.iter().map(Slate::len).max().unwrap_or(0);
    for slots in schedule.blocks().take_while(|slots| slots.start < longest) {
        let blocks = step(model, &hypotheses, slots.clone())?;
        let mut next = Vec::with_capacity(hypotheses.len());
        for ((index, hypothesis), (slate, block)) in hypotheses.into_iter().enumerate().zip(slates.iter().zip(&blocks))
        {
            let open = Open { hypothesis: hypothesis.child_of(index), block, first_slot: slots.start };
            next.push(follow(open, &slate.as_slice()[..slate.len().min(slots.end)])?);
        }
        hypotheses = next;
    }
    Ok(hypotheses.iter().map(Hypothesis::log_probability).collect())
}

/// Places what `target` holds beyond the slots that are filled already.
fn follow(mut open: Open<'_>, target: &[usize]) -> Result<Hypothesis, BadLogit> {
    let (mut scratch, mut room) = (Scratch::default(), Vec::new());
    while open.slot() < target.len() {
        let item = target[open.slot()];
        // Behind a pick that the model rules out there is no distribution left to look at.
        let impossible = open.hypothesis.log_probability() == f64::NEG_INFINITY;
        let logit = open.logits(&mut room)[item];
        let log_probability = if impossible { 0. } else { open.row(&mut scratch)?.log_probability(logit) };
        open.hypothesis.place(item, log_probability);
    }
    Ok(open.hypothesis)
}

fn roots<E>(candidates: &[usize]) -> Result<Vec<Hypothesis>, DecodeError<E>> {
    candidates.iter().enumerate().map(|(list, &candidates)| root(list, SlateBuilder::new(candidates))).collect()
}

fn constrained_roots<E>(slates: Vec<SlateBuilder>, schedule: BlockSchedule) -> Result<Vec<Hypothesis>, DecodeError<E>> {
    let checked = |(list, slate): (usize, SlateBuilder)| {
        if !slate.is_empty() {
            return Err(DecodeError::NotEmpty { list, placed: slate.len() });
        }
        if slate.is_constrained() && slate.slots() > schedule.slots() {
            return Err(DecodeError::ShortSchedule { list, slots: schedule.slots(), expected: slate.slots() });
        }
        root(list, slate)
    };
    slates.into_iter().enumerate().map(checked).collect()
}

fn root<E>(list: usize, slate: SlateBuilder) -> Result<Hypothesis, DecodeError<E>> {
    if slate.candidates() == 0 { Err(DecodeError::EmptyList { list }) } else { Ok(Hypothesis::root(list, slate)) }
}

/// Asks the model what the candidates of each list are compared by.
fn vectors<M: BlockModel + ?Sized>(
    model: &mut M,
    hypotheses: &[Hypothesis],
) -> Result<Vec<Vectors>, DecodeError<M::Error>> {
    let mut ask = |hypothesis: &Hypothesis| {
        let (list, expected) = (hypothesis.list, hypothesis.candidates());
        let vectors = model.vectors(list).map_err(DecodeError::Model)?.ok_or(DecodeError::NoVectors { list })?;
        if vectors.nrows() != expected {
            return Err(DecodeError::VectorCount { list, expected, found: vectors.nrows() });
        }
        Vectors::new(&vectors.view()).map_err(|(item, value)| DecodeError::NonFiniteVector { list, item, value })
    };
    hypotheses.iter().map(&mut ask).collect()
}

/// Asks the model once and checks the number and the shapes of its blocks.
fn step<M: BlockModel + ?Sized>(
    model: &mut M,
    hypotheses: &[Hypothesis],
    slots: Range<usize>,
) -> Result<Vec<ScoreBlock>, DecodeError<M::Error>> {
    let rows = slots.len();
    let blocks = model.block_logits(hypotheses, slots).map_err(DecodeError::Model)?;
    if blocks.len() != hypotheses.len() {
        return Err(DecodeError::BlockCount { expected: hypotheses.len(), found: blocks.len() });
    }
    for (hypothesis, block) in hypotheses.iter().zip(&blocks) {
        let (expected, found) = ([rows, hypothesis.candidates()], [block.logits().nrows(), block.logits().ncols()]);
        if found[0] != expected[0] || found[1] < expected[1] {
            return Err(DecodeError::BlockShape { list: hypothesis.list, expected, found });
        }
        if let Some(found) = block.influence().map(Influence::candidates).filter(|&found| found < expected[1]) {
            return Err(DecodeError::InfluenceShape { list: hypothesis.list, expected: expected[1], found });
        }
    }
    Ok(blocks)
}
