//! What is claimed, held against what was measured.

use serde::Serialize;

use super::lists::Kind;
use super::pool::{ONE_SHOT_ROW, STUDENT, TEACHER};
use super::stats::{Difference, Estimate};
use super::summary::{InputSummary, Row, VariantSummary};
use super::sweeps::Swept;
use super::tables::seeds;
use super::variants::{AUTOREGRESSIVE, ONE_BLOCK, UNDISTILLED};

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
pub(crate) fn claims(inputs: &[InputSummary], variants: &[VariantSummary], sweeps: &[Swept]) -> Vec<Claim> {
    let on = |kind: Kind| Measured {
        input: inputs.iter().find(|input| input.name == kind.name()),
        variants: variants.iter().filter(|variant| variant.input == kind.name()).collect(),
        unswept: sweeps.iter().find(|swept| (swept.input, swept.sweeps) == (kind.name(), 0)),
    };
    let mut claims = Vec::new();
    for (id, text, judge) in FIRST {
        for kind in [Kind::Medium, Kind::Strong] {
            claims.push(Claim::new(id, format!("{text} ({})", kind.name()), judge(&on(kind))));
        }
    }
    for kind in [Kind::StrongEight, Kind::StrongEightDependent, Kind::StrongEightCascade] {
        let reached = format!("{TEACHER} reaches {:.0} % of the exhaustive optimum or more", 100. * REACHED);
        claims.push(Claim::new("2", format!("{reached} ({})", kind.name()), near_optimum(&on(kind))));
    }
    claims
}

/// What was measured on one input.
struct Measured<'a> {
    input: Option<&'a InputSummary>,
    variants: Vec<&'a VariantSummary>,
    unswept: Option<&'a Swept>,
}

impl Measured<'_> {
    fn row(&self, name: &str) -> Option<&Row> {
        self.input?.row(name)
    }

    fn variant(&self, label: &str, reranker: &str) -> Option<&VariantSummary> {
        let same = |variant: &&&VariantSummary| (variant.label, variant.reranker) == (label, reranker);
        self.variants.iter().find(same).copied()
    }

    /// What PSAD is ahead of a variant of it by, with its interval, and the p-value.
    fn lead(&self, label: &str, reranker: &str) -> Option<Difference> {
        // The table gives the variant minus PSAD.
        let Difference { diff, low, high, p } = self.variant(label, reranker)?.vs_full?;
        Some(Difference { diff: -diff + 0., low: -high + 0., high: -low + 0., p })
    }
}

/// A number, a text, and who judges it.
type Judged = (&'static str, &'static str, fn(&Measured<'_>) -> Option<(String, bool)>);

/// The claims about medium and strong interactions.
const FIRST: [Judged; 7] = [
    ("1a", "PSAD-G has the highest utility of all rerankers", highest),
    ("1b", "PSAD-G is better than NAR4Rec, PRM, SetRank, DLCM, MIR and PSAD one-shot, p < 0.05 each", beats_rivals),
    ("1b", "PSAD-G is better than with all slots in one step, but otherwise alike, p < 0.05", beats_one_block),
    ("1c", "PSAD-G is within noise of, or better than, one slot per step", within_noise),
    ("1d", "PSAD-S keeps 90 % or more of PSAD-G's gain over the initial order", keeps),
    ("1e", "PSAD-S is better than the same scorer without distillation, p < 0.05 and with every seed", distilled),
    ("1e", "what PSAD-S picks, before any sweep, is better than without distillation, likewise", distilled_to_pick),
];

fn highest(measured: &Measured<'_>) -> Option<(String, bool)> {
    let teacher = measured.row(TEACHER)?.value.mean;
    let others = measured.input?.rows.iter().filter(|row| row.name != TEACHER);
    let next = others.max_by(|a, b| a.value.mean.total_cmp(&b.value.mean))?;
    Some((format!("{teacher:.4}; the best other is {}, {:.4}", next.name, next.value.mean), teacher > next.value.mean))
}

fn beats_rivals(measured: &Measured<'_>) -> Option<(String, bool)> {
    let (mut said, mut holds) = (Vec::new(), true);
    for rival in RIVALS {
        let found = measured.row(rival)?.vs_teacher?;
        // The table gives the rival minus PSAD-G.
        let better = found.diff < 0. && found.is_significant();
        let mark = if better { "" } else { " (not borne out)" };
        said.push(format!("{:+.4} over {rival}{mark}", -found.diff + 0.));
        holds &= better;
    }
    Some((said.join(", "), holds))
}

fn within_noise(measured: &Measured<'_>) -> Option<(String, bool)> {
    let Difference { diff, low, high, .. } = measured.lead(AUTOREGRESSIVE, TEACHER)?;
    let found = measured.variant(AUTOREGRESSIVE, TEACHER)?.vs_full_by_seed.len();
    let seeds = seeds(found);
    let said = format!("{diff:+.4} over one slot per step, 95 % interval [{low:+.4}, {high:+.4}], of {seeds}");
    Some((said, high >= 0.))
}

fn beats_one_block(measured: &Measured<'_>) -> Option<(String, bool)> {
    let lead = measured.lead(ONE_BLOCK, TEACHER)?;
    Some((led(&lead), lead.diff > 0. && lead.is_significant()))
}

fn led(Difference { diff, low, high, p }: &Difference) -> String {
    format!("{diff:+.4}, 95 % interval [{low:+.4}, {high:+.4}], p = {p:.4}")
}

fn keeps(measured: &Measured<'_>) -> Option<(String, bool)> {
    let gain = |name| Some(measured.row(name)?.vs_initial?.diff);
    let (student, teacher) = (gain(STUDENT)?, gain(TEACHER)?);
    if teacher <= 0. {
        return Some((format!("{TEACHER} gains nothing ({teacher:+.4})"), false));
    }
    let part = student / teacher;
    Some((format!("{:.1} % ({student:+.4} of {teacher:+.4})", 100. * part), part >= KEPT))
}

fn distilled(measured: &Measured<'_>) -> Option<(String, bool)> {
    let by_seed: Vec<f64> = measured.variant(UNDISTILLED, STUDENT)?.vs_full_by_seed.iter().map(|diff| -diff).collect();
    Some(learned(measured.lead(UNDISTILLED, STUDENT)?, &by_seed))
}

fn distilled_to_pick(measured: &Measured<'_>) -> Option<(String, bool)> {
    let Swept { gain, gain_by_seed, .. } = measured.unswept?;
    Some(learned(*gain, gain_by_seed))
}

/// Whether distillation is worth something: the luck of a fit is not in the p-value, which knows of users and lists alone.
fn learned(lead: Difference, by_seed: &[f64]) -> (String, bool) {
    let said: Vec<String> = by_seed.iter().map(|diff| format!("{diff:+.4}")).collect();
    let holds = lead.diff > 0. && lead.is_significant() && by_seed.iter().all(|&diff| diff > 0.);
    (format!("{}; by seed {}", led(&lead), said.join(", ")), holds)
}

fn near_optimum(measured: &Measured<'_>) -> Option<(String, bool)> {
    let Estimate { mean, low, high } = measured.row(TEACHER)?.share?;
    let [share, from, to] = [mean, low, high].map(|part| 100. * part);
    Some((format!("{share:.2} %, 95 % interval [{from:.2}, {to:.2}]"), mean >= REACHED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, mean: f64, p: f64) -> Row {
        let against = |other: f64| Some(Difference { diff: mean - other, low: mean - other, high: mean - other, p });
        Row {
            name,
            value: Estimate { mean, low: mean, high: mean },
            by_seed: vec![mean],
            share: Some(Estimate { mean: mean / 4., low: mean / 4., high: mean / 4. }),
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
        let claims = claims(&[strong(2.5, 0.001)], &[], &[]);
        for id in ["1a", "1b", "1d"] {
            assert!(verdict(&claims, id, "(strong)"), "{id}");
            assert!(!verdict(&claims, id, "(medium)"), "{id} was not measured");
        }
    }

    #[test]
    fn a_claim_that_fails_says_so() {
        let better = claims(&[strong(3.1, 0.001)], &[], &[]);
        assert!(!verdict(&better, "1a", "(strong)") && !verdict(&better, "1b", "(strong)"));
        let chance = claims(&[strong(2.9, 0.2)], &[], &[]);
        assert!(verdict(&chance, "1a", "(strong)") && !verdict(&chance, "1b", "(strong)"));
        let said = &chance.iter().find(|claim| claim.id == "1b" && claim.text.contains("strong")).unwrap().measured;
        assert!(said.contains("+0.1000 over PRM (not borne out)"), "{said}");
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        assert!(claims(&[], &[], &[]).iter().all(|claim| !claim.holds && claim.measured == "not measured"));
    }

    fn variant(label: &'static str, reranker: &'static str, diff: f64, low: f64, high: f64, p: f64) -> VariantSummary {
        VariantSummary {
            input: Kind::Strong.name(),
            label,
            reranker,
            block_size: None,
            steps: None,
            seeds: Some(1),
            value: Estimate { mean: 1., low: 1., high: 1. },
            vs_full: Some(Difference { diff, low, high, p }),
            vs_full_by_seed: vec![diff, diff - 0.01],
        }
    }

    #[test]
    fn blocks_may_be_worse_by_chance_alone() {
        let with = |diff: f64, low: f64, high: f64| {
            verdict(&claims(&[], &[variant(AUTOREGRESSIVE, TEACHER, diff, low, high, 0.5)], &[]), "1c", "strong")
        };
        assert!(with(0.1, -0.1, 0.3), "one slot per step is ahead by chance");
        assert!(!with(0.2, 0.1, 0.3), "one slot per step is ahead");
        assert!(with(-0.2, -0.3, -0.1), "blocks are ahead");
    }

    fn swept(sweeps: usize, gains: [f64; 2], p: f64) -> Swept {
        let diff = gains.iter().sum::<f64>() / 2.;
        Swept {
            input: Kind::Medium.name(),
            sweeps,
            taught: Estimate { mean: diff, low: diff, high: diff },
            untaught: Estimate { mean: 0., low: 0., high: 0. },
            gain: Difference { diff, low: diff, high: diff, p },
            gain_by_seed: gains.to_vec(),
        }
    }

    #[test]
    fn what_is_picked_before_any_sweep_is_judged_by_itself() {
        let judged = |found: &[Swept]| {
            let claims = claims(&[], &[], found);
            let picked = claims.into_iter().find(|claim| claim.text.starts_with("what PSAD-S picks"));
            let claim = picked.unwrap();
            assert!(claim.text.ends_with("(medium)"));
            claim
        };
        assert!(judged(&[swept(1, [-1., -1.], 0.001), swept(0, [0.1, 0.2], 0.001)]).holds);
        assert!(!judged(&[swept(0, [-0.1, -0.2], 0.001)]).holds, "it is worse");
        assert!(!judged(&[swept(0, [0.3, -0.1], 0.001)]).holds, "one seed says otherwise");
        assert!(!judged(&[swept(0, [0.1, 0.2], 0.2)]).holds, "it may be chance");
        assert_eq!(judged(&[swept(1, [0.1, 0.2], 0.001)]).measured, "not measured");
    }

    #[test]
    fn distillation_must_help_the_student_by_more_than_chance() {
        let with =
            |diff: f64, p: f64| claims(&[], &[variant(UNDISTILLED, STUDENT, diff, diff - 0.1, diff + 0.3, p)], &[]);
        assert!(verdict(&with(-0.2, 0.001), "1e", "strong"));
        assert!(!verdict(&with(-0.2, 0.2), "1e", "strong") && !verdict(&with(0.2, 0.001), "1e", "strong"));
        assert!(!verdict(&with(-0.2, 0.001), "1e", "medium"), "another input was measured");
        let claims = with(-0.2, 0.001);
        let said = &claims.iter().find(|claim| claim.id == "1e" && claim.holds).unwrap().measured;
        assert_eq!(said, "+0.2000, 95 % interval [-0.1000, +0.3000], p = 0.0010; by seed +0.2000, +0.2100");
        let mut one = variant(UNDISTILLED, STUDENT, -0.2, -0.3, -0.1, 0.001);
        one.vs_full_by_seed[1] = 0.001;
        assert!(!verdict(&super::claims(&[], &[one], &[]), "1e", "strong"), "one seed says otherwise");
    }
}
