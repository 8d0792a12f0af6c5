//! What the study says, without what depends on the machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Serialize;

use super::claims::Claim;
use super::diversified::{OF_MLP, OF_RANKER, Strengths};
use super::experiment::{Choice, Experiment, INITIAL, LONG, Outcome};
use super::fitting::{Unit, models};
use super::lists::Kind;
use super::measure::{Column, mean};
use super::pool::{Pool, STUDENT, Series, TEACHER, row as main_row};
use super::scale::Scale;
use super::stats::{Difference, Estimate, difference, estimate, rounded, share};
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
    /// Values that each method trains, tables left out, on the first input.
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

/// One input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct InputSummary {
    /// Its name.
    pub(crate) name: &'static str,
    /// Slots of every slate.
    pub(crate) slots: usize,
    /// Test lists of all seeds.
    pub(crate) lists: usize,
    /// Users that are taken for independent.
    pub(crate) users: usize,
    /// What rerankers are judged by.
    pub(crate) judged_by: &'static str,
    /// Mean of the best slates.
    pub(crate) optimum: Option<f64>,
    /// The rerankers.
    pub(crate) rows: Vec<Row>,
}

impl InputSummary {
    /// The row of that name.
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

/// One reranker on one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is judged by.
    pub(crate) value: Estimate,
    /// The same, seed by seed.
    pub(crate) by_seed: Vec<f64>,
    /// Sum of its utilities over that of the best slates.
    pub(crate) share: Option<Estimate>,
    /// What it loses against the best slates.
    pub(crate) regret: Option<Estimate>,
    /// NDCG@10 on logged labels.
    pub(crate) ndcg: Option<f64>,
    /// MAP@10 on logged labels.
    pub(crate) map: Option<f64>,
    /// Its difference to the initial order.
    pub(crate) vs_initial: Option<Difference>,
    /// Its difference to PSAD-G.
    pub(crate) vs_teacher: Option<Difference>,
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

/// Gain over the initial order of users with histories of some lengths.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Activity {
    /// The input.
    pub(crate) input: &'static str,
    /// Shortest and longest history.
    pub(crate) histories: (usize, usize),
    /// Number of lists.
    pub(crate) lists: usize,
    /// Number of seeds that they are of.
    pub(crate) seeds: usize,
    /// By reranker.
    pub(crate) gains: BTreeMap<&'static str, Difference>,
}

/// The main table of an input.
pub(crate) fn input(pool: &Pool) -> Result<InputSummary> {
    let rows = pool.rows();
    let optima = pool.optima.as_deref();
    Ok(InputSummary {
        name: pool.kind.name(),
        slots: pool.kind.slots(),
        lists: pool.clusters.len(),
        users: pool.clusters.iter().max().map_or(0, |&last| last as usize + 1),
        judged_by: pool.kind.primary().name(),
        optimum: optima.map(|optima| rounded(optima.iter().sum::<f64>() / optima.len().max(1) as f64)),
        rows: rows.par_iter().map(|&(name, series)| row(pool, name, series)).collect::<Result<_>>()?,
    })
}

fn row(pool: &Pool, name: &'static str, series: &Series) -> Result<Row> {
    let values = pool.judged(series);
    let against = |unit, reranker| {
        let other = pool.judged(pool.find(unit, reranker)?);
        difference(values, other, &pool.clusters)
    };
    let regret = |optima: &[f64]| {
        let lost: Vec<_> = values.iter().zip(optima).map(|(value, best)| value.map(|value| best - value)).collect();
        estimate(&lost, &pool.clusters)
    };
    let optima = pool.optima.as_deref();
    let column = |column| mean(series.values.get(column)).map(rounded);
    Ok(Row {
        name,
        value: estimate(values, &pool.clusters)?,
        by_seed: by_seed(values, &pool.sizes),
        share: optima.map(|optima| share(values, optima, &pool.clusters)).transpose()?.flatten(),
        regret: optima.map(regret).transpose()?,
        ndcg: column(Column::Ndcg),
        map: column(Column::Map),
        vs_initial: (name != INITIAL).then(|| against(INITIAL, INITIAL)).transpose()?,
        vs_teacher: (name != TEACHER).then(|| against("PSAD", TEACHER)).transpose()?,
    })
}

pub(crate) fn by_seed(values: &[Option<f64>], sizes: &[usize]) -> Vec<f64> {
    let mut rest = values;
    let mut next = |&size: &usize| {
        let (here, later) = rest.split_at_checked(size)?;
        rest = later;
        mean(here).map(rounded)
    };
    sizes.iter().filter_map(&mut next).collect()
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
    let differences: Vec<_> = values.iter().zip(full).map(|(value, full)| Some((*value)? - (*full)?)).collect();
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
    for &model in models(pool.kind) {
        let [once, longer] = [Unit::plain(model), Unit::long(model)].map(Unit::label);
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

/// Users without history, then the others, the shorter histories first; see [`middle`].
pub(crate) fn activity(pool: &Pool, rows: &[Row]) -> Result<Vec<Activity>> {
    let best = best_baseline(rows).context("no baseline was measured")?;
    let mut known: Vec<usize> = pool.histories.iter().copied().filter(|&length| length > 0).collect();
    known.sort_unstable();
    let middle = middle(&known);
    let groups = [(0, 0), (1, middle), (middle + 1, usize::MAX)];
    let found = groups.par_iter().map(|&(from, to)| group(pool, from..=to, [STUDENT, TEACHER, best]));
    let found: Vec<Option<Activity>> = found.collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The longest of the shorter histories, of sorted ones. Where half of them have the greatest length, as where lengths are
/// capped, those of that length are the longer ones.
fn middle(known: &[usize]) -> usize {
    let middle = known.get(known.len() / 2).copied().unwrap_or(1);
    let shorter = known.partition_point(|&length| length < middle);
    if known.last() == Some(&middle) { shorter.checked_sub(1).map_or(middle, |last| known[last]) } else { middle }
}

/// The method that is not PSAD's with the highest value.
pub(crate) fn best_baseline(rows: &[Row]) -> Option<&'static str> {
    let baselines = rows.iter().filter(|row| !row.name.starts_with("PSAD") && row.vs_initial.is_some());
    baselines.max_by(|a, b| a.value.mean.total_cmp(&b.value.mean)).map(|row| row.name)
}

/// None for a group of fewer than two users, of whom nothing can be said.
fn group(pool: &Pool, lengths: std::ops::RangeInclusive<usize>, names: [&'static str; 3]) -> Result<Option<Activity>> {
    let here: Vec<usize> = (0..pool.histories.len()).filter(|&list| lengths.contains(&pool.histories[list])).collect();
    let clusters: Vec<u32> = here.iter().map(|&list| pool.clusters[list]).collect();
    let pick = |series: &Series| here.iter().map(|&list| pool.judged(series)[list]).collect::<Vec<_>>();
    let initial = pick(pool.find(INITIAL, INITIAL)?);
    // Whether a list has a value is the list's, not the method's.
    let mut judged = clusters.iter().zip(&initial).filter(|(_, value)| value.is_some()).map(|(cluster, _)| cluster);
    let first = judged.next();
    if judged.all(|cluster| Some(cluster) == first) {
        return Ok(None);
    }
    let mut gains = BTreeMap::new();
    for (name, series) in pool.rows().into_iter().filter(|(name, _)| names.contains(name)) {
        gains.insert(name, difference(&pick(series), &initial, &clusters)?);
    }
    let seen = || here.iter().map(|&list| pool.histories[list]);
    let histories = (seen().min().unwrap_or(0), seen().max().unwrap_or(0));
    let seeds = pool.sizes.len();
    Ok(Some(Activity { input: pool.kind.name(), histories, lists: here.len(), seeds, gains }))
}

/// How many differences may carry a mark: those of several seeds.
fn comparisons(inputs: &[InputSummary], variants: &[VariantSummary], sweeps: &[Swept], activity: &[Activity]) -> usize {
    let several = |seeds: usize| seeds > 1;
    let rows = inputs.iter().flat_map(|input| &input.rows).filter(|row| several(row.by_seed.len()));
    let main: usize = rows.map(|row| row.vs_initial.iter().chain(&row.vs_teacher).count()).sum();
    let varied = variants.iter().filter(|variant| several(variant.vs_full_by_seed.len())).count();
    let swept = sweeps.iter().filter(|swept| several(swept.gain_by_seed.len())).count();
    let groups = activity.iter().filter(|group| several(group.seeds));
    main + varied + swept + groups.map(|group| group.gains.len()).sum::<usize>()
}

/// The strengths of an input's rows that mix categories, those of the ranker's order first.
fn strengths(kind: Kind, experiment: &Experiment) -> Vec<Strengths> {
    let mut found: Vec<Strengths> = Vec::new();
    for outcome in experiment.outcomes.iter().filter(|outcome| outcome.kind == kind) {
        let mut mixed = outcome.values.iter().filter(|(name, _)| OF_RANKER.contains(name) || *name == OF_MLP);
        let name = mixed.find_map(|(name, _)| main_row(outcome.unit, name));
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
    let methods: Vec<_> = models(Kind::Weak).iter().map(|&model| Unit::plain(model).label()).collect();
    let fits = experiment.outcomes.iter().filter(first).filter(|outcome| methods.contains(&outcome.unit));
    let fits = fits.filter_map(|outcome| Some((outcome.unit, outcome.fit.as_ref()?.weights)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_halved_even_where_their_length_is_capped() {
        assert_eq!(middle(&[1, 2, 3, 4]), 3);
        assert_eq!(middle(&[6, 9, 50, 50, 50, 50]), 9);
        assert_eq!((middle(&[50, 50]), middle(&[])), (50, 1));
    }
}
