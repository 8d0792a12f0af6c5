//! What the report says before its tables: how it came to be, and how far it goes.

use super::experiment::LONG;
use super::lists::Kind;
use super::scale::{RATES, RATINGS_RATES, Scale};
use super::summary::Summary;
use super::tables::{seeds as counted, thousands};
use super::variants::IDEAL;
use crate::SLATE_LENGTH;

/// Seeds of simulated users whose test lists were looked at while PSAD and its training were designed; those from 101,
/// 201 and 301 on are of the studies published before.
const DESIGN_SEEDS: [u64; 20] =
    [42, 43, 44, 45, 46, 101, 102, 103, 104, 105, 201, 202, 203, 204, 205, 301, 302, 303, 304, 305];

/// All of it.
pub(crate) fn protocol(summary: &Summary) -> String {
    let quick = if summary.scale == Scale::full() {
        ""
    } else {
        "**A smoke run: every part works, and no number here says anything.** "
    };
    let head = format!(
        "# What reranking with PSAD is worth\n\n\
         {quick}Written by `cargo run --release --example study`; `--data DIR` adds real ratings, `--quick` is a smoke run. \
         Except for latencies, the same seeds on the same machine and build give the same numbers: `study.json` is \
         repeated byte for byte. Latencies (in `study-latency.json`, the tables' last columns and two pictures) are of \
         one machine and vary from run to run."
    );
    [head, inputs(summary), simulator(), methods(summary), tuning(summary), statistics(summary)].join("\n\n") + "\n"
}

fn inputs(summary: &Summary) -> String {
    let Scale { items, categories, users, .. } = summary.scale;
    let Scale { train_lists, short_train_lists, validation_lists, test_lists, .. } = summary.scale;
    let [train, short, validation, test] =
        [train_lists, short_train_lists, validation_lists, test_lists].map(thousands);
    let (seeds, first) = (counted(summary.seeds.len()), summary.seeds.first().copied().unwrap_or_default());
    let short_seeds = counted(Kind::StrongEight.seeds(&summary.seeds, &summary.scale).len());
    let ratings = if has_ratings(summary) {
        " `ratings` are MovieLens-like ratings in the order of time; there NDCG@10 takes the place of utility, and every \
         seed has the same ratings, but an initial ranker of its own, and its own order of films that were rated at the \
         same time."
    } else {
        ""
    };
    format!(
        "**Inputs.** Users of the simulator psad-sim, whose expected clicks on any slate are known exactly, with \
         position-based examination: {items} items in {categories} categories, {users} users; {train} lists to train on \
         ({short} for `strong-8`), {validation} to validate, {test} to test, of 20 candidates. Who clicked was shown all \
         20, in an order drawn by the scores of a noisy ranker (Plackett–Luce); rerankers are judged by slates of {SLATE_LENGTH}. Interactions between the \
         items of a slate are weak, medium or strong. `strong-8` has 8 candidates and 8 slots, so that the best slate is \
         found by trying all; PSAD alone is trained there, with the first {short_seeds}, and with the first one \
         where users, after a click, go on less often (dependent click) or not at all (cascade). {seeds} from \
         {first} on; each has a world, lists and initial weights of its own.{ratings}"
    )
}

/// So that nobody has to read the simulator to know what its users are like.
fn simulator() -> String {
    "**The simulated users.** Each item attracts a user by itself, with a chance that grows with how near its hidden point lies \
     to the user's taste of this visit, and with its hidden quality. What stands in the five slots above changes that chance: \
     every item of the same category multiplies it by 1 less a share of the user's own, every item of the one category that goes \
     with it by 1 more another share; weak, medium and strong interactions are 0.1, 0.4 and 0.8 times these shares. Who sees a \
     slot clicks with the chance that results, at most 1, and goes on with a probability of their own. Requests hold who the \
     user is, how varied and how patient, with noise; items with category, maker, price, noisy quality and part of the hidden \
     point; a history; and the scores of a ranker that correlate, within lists, with the log-odds of attraction (0.6) and know \
     nothing of what stands above. PSAD fits what an item does to the log-odds of those below it, alike for all users, with a \
     factor per distance, and a chance to look at each slot. That is near to how these users are made, and of the others \
     NAR4Rec's evaluator alone tries something like it: the lead of PSAD says what reranking by such a model, and a search in \
     it, is worth where users are such."
        .to_owned()
}

fn methods(summary: &Summary) -> String {
    let weights: Vec<String> =
        summary.weights.iter().map(|(name, &count)| format!("{name} {}", thousands(count))).collect();
    let rated =
        if has_ratings(summary) { " On `ratings` PSAD too learns the ideal order, and does not plan." } else { "" };
    format!(
        "**What each method learns from.** The same lists, but not the same of them. DLCM, PRM, SetRank, MIR, Seq2Slate \
         and the MLP learn, as published, which candidates were clicked; what was not looked at counts as not clicked. \
         NAR4Rec learns the ideal order of each list, not as published the slate that was shown, from which it learned little; its \
         evaluator learns, with an encoder of its own, which slots of the slate \
         that was shown were clicked, and shows the best of NAR4Rec's proposals. PSAD learns whether each *slot of the slate that was shown* was \
         clicked, how often a slot is looked at, and what an item does to those below it, and plans with that. So a part \
         of its lead is what it learns from, another that it plans: \"PSAD one-shot\" learns from the same slots, but neither \
         influence nor plans, and \"{IDEAL}\" among the ablations has nothing of all that. MMR, DPP and SSD mix the \
         categories of the ranker's order, and learn nothing; MLP + MMR mixes those of the MLP's, whose scores, like the ranker's, are one per candidate.{rated} Widths \
         are alike, and less than published: embedding rows of 16 (8 on ratings), 32 for items and states, 64 for feed-forward layers, 16 for what is \
         small beside them, one layer of attention over the list where a method has any. What a method is made of makes the \
         sizes differ. Values that are learned, beside embedding rows: {}. PSAD-G and PSAD-S have an \
         encoder in common.",
        weights.join(", ")
    )
}

fn tuning(summary: &Summary) -> String {
    let listed = |rates: &[f64]| rates.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    let (scale, designed) = (&summary.scale, DESIGN_SEEDS.map(|seed| seed.to_string()).join(", "));
    let seen: Vec<String> =
        DESIGN_SEEDS.iter().filter(|seed| summary.seeds.contains(seed)).map(u64::to_string).collect();
    let seen = if seen.is_empty() {
        "none of which is among these".to_owned()
    } else {
        format!("of which these are some ({}), so its figures are too good", seen.join(", "))
    };
    let rated = if has_ratings(summary) {
        " The test lists of `ratings` were seen with seven earlier plans of PSAD."
    } else {
        ""
    };
    let [over, batches, rates, judged] = if has_ratings(summary) {
        [
            format!(" ({} over ratings)", times(scale.ratings_epochs)),
            format!(" ({} of ratings)", scale.ratings_batch_size),
            format!(" ({} for ratings)", listed(&RATINGS_RATES)),
            ", or NDCG@10 for ratings".to_owned(),
        ]
    } else {
        <[String; 4]>::default()
    };
    format!(
        "**Tuning.** All go {} over the lists{over}; what more would be worth on `{}` is a table below. Batches are of \
         {}{batches}. Each chooses its learning rate of {}{rates} by the validation lists of the first seed, but \
         for lists of eight, where PSAD has {} without a choice; each fit of several passes takes the best of them, and \
         MMR, DPP and SSD their strengths, and the evaluator of NAR4Rec of how many proposals it takes the best, by the validation lists of its seed: by the expected utility of validation \
         users{judged}, as the mean over a method's rerankers. NAR4Rec with its evaluator has one rate for both, MLP + MMR that of the MLP. Where the \
         best rate is the greatest or the smallest, one \
         beyond might be better still; the table of rates says where. PSAD's \
         variants have PSAD's rate; offline distillation takes a second pass. PSAD's gradients are not clipped on \
         simulated users, as under one limit its student would change the steps of its teacher; all others' are. Most \
         variants are fitted with the first seed alone (their utilities are of it), those that claims speak of with {}, \
         one slot per step with {}; differences are to PSAD with the same seeds. Where that is one seed, luck of two \
         fits is in the difference. No rate, pass or strength is chosen by test lists. PSAD's design was settled with \
         test lists of the simulator's seeds {designed} in view, {seen}.{rated}",
        times(scale.epochs),
        LONG.name(),
        scale.batch_size,
        listed(&RATES),
        listed(Kind::StrongEight.rates()),
        scale.claimed_seeds.min(summary.seeds.len()),
        scale.autoregressive_seeds.min(summary.seeds.len()),
    )
}

fn statistics(summary: &Summary) -> String {
    format!(
        "**Statistics.** The test lists of all seeds are pooled. Intervals are 95 % percentile bootstraps, p-values \
         come from paired sign flips, both with the lists of a user (of one seed) as one draw; for ratings, whose users \
         are the same for all seeds, with all lists of a user. They cover the choice of users and lists, not the luck \
         of a fit; `by_seed` and `vs_full_by_seed` in `study.json` show that. `*` marks p < 0.05 \
         where several seeds were fitted: what fits of one differ by may be luck, however many lists say so. As intervals \
         are worked out in another way, one whose end is near 0 may disagree with its mark. There are {} comparisons that \
         may carry one, and no correction for their number, so expect {:.0} marks by chance if nothing differed.",
        summary.comparisons,
        0.05 * summary.comparisons as f64,
    )
}

/// Whether anything need be said of ratings.
pub(crate) fn has_ratings(summary: &Summary) -> bool {
    summary.inputs.iter().any(|input| input.name == Kind::Ratings.name())
}

fn times(number: usize) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}
