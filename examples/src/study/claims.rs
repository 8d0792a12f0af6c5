//! What is claimed, held against what was measured.

use serde::Serialize;

use super::lists::Kind;
use super::pool::{ONE_SHOT_ROW, STUDENT, TEACHER};
use super::summary::{InputSummary, VariantSummary};
use super::variants::{AUTOREGRESSIVE, UNDISTILLED};

/// Whom PSAD-G is to beat by more than chance.
const RIVALS: [&str; 6] = ["NAR4Rec", "PRM", "SetRank", "DLCM", "MIR", ONE_SHOT_ROW];

/// The part of the teacher's gain that the student is to keep.
const KEPT: f64 = 0.9;

/// The part of the exhaustive optimum that the teacher is to reach.
const REACHED: f64 = 0.95;

/// A sentence that is true or not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Claim {
    /// Its number.
    pub(crate) id: &'static str,
    /// What is claimed.
    pub(crate) text: String,
    /// What was measured.
    pub(crate) measured: String,
    /// Whether that bears it out.
    pub(crate) holds: bool,
}

impl Claim {
    /// A claim that cannot be judged does not hold.
    fn new(id: &'static str, text: String, found: Option<(String, bool)>) -> Self {
        let (measured, holds) = found.unwrap_or_else(|| ("not measured".to_owned(), false));
        Self { id, text, measured, holds }
    }
}

/// All claims, in the order of the report.
pub(crate) fn claims(inputs: &[InputSummary], variants: &[VariantSummary]) -> Vec<Claim> {
    let named = |kind: Kind| inputs.iter().find(|input| input.name == kind.name());
    let of = |kind: Kind, judge: fn(&InputSummary) -> Option<(String, bool)>| named(kind).and_then(judge);
    let mut claims = Vec::new();
    for (id, text, judge) in PER_INPUT {
        for kind in [Kind::Medium, Kind::Strong] {
            claims.push(Claim::new(id, format!("{text} ({})", kind.name()), of(kind, judge)));
        }
    }
    let slots = format!("{TEACHER} is no worse than with one slot per step (strong)");
    claims.insert(4, Claim::new("1c", slots, within_noise(variants)));
    let taught = format!("{STUDENT} is better than the same scorer without distillation, p < 0.05 (strong)");
    claims.push(Claim::new("1e", taught, distilled(variants)));
    for kind in [Kind::StrongEight, Kind::StrongEightDependent, Kind::StrongEightCascade] {
        let reached = format!("{TEACHER} reaches {:.0} % of the exhaustive optimum or more", 100. * REACHED);
        claims.push(Claim::new("2", format!("{reached} ({})", kind.name()), of(kind, near_optimum)));
    }
    claims
}

/// A number, a text, and who judges it.
type Judged = (&'static str, &'static str, fn(&InputSummary) -> Option<(String, bool)>);

/// Claims that are made of more than one input.
const PER_INPUT: [Judged; 3] = [
    ("1a", "PSAD-G has the highest utility of all rerankers", highest),
    ("1b", "PSAD-G is better than NAR4Rec, PRM, SetRank, DLCM, MIR and PSAD one-shot, p < 0.05 each", beats_rivals),
    ("1d", "PSAD-S keeps 90 % or more of PSAD-G's gain over the initial order", keeps),
];

fn highest(input: &InputSummary) -> Option<(String, bool)> {
    let teacher = input.row(TEACHER)?.value.mean;
    let others = input.rows.iter().filter(|row| row.name != TEACHER);
    let next = others.max_by(|a, b| a.value.mean.total_cmp(&b.value.mean))?;
    Some((format!("{teacher:.4}; the next best is {}, {:.4}", next.name, next.value.mean), teacher > next.value.mean))
}

fn beats_rivals(input: &InputSummary) -> Option<(String, bool)> {
    let (mut said, mut holds) = (Vec::new(), true);
    for rival in RIVALS {
        let found = input.row(rival)?.vs_teacher?;
        // The table gives the rival minus PSAD-G.
        let better = found.diff < 0. && found.is_significant();
        let mark = if better { "" } else { " (not borne out)" };
        said.push(format!("{:+.4} over {rival}{mark}", -found.diff + 0.));
        holds &= better;
    }
    Some((said.join(", "), holds))
}

fn keeps(input: &InputSummary) -> Option<(String, bool)> {
    let gain = |name| Some(input.row(name)?.vs_initial?.diff);
    let (student, teacher) = (gain(STUDENT)?, gain(TEACHER)?);
    if teacher <= 0. {
        return Some((format!("{TEACHER} gains nothing ({teacher:+.4})"), false));
    }
    let part = student / teacher;
    Some((format!("{:.1} % ({student:+.4} of {teacher:+.4})", 100. * part), part >= KEPT))
}

fn within_noise(variants: &[VariantSummary]) -> Option<(String, bool)> {
    let found = of_variant(variants, AUTOREGRESSIVE, TEACHER)?.vs_full?;
    let (diff, low, high) = (-found.diff + 0., -found.high + 0., -found.low + 0.);
    Some((format!("{diff:+.4} over one slot per step, 95 % interval [{low:+.4}, {high:+.4}]"), high >= 0.))
}

fn distilled(variants: &[VariantSummary]) -> Option<(String, bool)> {
    let found = of_variant(variants, UNDISTILLED, STUDENT)?.vs_full?;
    let (diff, low, high) = (-found.diff + 0., -found.high + 0., -found.low + 0.);
    let said = format!("{diff:+.4}, 95 % interval [{low:+.4}, {high:+.4}], p = {:.4}", found.p);
    Some((said, diff > 0. && found.is_significant()))
}

fn near_optimum(input: &InputSummary) -> Option<(String, bool)> {
    let share = input.row(TEACHER)?.share?;
    Some((format!("{:.2} %", 100. * share), share >= REACHED))
}

fn of_variant<'a>(variants: &'a [VariantSummary], label: &str, reranker: &str) -> Option<&'a VariantSummary> {
    variants.iter().find(|variant| (variant.label, variant.reranker) == (label, reranker))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::stats::{Difference, Estimate};
    use crate::study::summary::Row;

    fn row(name: &'static str, mean: f64, p: f64) -> Row {
        let against = |other: f64| Some(Difference { diff: mean - other, low: mean - other, high: mean - other, p });
        Row {
            name,
            value: Estimate { mean, low: mean, high: mean },
            by_seed: vec![mean],
            share: Some(mean / 4.),
            regret: None,
            ndcg: None,
            map: None,
            vs_initial: against(2.),
            vs_teacher: (name != TEACHER).then(|| against(3.)).flatten(),
        }
    }

    fn strong(rival: f64, p: f64) -> InputSummary {
        let mut rows: Vec<Row> = RIVALS.iter().map(|&name| row(name, rival, p)).collect();
        rows.extend([row(STUDENT, 2.95, 0.001), row(TEACHER, 3., 0.001)]);
        InputSummary {
            name: Kind::Strong.name(),
            slots: 10,
            lists: 10,
            users: 5,
            judged_by: "utility",
            optimum: Some(4.),
            rows,
        }
    }

    fn verdict(claims: &[Claim], id: &str, part: &str) -> bool {
        claims.iter().find(|claim| claim.id == id && claim.text.contains(part)).unwrap().holds
    }

    #[test]
    fn a_claim_that_numbers_bear_out_holds() {
        let claims = claims(&[strong(2.5, 0.001)], &[]);
        for id in ["1a", "1b", "1d"] {
            assert!(verdict(&claims, id, "(strong)"), "{id}");
            assert!(!verdict(&claims, id, "(medium)"), "{id} was not measured");
        }
    }

    #[test]
    fn a_claim_that_fails_says_so() {
        let better = claims(&[strong(3.1, 0.001)], &[]);
        assert!(!verdict(&better, "1a", "(strong)") && !verdict(&better, "1b", "(strong)"));
        let chance = claims(&[strong(2.9, 0.2)], &[]);
        assert!(verdict(&chance, "1a", "(strong)") && !verdict(&chance, "1b", "(strong)"));
        let said = &chance.iter().find(|claim| claim.id == "1b" && claim.text.contains("strong")).unwrap().measured;
        assert!(said.contains("+0.1000 over PRM (not borne out)"), "{said}");
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        assert!(claims(&[], &[]).iter().all(|claim| !claim.holds && claim.measured == "not measured"));
    }

    #[test]
    fn blocks_may_be_worse_by_chance_alone() {
        let with = |diff: f64, low: f64, high: f64| {
            let value = Estimate { mean: 1., low: 1., high: 1. };
            let vs_full = Some(Difference { diff, low, high, p: 0.5 });
            let label = AUTOREGRESSIVE;
            let one = VariantSummary {
                label,
                reranker: TEACHER,
                block_size: Some(1),
                steps: Some(10),
                seeds: Some(1),
                value,
                vs_full,
            };
            verdict(&claims(&[], &[one]), "1c", "strong")
        };
        assert!(with(0.1, -0.1, 0.3), "one slot per step is ahead by chance");
        assert!(!with(0.2, 0.1, 0.3), "one slot per step is ahead");
        assert!(with(-0.2, -0.3, -0.1), "blocks are ahead");
    }
}
