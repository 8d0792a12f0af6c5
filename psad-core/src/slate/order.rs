//! Candidates by score.

use super::SlateError;

/// Refuses scores that order nothing.
pub(super) fn finite(scores: &[f32]) -> Result<(), SlateError> {
    match scores.iter().position(|score| !score.is_finite()) {
        Some(item) => Err(SlateError::NonFiniteScore { item, score: scores[item] }),
        None => Ok(()),
    }
}

/// Keeps the `count` best of the candidates `items` (distinct, each with a finite score), best first; equal scores keep
/// the ranker's order. Nothing is allocated, and only what is kept is sorted.
pub(super) fn keep_best(items: &mut Vec<usize>, scores: &[f32], count: usize) {
    // `total_cmp` would order -0 below 0; here they are equal. The index makes the order total, so that a sort that
    // is not stable gives one answer.
    let better = |&a: &usize, &b: &usize| {
        let by_score = scores[b].partial_cmp(&scores[a]);
        by_score.unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(&b))
    };
    if count == 0 {
        items.clear();
    } else if count < items.len() {
        items.select_nth_unstable_by(count - 1, better);
        items.truncate(count);
    }
    items.sort_unstable_by(better);
}
