//! What the study says, without what depends on the machine.

use std::collections::BTreeMap;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use super::activity::{Activity, activity};
use super::claims::Claim;
use super::diversified::{OF_MLP, OF_RANKER, Strengths};
use super::evaluated::EVALUATED;
use super::experiment::{Choice, Experiment, LONG, Outcome};
use super::fitting::{Unit, methods};
use super::lists::Kind;
use super::main_table::{InputSummary, input};
use super::pool::{Pool, STUDENT, TEACHER, row as main_row};
use super::scale::Scale;
use super::stats::{Difference, Estimate, by_seed, difference, estimate, gained};
use super::sweeps::{Swept, sweeps};
use super::variants::{BLOCK_SIZE, VARIANTS, Variant};
use crate::SLATE_LENGTH;

/// Everything, as JSON says it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Sizes.
    pub(crate) scale: Scale,
    /// Seeds.
    pub(crate) seeds: Vec<u64>,
    /// Main tables.
    pub(crate) inputs: Vec<InputSummary>,
    /// PSAD with one thing changed, on the inputs with strong and medium interactions.
    pub(crate) variants: Vec<VariantSummary>,
    /// PSAD-S by its number of sweeps, likewise.
    pub(crate) sweeps: Vec<Swept>,
    /// Gain by length of history.
    pub(crate) activity: Vec<Activity>,
    /// What more passes are worth, on the input with medium interactions.
    pub(crate) passes: Vec<Passes>,
    /// Learning rates.
    pub(crate) rates: Vec<Choice>,
    /// How much rows that mix categories do so.
    pub(crate) strengths: Vec<Strengths>,
    /// Values that each reranker has learned, tables left out, on the first input.
    pub(crate) weights: BTreeMap<&'static str, usize>,
    /// What is claimed.
    pub(crate) claims: Vec<Claim>,
    /// Differences that may carry a mark.
    pub(crate) comparisons: usize,
}

impl Summary {
    /// PSAD and its variants on an input.
    pub(crate) fn variants_on(&self, kind: Kind) -> impl Iterator<Item = &VariantSummary> {
        self.variants.iter().filter(move |variant| variant.input == kind.name())
    }
}

/// A reranker of a variant of PSAD.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct VariantSummary {
    /// The input.
    pub(crate) input: &'static str,
    /// The variant.
    pub(crate) label: &'static str,
    /// Which reranker.
    pub(crate) reranker: &'static str,
    /// Slots per step, if that is what the variant changes.
    pub(crate) block_size: Option<usize>,
    /// Steps for ten slots, likewise.
    pub(crate) steps: Option<usize>,
    /// Seeds of the difference, the first of all.
    pub(crate) seeds: Option<usize>,
    /// Utility with those that all variants were fitted with.
    pub(crate) value: Estimate,
    /// Its difference to the same reranker of PSAD as it is, with all seeds of its own.
    pub(crate) vs_full: Option<Difference>,
    /// The same, seed by seed.
    pub(crate) vs_full_by_seed: Vec<f64>,
}

/// What it would be worth to go over the lists more often.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Passes {
    /// The reranker.
    pub(crate) name: &'static str,
    /// With as many passes as all have.
    pub(crate) once: Estimate,
    /// With more, the best of them taken.
    pub(crate) longer: Estimate,
    /// The second minus the first.
    pub(crate) gain: Difference,
}

/// PSAD as it is and its variants on an input, teacher and student each.
pub(crate) fn variants(pool: &Pool) -> Result<Vec<VariantSummary>> {
    let tabled = VARIANTS.iter().filter(|variant| variant.is_tabled(pool.kind));
    let units = std::iter::once(None).chain(tabled.map(Some));
    let wanted: Vec<_> = units.flat_map(|variant| [(variant, TEACHER), (variant, STUDENT)]).collect();
    wanted.par_iter().map(|&(variant, reranker)| variant_summary(pool, variant, reranker)).collect()
}

fn variant_summary(pool: &Pool, variant: Option<&Variant>, reranker: &'static str) -> Result<VariantSummary> {
    let label = variant.map_or("PSAD", |variant| variant.label);
    let (values, full) = (pool.judged(pool.find(label, reranker)?), pool.judged(pool.find("PSAD", reranker)?));
    let common = |values: &[Option<f64>]| estimate(&values[..pool.varied], &pool.clusters[..pool.varied]);
    let against = || difference(values, &full[..values.len()], &pool.clusters[..values.len()]);
    let block_size = variant.map_or(Some(BLOCK_SIZE), Variant::blocks);
    let differences = gained(values, full);
    Ok(VariantSummary {
        input: pool.kind.name(),
        label,
        reranker,
        block_size,
        steps: block_size.map(|size| SLATE_LENGTH.div_ceil(size)),
        seeds: variant.map(|_| by_seed(values, &pool.sizes).len()),
        value: common(values)?,
        vs_full: variant.map(|_| against()).transpose()?,
        vs_full_by_seed: variant.map_or_else(Vec::new, |_| by_seed(&differences, &pool.sizes)),
    })
}

/// Every method once and longer, with the seeds that it was fitted longer with.
pub(crate) fn passes(pool: &Pool) -> Result<Vec<Passes>> {
    let mut found = Vec::new();
    for unit in methods(pool.kind) {
        let [once, longer] = [unit, unit.long()].map(Unit::label);
        for series in pool.series.iter().filter(|series| series.unit == longer) {
            let Some(name) = main_row(once, series.reranker) else { continue };
            let longer = pool.judged(series);
            let once = &pool.judged(pool.find(once, series.reranker)?)[..longer.len()];
            let clusters = &pool.clusters[..longer.len()];
            let gain = difference(longer, once, clusters)?;
            found.push(Passes { name, once: estimate(once, clusters)?, longer: estimate(longer, clusters)?, gain });
        }
    }
    Ok(found)
}

/// How many differences may carry a mark: those of several seeds.
fn comparisons(inputs: &[InputSummary], variants: &[VariantSummary], sweeps: &[Swept], activity: &[Activity]) -> usize {
    let several = |seeds: usize| seeds > 1;
    let rows = inputs.iter().flat_map(|input| &input.rows).filter(|row| several(row.by_seed.len()));
    let main: usize = rows.map(|row| row.vs_initial.iter().chain(&row.vs_teacher).count()).sum();
    let varied = variants.iter().filter(|variant| several(variant.vs_full_by_seed.len())).count();
    // With and without distillation, and as it is against PSAD-G.
    let swept = 2 * sweeps.iter().filter(|swept| several(swept.gain_by_seed.len())).count();
    let groups = activity.iter().filter(|group| several(group.seeds));
    main + varied + swept + groups.map(|group| group.gains.len()).sum::<usize>()
}

/// What an input's rows chose beside their rate: strengths of mixing, and numbers of proposals.
fn strengths(kind: Kind, experiment: &Experiment) -> Vec<Strengths> {
    let mut found: Vec<Strengths> = Vec::new();
    for outcome in experiment.outcomes.iter().filter(|outcome| outcome.kind == kind) {
        let chose = |name| OF_RANKER.contains(&name) || [OF_MLP, EVALUATED].contains(&name);
        let mut named = outcome.values.iter().filter(|(name, _)| chose(*name));
        let name = named.find_map(|(name, _)| main_row(outcome.unit, name));
        let (Some(name), Some(strength)) = (name, outcome.strength) else { continue };
        match found.iter_mut().find(|row| row.name == name) {
            Some(row) => row.by_seed.push(strength),
            None => found.push(Strengths { input: kind.name(), name, by_seed: vec![strength] }),
        }
    }
    found
}

/// All of it.
pub(crate) fn summary(pools: &[Pool], scale: &Scale, seeds: &[u64], experiment: &Experiment) -> Result<Summary> {
    let inputs: Vec<InputSummary> = pools.iter().map(input).collect::<Result<_>>()?;
    let (mut varied, mut swept, mut groups, mut longer) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (pool, input) in pools.iter().zip(&inputs) {
        if matches!(pool.kind, Kind::Medium | Kind::Strong) {
            varied.extend(variants(pool)?);
            swept.extend(sweeps(pool)?);
        }
        if matches!(pool.kind, Kind::Medium | Kind::Strong | Kind::Ratings) {
            groups.extend(activity(pool, &input.rows)?);
        }
        if pool.kind == LONG {
            longer = passes(pool)?;
        }
    }
    let first = |outcome: &&Outcome| Some(outcome.kind) == pools.first().map(|pool| pool.kind);
    let methods: Vec<_> = methods(Kind::Weak).into_iter().map(Unit::label).collect();
    let fits = experiment.outcomes.iter().filter(first).filter(|outcome| methods.contains(&outcome.unit));
    let fits = fits.filter_map(|outcome| outcome.fit.as_ref()).flat_map(|fit| fit.weights.iter().copied());
    Ok(Summary {
        scale: *scale,
        seeds: seeds.to_vec(),
        claims: super::claims::claims(&inputs, &varied, &swept),
        comparisons: comparisons(&inputs, &varied, &swept, &groups),
        passes: longer,
        weights: fits.collect(),
        inputs,
        variants: varied,
        sweeps: swept,
        activity: groups,
        rates: experiment.choices.clone(),
        strengths: pools.iter().flat_map(|pool| strengths(pool.kind, experiment)).collect(),
    })
}
