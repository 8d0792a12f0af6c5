//! The study as pictures.

use anyhow::Result;

use super::latency::Latencies;
use super::lists::Kind;
use super::main_table::InputSummary;
use super::pool::{STUDENT, TEACHER};
use super::stats::Difference;
use super::summary::Summary;
use super::tables::seeds;
use super::variants::BLOCK_SIZE;
use crate::drawing::{Bar, Curve, Point, Tone, bars, lines, scatter, svg};

/// All pictures with the names of their files.
pub(crate) fn draw(summary: &Summary, latencies: &Latencies) -> Result<[(&'static str, String); 4]> {
    Ok([
        ("study-quality-latency.svg", quality(summary, latencies)?),
        ("study-blocks.svg", blocks(summary, latencies)?),
        ("study-ablations.svg", ablations(summary)?),
        ("study-regret.svg", regret(summary)?),
    ])
}

fn named(summary: &Summary, kind: Kind) -> Option<&InputSummary> {
    summary.inputs.iter().find(|input| input.name == kind.name())
}

fn quality(summary: &Summary, latencies: &Latencies) -> Result<String> {
    svg((1120, 460), |root| {
        let (left, right) = root.split_horizontally(560);
        for (area, kind) in [(left, Kind::Medium), (right, Kind::Strong)] {
            let rows = named(summary, kind).map_or(&[][..], |input| &input.rows);
            let points = rows.iter().filter_map(|row| {
                let x = latencies.rows.get(row.name)?.burn.p50;
                let ours = row.name.starts_with("PSAD");
                Some(Point {
                    name: row.name.to_owned(),
                    x,
                    y: row.value.mean,
                    low: row.value.low,
                    high: row.value.high,
                    ours,
                })
            });
            // A random order is so far below that it would flatten all others.
            let points: Vec<Point> = points.filter(|point| point.name != super::experiment::RANDOM).collect();
            scatter(
                &area,
                &format!("{} interactions (red: PSAD)", kind.name()),
                ["p50 of an answer (medium), µs", "utility"],
                &points,
            )?;
        }
        Ok(())
    })
}

fn blocks(summary: &Summary, latencies: &Latencies) -> Result<String> {
    let of_teacher = summary.variants_on(Kind::Strong).filter(|variant| variant.reranker == TEACHER);
    let mut sizes: Vec<_> = of_teacher.filter_map(|found| Some((found.block_size?, found.vs_full?, found))).collect();
    sizes.sort_by_key(|(size, ..)| *size);
    let differences: Vec<Bar> = sizes
        .into_iter()
        .map(|(size, found, variant)| {
            let count = variant.vs_full_by_seed.len();
            bar(format!("K = {size}, {}", seeds(count)), found, count)
        })
        .collect();
    let times = latencies.blocks.iter().map(|(&size, timing)| (size as f64, timing.burn.p50)).collect();
    let served = latencies.blocks.iter();
    let served: Vec<_> = served.filter_map(|(&size, timing)| Some((size as f64, timing.served?.p50))).collect();
    let mut latency = vec![Curve { name: format!("{TEACHER}, burn"), points: times }];
    if !served.is_empty() {
        latency.push(Curve { name: format!("{TEACHER}, served"), points: served });
    }
    svg((1120, 400), |root| {
        let (left, right) = root.split_horizontally(560);
        bars(&left, &format!("{TEACHER}: utility minus K = {BLOCK_SIZE}, strong ({KEY})"), &differences)?;
        lines(&right, "p50 of an answer, µs", "slots per step K", &latency, 0)
    })
}

fn ablations(summary: &Summary) -> Result<String> {
    let of = |reranker: &str| -> Vec<Bar> {
        let here = summary.variants_on(Kind::Strong);
        // Block sizes have a picture of their own.
        let here = here.filter(|variant| variant.reranker == reranker && variant.block_size.is_none());
        let differences =
            here.filter_map(|variant| Some((variant.label, variant.vs_full?, variant.vs_full_by_seed.len())));
        differences.map(|(name, found, count)| bar(name.to_owned(), found, count)).collect()
    };
    let (teacher, student) = (of(TEACHER), of(STUDENT));
    let height = 90 + 26 * teacher.len() as u32;
    let title = |name| format!("{name}: utility minus full PSAD ({KEY})");
    svg((1480, height), |root| {
        let (left, right) = root.split_horizontally(740);
        bars(&left, &title(TEACHER), &teacher)?;
        bars(&right, &title(STUDENT), &student)
    })
}

/// The colours of [`bar`].
const KEY: &str = "red: p < 0.05; grey: one seed";

/// A difference; what one fit of one seed differs by is not highlighted.
fn bar(name: String, found: Difference, seeds: usize) -> Bar {
    let Difference { diff, low, high, .. } = found;
    let tone = match (seeds > 1, found.is_significant()) {
        (false, _) => Tone::Faint,
        (true, true) => Tone::Marked,
        (true, false) => Tone::Plain,
    };
    Bar { name, value: diff, low, high, tone }
}

fn regret(summary: &Summary) -> Result<String> {
    svg((1120, 400), |root| {
        let (left, right) = root.split_horizontally(560);
        for (area, kind) in [(left, Kind::StrongEight), (right, Kind::Strong)] {
            let rows = named(summary, kind).map_or(&[][..], |input| &input.rows);
            let bar = |row: &super::main_table::Row| {
                let found = row.regret?;
                let tone = if row.name.starts_with("PSAD") { Tone::Marked } else { Tone::Plain };
                Some(Bar { name: row.name.to_owned(), value: found.mean, low: found.low, high: found.high, tone })
            };
            let found: Vec<Bar> = rows.iter().filter_map(bar).collect();
            let best = if kind.is_exhaustive() { "all slates tried" } else { "best of a search" };
            bars(&area, &format!("regret, {} ({best}; red: PSAD)", kind.name()), &found)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_seed_differs_by_is_never_red() {
        let tone = |p, seeds| bar(String::new(), Difference { diff: 1., low: 0.5, high: 1.5, p }, seeds).tone;
        assert_eq!([tone(0.01, 2), tone(0.2, 2), tone(0.01, 1)], [Tone::Marked, Tone::Plain, Tone::Faint]);
    }
}
