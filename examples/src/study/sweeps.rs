//! PSAD-S by how often it tries to improve what it has picked, with and without distillation.

use anyhow::Result;
use serde::Serialize;

use super::pool::{Pool, STUDENT, TEACHER};
use super::stats::{Difference, Estimate, by_seed, difference, estimate, gained};
use super::variants::UNDISTILLED;

/// Numbers of sweeps with the names of their rerankers; [`STUDENT`] has as many as `PsadConfig::planning` says.
pub(crate) const SWEPT: [(usize, &str); 4] =
    [(0, "PSAD-S, no sweep"), (1, STUDENT), (2, "PSAD-S, 2 sweeps"), (20, "PSAD-S, 20 sweeps")];

/// PSAD-S with a number of sweeps on an input, with the seeds that it was fitted without distillation with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Swept {
    /// The input.
    pub(crate) input: &'static str,
    /// How often it tries to improve what it has picked.
    pub(crate) sweeps: usize,
    /// With distillation.
    pub(crate) taught: Estimate,
    /// Without distillation.
    pub(crate) untaught: Estimate,
    /// What distillation is worth.
    pub(crate) gain: Difference,
    /// The same, seed by seed.
    pub(crate) gain_by_seed: Vec<f64>,
    /// PSAD-S with distillation minus PSAD-G.
    pub(crate) vs_teacher: Difference,
    /// The same, seed by seed.
    pub(crate) vs_teacher_by_seed: Vec<f64>,
}

/// All numbers of sweeps on an input.
pub(crate) fn sweeps(pool: &Pool) -> Result<Vec<Swept>> {
    SWEPT.iter().map(|&(sweeps, reranker)| swept(pool, sweeps, reranker)).collect()
}

fn swept(pool: &Pool, sweeps: usize, reranker: &str) -> Result<Swept> {
    let untaught = pool.judged(pool.find(UNDISTILLED, reranker)?);
    let taught = &pool.judged(pool.find("PSAD", reranker)?)[..untaught.len()];
    let teacher = &pool.judged(pool.find("PSAD", TEACHER)?)[..untaught.len()];
    let clusters = &pool.clusters[..untaught.len()];
    let minus = |other: &[Option<f64>]| by_seed(&gained(taught, other), &pool.sizes);
    Ok(Swept {
        input: pool.kind.name(),
        sweeps,
        taught: estimate(taught, clusters)?,
        untaught: estimate(untaught, clusters)?,
        gain: difference(taught, untaught, clusters)?,
        gain_by_seed: minus(untaught),
        vs_teacher: difference(taught, teacher, clusters)?,
        vs_teacher_by_seed: minus(teacher),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fitting::psad;
    use crate::study::lists::Kind;
    use crate::study::measure::{Column, Values};
    use crate::study::pool::Series;

    fn series(unit: &'static str, reranker: &'static str, values: &[f64]) -> Series {
        let mut found = Values::default();
        for &value in values {
            found.push(Column::Utility, Some(value));
        }
        Series { unit, reranker, values: found }
    }

    #[test]
    fn only_seeds_that_both_were_fitted_with_are_compared() {
        let mut pool = Pool {
            kind: Kind::Medium,
            sizes: vec![2, 2, 2],
            varied: 2,
            clusters: (0..6).collect(),
            optima: None,
            histories: vec![0; 6],
            series: Vec::new(),
        };
        pool.series.push(series("PSAD", TEACHER, &[4., 5., 7., 8., 100., 100.]));
        for (_, reranker) in SWEPT {
            pool.series.push(series("PSAD", reranker, &[3., 4., 5., 6., 100., 100.]));
            pool.series.push(series(UNDISTILLED, reranker, &[2., 3., 3., 4.]));
        }
        let found = sweeps(&pool).unwrap();
        assert_eq!(found.iter().map(|swept| swept.sweeps).collect::<Vec<_>>(), [0, 1, 2, 20]);
        let Swept { taught, untaught, gain, gain_by_seed, vs_teacher, vs_teacher_by_seed, .. } = &found[0];
        assert_eq!((taught.mean, untaught.mean, gain.diff), (4.5, 3., 1.5));
        assert_eq!(gain_by_seed, &[1., 2.]);
        assert_eq!((vs_teacher.diff, vs_teacher_by_seed), (-1.5, &vec![-1., -2.]));
    }

    #[test]
    fn the_student_itself_is_among_them() {
        let own = SWEPT.iter().find(|(_, name)| *name == STUDENT).map(|(sweeps, _)| *sweeps);
        assert_eq!(own, Some(psad(Kind::Strong).refinement));
    }
}
