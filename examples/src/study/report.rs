//! The study as a page.

use super::activity::Activity;
use super::experiment::LONG;
use super::latency::{Latencies, TIMED, Timing};
use super::lists::Kind;
use super::main_table::{InputSummary, Row, best};
use super::pool::{STUDENT, TEACHER};
use super::protocol::{has_ratings, protocol};
use super::summary::{Summary, VariantSummary};
use super::sweeps::{SWEPT, Swept};
use super::tables::{differing, estimated, listed, number, percents, seeds, table, thousands};
use crate::SLATE_LENGTH;

/// All of it.
pub(crate) fn markdown(summary: &Summary, latencies: &Latencies) -> String {
    let inputs: String = summary.inputs.iter().map(|input| main_table(input, latencies)).collect();
    [
        protocol(summary),
        claims(summary),
        format!("## Rerankers on every input\n\n{}{inputs}", about_tables(summary)),
        format!("![Quality against latency](study-quality-latency.svg)\n\n{}", regret(summary)),
        blocks(summary, latencies),
        ablations(summary),
        sweeps(summary, latencies),
        activity(summary),
        passes(summary),
        rates(summary),
        strengths(summary),
        served(latencies),
    ]
    .join("\n")
}

fn claims(summary: &Summary) -> String {
    let rows = summary.claims.iter().map(|claim| {
        let verdict = claim.verdict.text().to_owned();
        vec![format!("{}: {}", claim.id, claim.text), claim.measured.clone(), verdict]
    });
    format!(
        "## Claims\n\nWorked out from the numbers below, by one rule: over the lists of all seeds together it must be so, with p < 0.05 \
         where the claim says that, and with every seed the number must be on the right side. Where the former is so and the latter is not, the table says that: \
         another fit may find otherwise. 1c asks of all seeds together that the interval does not end below zero, and nothing of each. That \
         off-policy estimators cover the truth or refuse (3) is tested in `psad-eval/tests`; that two runs give the same numbers (4) \
         is seen by comparing their `study.json`.\n\n{}\n{}",
        table(&["claim", "measured", ""], 3, rows),
        unclaimed(summary)
    )
}

/// Inputs on which PSAD is not claimed to be ahead, lest claims be all that is read.
fn unclaimed(summary: &Summary) -> String {
    let inputs =
        summary.inputs.iter().filter(|input| [Kind::Weak, Kind::Ratings].map(Kind::name).contains(&input.name));
    let said = inputs.filter_map(|input| {
        let (teacher, first) = (input.row(TEACHER)?, best(input.rows.iter())?);
        let found =
            format!("On `{}`, which no claim is about, {TEACHER} reaches {:.4}", input.name, teacher.value.mean);
        Some(match &first.vs_teacher {
            None => format!("{found}, more than all others.\n"),
            Some(lead) => format!(
                "{found}; the best is {} with {:.4}, minus {TEACHER} {}.\n",
                first.name,
                first.value.mean,
                differing(Some(lead), first.by_seed.len())
            ),
        })
    });
    said.collect()
}

fn about_tables(summary: &Summary) -> String {
    let rated = if has_ratings(summary) { " (of `ratings`: of what was liked)" } else { "" };
    let first = summary.seeds.first().copied().unwrap_or_default();
    format!(
        "Utility is expected clicks per slate. The share of the optimum is the sum of utilities over that of the best \
         slates: found by trying all for `strong-8`, by a search that knows the truth otherwise. Beside the best slates stands \
         what needs no search: the greedy ones, filled slot by slot with the greatest true chance of a click below what stands \
         there already, and those by attraction, the true chance in the first slot. NDCG and MAP are of \
         clicks that were logged on another slate, so they reward its order{rated}. Latency is of one answer through burn on \
         one thread, on `medium` with seed {first}.\n\n"
    )
}

/// A name, whether it is shown, and what stands in it.
type Column<'a> = (&'a str, bool, Box<dyn Fn(&Row) -> String + 'a>);

fn main_table(input: &InputSummary, latencies: &Latencies) -> String {
    // Where users cannot be asked, NDCG is what counts, and the best slates are unknown.
    let known = input.optimum.is_some();
    // Other lengths of lists, and other features, take other times.
    let timed = [Kind::Weak, Kind::Medium, Kind::Strong].map(Kind::name).contains(&input.name);
    // A slate of eight has no tenth slot.
    let [ndcg, map] = ["NDCG", "MAP"].map(|name| format!("{name}@{}", input.slots.min(SLATE_LENGTH)));
    let columns: Vec<Column<'_>> = vec![
        (
            "reranker",
            true,
            Box::new(|row| if row.name == TEACHER { format!("**{TEACHER}**") } else { row.name.to_owned() }),
        ),
        (input.judged_by, true, Box::new(|row| estimated(&row.value))),
        ("of optimum", known, Box::new(|row| percents(row.share.as_ref()))),
        (&ndcg, known, Box::new(|row| number(row.ndcg, 4))),
        (&map, true, Box::new(|row| number(row.map, 4))),
        ("minus PSAD-G", true, Box::new(|row| differing(row.vs_teacher.as_ref(), row.by_seed.len()))),
        ("minus initial order", true, Box::new(|row| differing(row.vs_initial.as_ref(), row.by_seed.len()))),
        ("p50 µs", timed, Box::new(|row| number(latencies.rows.get(row.name).map(|timing| timing.burn.p50), 0))),
        ("p99 µs", timed, Box::new(|row| number(latencies.rows.get(row.name).map(|timing| timing.burn.p99), 0))),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(_, shown, _)| *shown).collect();
    let header: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
    let row = |row: &Row| columns.iter().map(|(_, _, cell)| cell(row)).collect();
    let worth = |text: &str, value: Option<f64>| value.map_or_else(String::new, |value| format!("{text}{value:.4}"));
    let truth = [
        worth("; the best slates have ", input.optimum),
        worth(", the greedy ones of someone who knows the truth ", input.greedy),
        worth(", those by true attraction ", input.by_attraction),
    ];
    format!(
        "### {}\n\n{} lists of {} users, {} slots{}.\n\n{}\n",
        input.name,
        thousands(input.lists),
        thousands(input.users),
        input.slots,
        truth.concat(),
        table(&header, 1, input.rows.iter().map(row))
    )
}

fn regret(summary: &Summary) -> String {
    let rows = summary.inputs.iter().filter(|input| input.name.starts_with(Kind::StrongEight.name()));
    let rows = rows.flat_map(|input| input.rows.iter().map(move |row| (input.name, row))).map(|(input, row)| {
        vec![
            input.to_owned(),
            row.name.to_owned(),
            percents(row.share.as_ref()),
            row.regret.as_ref().map_or_else(String::new, estimated),
        ]
    });
    format!(
        "## Regret\n\nAgainst the exhaustive optimum; the picture also shows `strong`, where the best slates are those that a search \
         found which knows the truth.\n\n{}\n![Regret](study-regret.svg)\n",
        table(&["input", "reranker", "of optimum", "regret"], 2, rows)
    )
}

/// Beside which utilities of one seed differences of several stand.
const OF_FIRST: &str = "Utilities are of the first seed; differences are over as many seeds as the row says. Rows of one seed carry \
     no mark.";

fn blocks(summary: &Summary, latencies: &Latencies) -> String {
    let mut variants: Vec<(usize, &VariantSummary)> =
        summary.variants_on(Kind::Strong).filter_map(|variant| Some((variant.block_size?, variant))).collect();
    variants.sort_by_key(|(size, _)| *size);
    let rows = variants.iter().filter(|(_, variant)| variant.reranker == TEACHER).map(|(size, variant)| {
        let timing = latencies.blocks.get(size);
        let burn = timing.map(|timing| timing.burn.p50);
        let served = timing.and_then(|timing| timing.served).map(|served| served.p50);
        vec![
            size.to_string(),
            counted(variant.steps),
            estimated(&variant.value),
            differing_of(variant),
            counted(variant.seeds),
            number(burn, 0),
            number(served, 0),
        ]
    });
    let header = ["K", "steps ⌈10/K⌉", "utility of PSAD-G", "minus K = 5", "of seeds", "p50 µs", "p50 µs served"];
    format!(
        "## Slots per step (strong)\n\n{OF_FIRST} K = 20 is a block as long as the lists that are learned from, where K = 10 has two; \
         slates of 10 take one step of either. Latencies are of `strong`, and another measurement than those above.\n\n{}\n\
         ![Slots per step](study-blocks.svg)\n",
        table(&header, 1, rows)
    )
}

fn ablations(summary: &Summary) -> String {
    // Block sizes have a table of their own.
    let strong = varied(summary, Kind::Strong, |variant| variant.label == "PSAD" || variant.block_size.is_none());
    let medium = varied(summary, Kind::Medium, |_| true);
    format!(
        "## Ablations (strong)\n\n{OF_FIRST}\n\n{strong}\n![Ablations](study-ablations.svg)\n\n\
         α can hardly matter: what it weighs trains values that nothing else does, and Adam's steps do not grow with gradients.\n\n\
         With medium interactions, those that claims speak of:\n\n{medium}"
    )
}

/// What distillation is worth, the more the student may search by itself.
fn sweeps(summary: &Summary, latencies: &Latencies) -> String {
    let rows = summary.sweeps.iter().map(|swept| {
        let Swept { input, sweeps, taught, untaught, gain, gain_by_seed, vs_teacher, vs_teacher_by_seed } = swept;
        vec![
            (*input).to_owned(),
            sweeps.to_string(),
            estimated(taught),
            estimated(untaught),
            differing(Some(gain), gain_by_seed.len()),
            listed(gain_by_seed),
            differing(Some(vs_teacher), vs_teacher_by_seed.len()),
            number(latencies.sweeps.get(sweeps).map(|time| time.p50), 0),
        ]
    });
    let own = SWEPT.iter().find(|(_, name)| *name == STUDENT).map_or(0, |(sweeps, _)| *sweeps);
    let compared = summary.sweeps.iter().map(|swept| swept.gain_by_seed.len()).max().unwrap_or(0);
    let header = [
        "input",
        "sweeps",
        "PSAD-S",
        "without distillation",
        "distillation is worth",
        "by seed",
        "minus PSAD-G",
        "p50 µs through burn",
    ];
    format!(
        "## Sweeps of the student\n\nPSAD-S picks a slate slot by slot, and then searches for a better one by what it knows of \
         clicks, beginning with what it would pick untaught where it expects more clicks of that. A sweep tries all swaps and \
         insertions; those that are left when no single move helps begin anew from random swaps. Its teacher searches so with \
         up to 20 sweeps per block, and distillation shows it what was found. PSAD-S of all other tables makes {own} of 20 at \
         most. With 20, half of what the teacher makes at most, it is nearly PSAD-G without the generator: its scores, of a network \
         of its own, know nothing of what stands above but the influence between pairs. Utilities and differences are of {}; latency is of `{}` with the first of them.\n\n{}",
        seeds(compared),
        TIMED.name(),
        table(&header, 1, rows)
    )
}

/// The difference of a variant to PSAD as it is.
fn differing_of(variant: &VariantSummary) -> String {
    differing(variant.vs_full.as_ref(), variant.vs_full_by_seed.len())
}

/// Teacher and student of variants side by side.
fn varied(summary: &Summary, kind: Kind, shown: impl Fn(&VariantSummary) -> bool) -> String {
    let teachers = summary.variants_on(kind).filter(|variant| variant.reranker == TEACHER && shown(variant));
    let rows = teachers.map(|teacher| {
        let same = |other: &&VariantSummary| other.label == teacher.label && other.reranker == STUDENT;
        let student = summary.variants_on(kind).find(same);
        vec![
            teacher.label.to_owned(),
            estimated(&teacher.value),
            student.map_or_else(String::new, |student| estimated(&student.value)),
            differing_of(teacher),
            student.map_or_else(String::new, differing_of),
            counted(teacher.seeds),
        ]
    });
    let header = ["PSAD", "utility of PSAD-G", "of PSAD-S", "PSAD-G minus full", "PSAD-S minus full", "of seeds"];
    table(&header, 1, rows)
}

fn activity(summary: &Summary) -> String {
    let rows = summary.activity.iter().flat_map(|group| {
        let Activity { input, histories: (from, to), lists, seeds, gains } = group;
        let lengths = if from == to { from.to_string() } else { format!("{from} to {to}") };
        gains.iter().map(move |(reranker, gain)| {
            vec![
                (*input).to_owned(),
                (*reranker).to_owned(),
                lengths.clone(),
                thousands(*lists),
                differing(Some(gain), *seeds),
            ]
        })
    });
    format!(
        "## Users by activity\n\nGain over the initial order, in utility (ratings: NDCG@10), by the length of the user's \
         history: none, and the others in two groups, cut at the middle length (below the longest, where half of \
         them have that); PSAD beside the method that has most on these lists of those that are not PSAD.\n\n{}",
        table(&["input", "reranker", "items in history", "lists", "gain"], 2, rows)
    )
}

fn passes(summary: &Summary) -> String {
    let rows = summary.passes.iter().map(|found| {
        let name = found.name.to_owned();
        vec![name, estimated(&found.once), estimated(&found.longer), differing(Some(&found.gain), 1)]
    });
    let scale = &summary.scale;
    format!(
        "## More passes over the lists ({})\n\nWith the first seed, so without marks: {} against {}, of which the best \
         is taken by the validation lists; at the learning rate that was chosen for the former.\n\n{}",
        LONG.name(),
        scale.epochs,
        scale.long_epochs,
        table(&["reranker", "utility", "with more passes", "gain"], 1, rows)
    )
}

fn rates(summary: &Summary) -> String {
    let header = ["input", "method", "chosen", "reached on validation lists at each rate"];
    let rows = summary.rates.iter().map(|choice| {
        let tried = choice.tried.iter().map(|(rate, reached)| format!("{rate}: {reached:.4}"));
        let [first, last] = [choice.tried.first(), choice.tried.last()].map(|tried| tried.map(|(rate, _)| *rate));
        let edge = if [first, last].contains(&Some(choice.rate)) { ", at the edge" } else { "" };
        let named = [choice.input.to_owned(), choice.method.to_owned(), format!("{}{edge}", choice.rate)];
        named.into_iter().chain([tried.collect::<Vec<_>>().join(", ")]).collect()
    });
    format!("## Chosen learning rates\n\n{}", table(&header, 2, rows))
}

fn strengths(summary: &Summary) -> String {
    let rows = summary.strengths.iter().map(|row| {
        let by_seed: Vec<String> = row.by_seed.iter().map(f64::to_string).collect();
        vec![row.input.to_owned(), row.name.to_owned(), by_seed.join(", ")]
    });
    format!(
        "## What else was chosen\n\nHow many proposals the evaluator chooses among. Strengths of mixing: λ of MMR (1 is scores alone), θ of DPP (the greater, the more scores count), γ of SSD (0 is \
         scores alone), seed by seed. Two items are alike if they have the same category, and unlike otherwise. So to DPP a \
         second item of a category is worth nothing, whatever θ; with λ = 0.5 MMR places it last too, and both are one rule.\n\n{}",
        table(&["input", "reranker", "chosen"], 3, rows)
    )
}

fn served(latencies: &Latencies) -> String {
    let with = latencies.rows.iter().filter_map(|(name, Timing { burn, served })| Some((name, burn, (*served)?)));
    let rows = with.map(|(name, burn, served)| {
        let times = [burn.p50, burn.p99, served.p50, served.p99].map(|time| number(Some(time), 0));
        std::iter::once((*name).to_owned()).chain(times).collect()
    });
    let header = ["reranker", "burn p50 µs", "burn p99 µs", "served p50 µs", "served p99 µs"];
    let missing = latencies.not_served.iter().map(|(name, why)| format!("\n{name} is not served: {why}.\n"));
    format!("## Served without burn\n\n{}{}", table(&header, 1, rows), missing.collect::<String>())
}

/// Nothing where there is nothing to count.
fn counted(count: Option<usize>) -> String {
    count.map_or_else(String::new, |count| count.to_string())
}
