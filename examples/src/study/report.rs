//! The study as a page.

use super::experiment::LONG;
use super::latency::{Latencies, Timing};
use super::lists::Kind;
use super::pool::{STUDENT, TEACHER, UNREFINED};
use super::protocol::protocol;
use super::summary::{Activity, InputSummary, Row, Summary, VariantSummary};
use super::tables::{differing, estimated, number, percents, table, thousands};

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
        activity(summary),
        passes(summary),
        rates(summary),
        served(latencies),
    ]
    .join("\n")
}

fn claims(summary: &Summary) -> String {
    let rows = summary.claims.iter().map(|claim| {
        let verdict = if claim.holds { "holds" } else { "**does not hold**" };
        vec![format!("{}: {}", claim.id, claim.text), claim.measured.clone(), verdict.to_owned()]
    });
    format!("## Claims\n\nWorked out from the numbers below.\n\n{}", table(&["claim", "measured", ""], 3, rows))
}

fn about_tables(summary: &Summary) -> String {
    let first = summary.seeds.first().copied().unwrap_or_default();
    format!(
        "Utility is expected clicks per slate. The share of the optimum is the sum of utilities over that of the best \
         slates: found by trying all for `strong-8`, by a search that knows the truth otherwise. NDCG and MAP are of \
         clicks that were logged on another slate, so they reward its order. Latency is of one answer through burn on \
         one thread, on `medium` with seed {first}.\n\n"
    )
}

fn main_table(input: &InputSummary, latencies: &Latencies) -> String {
    let header = [
        "reranker",
        // NDCG with its interval, where that is what counts.
        input.judged_by,
        "of optimum",
        "NDCG@10",
        "MAP@10",
        "minus PSAD-G",
        "minus initial order",
        "p50 µs",
        "p99 µs",
    ];
    // Other lengths of lists, and other features, take other times.
    let timed = [Kind::Weak, Kind::Medium, Kind::Strong].map(Kind::name).contains(&input.name);
    let row = |row: &Row| {
        let timing = latencies.rows.get(row.name).filter(|_| timed).map(|timing| timing.burn);
        let name = if row.name == TEACHER { format!("**{}**", row.name) } else { row.name.to_owned() };
        vec![
            name,
            estimated(&row.value),
            percents(row.share.as_ref()),
            number(row.ndcg, 4),
            number(row.map, 4),
            differing(row.vs_teacher.as_ref()),
            differing(row.vs_initial.as_ref()),
            number(timing.map(|timing| timing.p50), 0),
            number(timing.map(|timing| timing.p99), 0),
        ]
    };
    let optimum = input.optimum.map_or_else(String::new, |value| format!("; the best slates have {value:.4}"));
    format!(
        "### {}\n\n{} lists of {} users, {} slots{optimum}.\n\n{}\n",
        input.name,
        thousands(input.lists),
        thousands(input.users),
        input.slots,
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
        "## Regret against the exhaustive optimum (strong-8)\n\n{}\n![Regret](study-regret.svg)\n",
        table(&["input", "reranker", "of optimum", "regret"], 2, rows)
    )
}

/// Beside which utilities of one seed differences of several stand.
const OF_FIRST: &str = "Utilities are of the first seed; differences are over as many seeds as the row says.";

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
            differing(variant.vs_full.as_ref()),
            counted(variant.seeds),
            number(burn, 0),
            number(served, 0),
        ]
    });
    let header = ["K", "steps ⌈10/K⌉", "utility of PSAD-G", "minus K = 5", "of seeds", "p50 µs", "p50 µs served"];
    format!(
        "## Slots per step (strong)\n\n{OF_FIRST}\n\n{}\n![Slots per step](study-blocks.svg)\n",
        table(&header, 1, rows)
    )
}

fn ablations(summary: &Summary) -> String {
    // Block sizes have a table of their own.
    let strong = varied(summary, Kind::Strong, |variant| variant.label == "PSAD" || variant.block_size.is_none());
    let medium = varied(summary, Kind::Medium, |_| true);
    format!(
        "## Ablations (strong)\n\n{OF_FIRST}\n\n{strong}\n![Ablations](study-ablations.svg)\n\n\
         With medium interactions, those that claims speak of:\n\n{medium}\n\n\
         What the student picks, before that is refined:\n\n{}",
        picked(summary)
    )
}

/// What distillation is worth before refinement finds much of it by itself.
fn picked(summary: &Summary) -> String {
    let rows = summary.variants.iter().filter(|variant| variant.reranker == UNREFINED).map(|variant| {
        vec![
            variant.input.to_owned(),
            variant.label.to_owned(),
            estimated(&variant.value),
            differing(variant.vs_full.as_ref()),
            counted(variant.seeds),
        ]
    });
    table(&["input", "PSAD", "utility of PSAD-S, unrefined", "minus full", "of seeds"], 2, rows)
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
            differing(teacher.vs_full.as_ref()),
            differing(student.and_then(|student| student.vs_full.as_ref())),
            counted(teacher.seeds),
        ]
    });
    let header = ["PSAD", "utility of PSAD-G", "of PSAD-S", "PSAD-G minus full", "PSAD-S minus full", "of seeds"];
    table(&header, 1, rows)
}

fn activity(summary: &Summary) -> String {
    let rows = summary.activity.iter().flat_map(|group| {
        let Activity { input, histories: (from, to), lists, gains } = group;
        let lengths = if from == to { from.to_string() } else { format!("{from} to {to}") };
        gains.iter().map(move |(reranker, gain)| {
            vec![(*input).to_owned(), (*reranker).to_owned(), lengths.clone(), thousands(*lists), differing(Some(gain))]
        })
    });
    format!(
        "## Users by activity\n\nGain over the initial order, in utility (ratings: NDCG@10), by the length of the user's \
         history: none, and about half of the others each; PSAD beside the best baseline of the \
         input.\n\n{}",
        table(&["input", "reranker", "items in history", "lists", "gain"], 2, rows)
    )
}

fn passes(summary: &Summary) -> String {
    let rows = summary.passes.iter().map(|found| {
        let name = found.name.to_owned();
        vec![name, estimated(&found.once), estimated(&found.longer), differing(Some(&found.gain))]
    });
    let scale = &summary.scale;
    format!(
        "## More passes over the lists ({})\n\nWith the first seed: {} against {}, of which the best is taken by the \
         validation lists; at the learning rate that was chosen for the former.\n\n{}",
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
        let named = [choice.input.to_owned(), choice.method.to_owned(), choice.rate.to_string()];
        named.into_iter().chain([tried.collect::<Vec<_>>().join(", ")]).collect()
    });
    format!("## Chosen learning rates\n\n{}", table(&header, 2, rows))
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
