//! Rows that several rows share, such as a bias or a user beside every item of a list.

/// Adds row `g` of `groups` to every row of `g`-th run of equally many rows of `out`.
pub(crate) fn spread_groups(groups: &[f32], width: usize, out: &mut [f32]) {
    let run = out.len() / (groups.len() / width.max(1)).max(1);
    for (run, group) in out.chunks_exact_mut(run.max(1)).zip(groups.chunks_exact(width)) {
        for row in run.chunks_exact_mut(width) {
            for (sum, value) in row.iter_mut().zip(group) {
                *sum += value;
            }
        }
    }
}

/// Adds to row `g` of `groups` the sum of the `g`-th run of equally many `rows`.
pub(crate) fn add_to_groups(rows: &[f32], width: usize, groups: &mut [f32]) {
    let run = rows.len() / (groups.len() / width.max(1)).max(1);
    for (run, group) in rows.chunks_exact(run.max(1)).zip(groups.chunks_exact_mut(width)) {
        for row in run.chunks_exact(width) {
            for (sum, value) in group.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}
