//! The study as a page.

use super::latency::{Latencies, Timing};
use super::lists::Kind;
use super::pool::TEACHER;
use super::scale::{RATES, RATINGS_RATES};
use super::summary::{Activity, InputSummary, Row, Summary, VariantSummary};
use super::tables::{differing, estimated, number, percent, table};
use crate::SLATE_LENGTH;

/// Seeds of simulated users whose test lists were looked at while PSAD was designed.
const DESIGN_SEEDS: [u64; 2] = [42, 43];

/// All of it.
pub(crate) fn markdown(summary: &Summary, latencies: &Latencies) -> String {
    let inputs: String = summary.inputs.iter().map(|input| main_table(input, latencies)).collect();
    [
        head(summary),
        claims(summary),
        format!("## Rerankers on every input\n\n{}{inputs}", about_tables(summary)),
        format!("![Quality against latency](study-quality-latency.svg)\n\n{}", regret(summary)),
        blocks(summary, latencies),
        ablations(summary),
        activity(summary),
        rates(summary),
        served(latencies),
    ]
    .join("\n")
}

fn head(summary: &Summary) -> String {
    let (scale, seeds) = (&summary.scale, summary.seeds.len());
    let first = summary.seeds.first().copied().unwrap_or_default();
    let mut text = format!(
        "# What reranking with PSAD is worth\n\n\
         Written by `cargo run --release --example study`; `--data DIR` adds real ratings, `--quick` is a smoke run. \
         Except for latencies, the same seeds on the same machine and build give the same numbers: `study.json` is \
         repeated byte for byte. Latencies (in `study-latency.json`, the tables' last columns and two pictures) are of \
         one machine and vary from run to run.\n\n\
         **Inputs.** Users of the simulator psad-sim, whose expected clicks on any slate are known exactly, with \
         position-based examination: {} items in {} categories, {} users; {} lists to train on ({} for `strong-8`), {} to validate, {} to \
         test, of 20 candidates, of which {SLATE_LENGTH} are shown. Interactions between the items of a slate are \
         weak, medium or strong. `strong-8` has 8 candidates and 8 slots, so that the best slate is found by trying \
         all, and besides users who, after a click, go on less often (dependent click) \
         or not at all (cascade); PSAD alone is trained there, with the first {} seeds. {seeds} seeds from {first} on; each has a world, lists and initial weights of its own.",
        scale.items,
        scale.categories,
        scale.users,
        thousands(scale.train_lists),
        thousands(scale.short_train_lists),
        thousands(scale.validation_lists),
        thousands(scale.test_lists),
        scale.short_seeds,
    );
    if summary.inputs.iter().any(|input| input.name == Kind::Ratings.name()) {
        text.push_str(
            " `ratings` are MovieLens-like ratings in the order of time; there NDCG@10 takes the place of utility.",
        );
    }
    text + "\n\n" + &protocol(summary)
}

fn protocol(summary: &Summary) -> String {
    let [rates, ratings] = [RATES, RATINGS_RATES].map(|rates| rates.map(|rate| rate.to_string()).join(" and "));
    let (scale, [.., short]) = (&summary.scale, RATES);
    let designed = DESIGN_SEEDS.map(|seed| seed.to_string()).join(" and ");
    let seen = if DESIGN_SEEDS.iter().any(|seed| summary.seeds.contains(seed)) {
        "are among these, so its figures are too good"
    } else {
        "are not among these"
    };
    format!(
        "**Tuning.** All methods have about the same size and go {} over the lists ({} over ratings), those of \
         variants with a second stage once more, in batches of {} ({} of ratings). Each chooses its learning rate of {rates} \
         ({ratings} for ratings) by the validation lists of the first seed, but for lists of eight, where PSAD has {short} \
         without a choice; and each fit of several passes chooses the best of them by its own validation lists: by the \
         expected utility of validation users, or NDCG@10 for ratings, as the mean over a method's rerankers. PSAD's \
         variants have PSAD's rate. Most are fitted with the first seed alone (their utilities are of it), those that \
         claims speak of with more; differences are to PSAD with the same seeds. Where that is one seed, luck of two fits \
         is in the difference. No rate or epoch is chosen by test lists. PSAD's design was settled with test lists of the \
         simulator's seeds {designed} in view, which {seen}.\n\n\
         **Statistics.** The test lists of all seeds are pooled. Intervals are 95 % percentile bootstraps, p-values \
         come from paired sign flips, both with the lists of a user (of one seed) as one draw; for ratings, whose users \
         are the same for all seeds, with all lists of a user. They cover the choice of users and lists, not the luck \
         of a fit beyond these seeds; `by_seed` in `study.json` shows that. `*` marks p < 0.05. There are {} \
         comparisons and no correction for their number, so expect {:.0} marks by chance if nothing differed.\n",
        times(scale.epochs),
        times(scale.ratings_epochs),
        scale.batch_size,
        scale.ratings_batch_size,
        summary.comparisons,
        0.05 * summary.comparisons as f64,
    )
}

fn times(number: usize) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
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
            percent(row.share),
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
            percent(row.share),
            row.regret.as_ref().map_or_else(String::new, estimated),
        ]
    });
    format!(
        "## Regret against the exhaustive optimum (strong-8)\n\n{}\n![Regret](study-regret.svg)\n",
        table(&["input", "reranker", "of optimum", "regret"], 2, rows)
    )
}

fn blocks(summary: &Summary, latencies: &Latencies) -> String {
    let mut variants: Vec<(usize, &VariantSummary)> =
        summary.variants.iter().filter_map(|variant| Some((variant.block_size?, variant))).collect();
    variants.sort_by_key(|(size, _)| *size);
    let rows = variants.iter().filter(|(_, variant)| variant.reranker == TEACHER).map(|(size, variant)| {
        let timing = latencies.blocks.get(size);
        let burn = timing.map(|timing| timing.burn.p50);
        let served = timing.and_then(|timing| timing.served).map(|served| served.p50);
        vec![
            size.to_string(),
            counted(variant.steps),
            estimated(&variant.value),
            counted(variant.seeds),
            differing(variant.vs_full.as_ref()),
            number(burn, 0),
            number(served, 0),
        ]
    });
    let header = ["K", "steps ⌈10/K⌉", "utility of PSAD-G", "seeds", "minus K = 5", "p50 µs", "p50 µs served"];
    format!("## Slots per step (strong)\n\n{}\n![Slots per step](study-blocks.svg)\n", table(&header, 1, rows))
}

fn ablations(summary: &Summary) -> String {
    let teachers = summary.variants.iter().filter(|variant| variant.reranker == TEACHER);
    let rows = teachers.filter(|variant| variant.label == "PSAD" || variant.block_size.is_none()).map(|teacher| {
        let same = |other: &&VariantSummary| other.label == teacher.label && other.reranker != TEACHER;
        let student = summary.variants.iter().find(same);
        vec![
            teacher.label.to_owned(),
            estimated(&teacher.value),
            counted(teacher.seeds),
            differing(teacher.vs_full.as_ref()),
            student.map_or_else(String::new, |student| estimated(&student.value)),
            differing(student.and_then(|student| student.vs_full.as_ref())),
        ]
    });
    let header = ["PSAD", "utility of PSAD-G", "seeds", "minus full", "utility of PSAD-S", "minus full"];
    format!("## Ablations (strong)\n\n{}\n![Ablations](study-ablations.svg)\n", table(&header, 1, rows))
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
        "## Users by activity\n\nGain in utility over the initial order, by the length of the user's history: none, \
         and the shorter and the longer half of the others; PSAD beside the best baseline of the input.\n\n{}",
        table(&["input", "reranker", "items in history", "lists", "gain"], 2, rows)
    )
}

fn rates(summary: &Summary) -> String {
    let header = ["input", "method", "chosen", "validation at the lower", "at the higher"];
    let rows = summary.rates.iter().map(|choice| {
        let tried = choice.tried.iter().map(|&(_, reached)| number(Some(reached), 4));
        let named = [choice.input.to_owned(), choice.method.to_owned(), choice.rate.to_string()];
        named.into_iter().chain(tried).collect()
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

/// 24,000 reads better than 24000.
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let group = |(index, digit): (usize, char)| {
        let comma = index > 0 && (digits.len() - index).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_grouped() {
        let grouped = [0, 999, 1_000, 24_000, 1_234_567].map(thousands);
        assert_eq!(grouped, ["0", "999", "1,000", "24,000", "1,234,567"]);
    }
}
