//! A slate that was picked slot by slot, improved as a whole.

use std::convert::Infallible;

use psad_core::SlateBuilder;

use crate::{
    DecodeError, Influence,
    exp::sigmoid,
    outlook::{Outlook, POOL},
};

/// Fills `slate`, which is empty, with `start` after the moves of [`Strategy::Plan`](crate::Strategy::Plan): swaps and
/// insertions that raise the clicks that the slate is expected to bring, all tried `sweeps` times, 20 at most, and kept
/// only where the slate's rules let it stand. Sweeps that are left when no single move helps any more go into leaving
/// that slate by random swaps, always the same ones, for a better one. `scores` `[candidates]` are log-odds of a click
/// on what is looked at, to which the influence adds what stands above.
///
/// One sweep finds most of what planning finds, if it starts from a good slate. A slate of more than 40 slots stays as it
/// is.
///
/// ```
/// use ndarray::array;
/// use psad_core::SlateBuilder;
/// use psad_decode::{Influence, refine};
///
/// // Candidate 1 makes candidate 0 far likelier to be clicked, if it stands above it.
/// let pairs = Influence::new(array![[0., 0., 0.], [3., 0., 0.], [0., 0., 0.]], vec![1.; 2]);
/// let mut slate = SlateBuilder::new(3);
/// refine(&mut slate, &[0, 1, 2], &[0.3, 0.2, 0.1], &pairs, 1)?;
/// assert_eq!(slate.placed()[..2], [1, 0]);
/// # Ok::<(), psad_decode::DecodeError<std::convert::Infallible>>(())
/// ```
///
/// # Errors
/// All for list 0: [`DecodeError::NotEmpty`], [`DecodeError::BlockShape`] or [`DecodeError::InfluenceShape`] for too few
/// scores or pairs, [`DecodeError::NonFinite`] for a score that is not finite, and [`DecodeError::Slate`] for a start that
/// the slate does not take.
pub fn refine(
    slate: &mut SlateBuilder,
    start: &[usize],
    scores: &[f32],
    influence: &Influence,
    sweeps: usize,
) -> Result<(), DecodeError<Infallible>> {
    let (candidates, placed) = (slate.candidates(), slate.len());
    if placed > 0 {
        return Err(DecodeError::NotEmpty { list: 0, placed });
    }
    let Some(scores) = scores.get(..candidates) else {
        let (expected, found) = ([1, candidates], [1, scores.len()]);
        return Err(DecodeError::BlockShape { list: 0, expected, found });
    };
    if influence.candidates() < candidates {
        return Err(DecodeError::InfluenceShape { list: 0, expected: candidates, found: influence.candidates() });
    }
    if let Some((item, &value)) = scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        return Err(DecodeError::NonFinite { list: 0, slot: 0, item, value });
    }
    let mut filled = slate.clone();
    for &item in start {
        filled.push(item).map_err(|source| DecodeError::Slate { list: 0, source })?;
    }
    if start.len() > POOL || sweeps == 0 {
        *slate = filled;
        return Ok(());
    }
    let improved = outlook(slate, start, scores, influence).climb(slate, sweeps);
    for item in improved {
        slate.push(item).map_err(|source| DecodeError::Slate { list: 0, source })?;
    }
    Ok(())
}

/// Clicks that a slate is expected to bring, by what [`refine`] goes by: `Σ_j e_j σ(s_j + what stands above adds)`, where
/// `e_j` is how likely slot `j` is looked at. Items that are no candidates bring none.
pub fn expected_clicks(slate: &[usize], scores: &[f32], influence: &Influence) -> f64 {
    let chance = |(slot, &item): (usize, &usize)| {
        let logit = scores.get(item)? + influence.above(item, &slate[..slot]);
        Some(f64::from(influence.seen(slot) * sigmoid(logit)))
    };
    slate.iter().enumerate().filter_map(chance).sum()
}

/// The start, then the candidates with the best scores that any slot allows.
fn outlook(slate: &SlateBuilder, start: &[usize], scores: &[f32], influence: &Influence) -> Outlook {
    let anywhere = |item: usize| (0..start.len()).any(|slot| slate.allows(item, slot));
    let mut rest: Vec<usize> = (0..scores.len()).filter(|&item| !start.contains(&item) && anywhere(item)).collect();
    rest.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let (slots, pool) = (start.len(), start.iter().copied().chain(rest).take(POOL).collect::<Vec<_>>());
    let row: Vec<f32> = pool.iter().map(|&item| scores[item]).collect();
    let (base, seen) = (row.repeat(slots), (0..slots).map(|slot| influence.seen(slot)).collect());
    let (pairs, reach) = influence.among(&pool);
    Outlook { pool, slots, block: slots, seen, base, pairs, reach }
}
