//! What is claimed, held against what was measured.

use serde::Serialize;

use super::evaluated::EVALUATED;
use super::lists::Kind;
use super::main_table::{InputSummary, Row, best};
use super::pool::{ONE_SHOT_ROW, STUDENT, TEACHER};
use super::stats::{Difference, Estimate};
use super::summary::VariantSummary;
use super::sweeps::Swept;
use super::tables::{listed, seeds};
use super::variants::{AUTOREGRESSIVE, ONE_BLOCK, UNDISTILLED};
use super::verdict::Verdict;

/// Whom PSAD-G is to beat by more than chance.
const RIVALS: [&str; 7] = ["NAR4Rec", EVALUATED, "PRM", "SetRank", "DLCM", "MIR", ONE_SHOT_ROW];

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
    pub(crate) verdict: Verdict,
}

impl Claim {
    /// A claim that cannot be judged does not hold.
    fn new(id: &'static str, text: String, found: Option<Found>) -> Self {
        let (measured, verdict) = found.unwrap_or_else(|| ("not measured".to_owned(), Verdict::Fails));
        Self { id, text, measured, verdict }
    }
}

/// What was measured, in words, and what it says.
type Found = (String, Verdict);

/// All claims, in the order of the report.
pub(crate) fn claims(inputs: &[InputSummary], variants: &[VariantSummary], sweeps: &[Swept]) -> Vec<Claim> {
    let on = |kind: Kind| Measured {
        input: inputs.iter().find(|input| input.name == kind.name()),
        variants: variants.iter().filter(|variant| variant.input == kind.name()).collect(),
        sweeps: sweeps.iter().filter(|swept| swept.input == kind.name()).collect(),
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
    sweeps: Vec<&'a Swept>,
}

impl Measured<'_> {
    fn row(&self, name: &str) -> Option<&Row> {
        self.input?.row(name)
    }

    /// The student with so many sweeps.
    fn swept(&self, sweeps: usize) -> Option<&Swept> {
        self.sweeps.iter().copied().find(|swept| swept.sweeps == sweeps)
    }

    /// What PSAD is ahead of a variant of it by, over all lists and seed by seed.
    fn lead(&self, label: &str, reranker: &str) -> Option<(Difference, Vec<f64>)> {
        let same = |variant: &&&VariantSummary| (variant.label, variant.reranker) == (label, reranker);
        let variant = self.variants.iter().find(same)?;
        // The table gives the variant minus PSAD.
        Some((variant.vs_full?.reversed(), reversed(&variant.vs_full_by_seed)))
    }

    /// What PSAD-G is ahead of a row by, likewise.
    fn lead_of_teacher(&self, rival: &str) -> Option<(Difference, Vec<f64>)> {
        let (rival, teacher) = (self.row(rival)?, self.row(TEACHER)?);
        let by_seed = teacher.by_seed.iter().zip(&rival.by_seed).map(|(own, other)| own - other);
        Some((rival.vs_teacher?.reversed(), by_seed.collect()))
    }
}

fn reversed(differences: &[f64]) -> Vec<f64> {
    differences.iter().map(|diff| 0. - diff).collect()
}

/// A number, a text, and who judges it.
type Judged = (&'static str, &'static str, fn(&Measured<'_>) -> Option<Found>);

/// The claims about medium and strong interactions.
const FIRST: [Judged; 8] = [
    ("1a", "PSAD-G has the highest utility of all rerankers", highest),
    ("1a", "PSAD-G is better than PSAD-S with 20 sweeps instead of one, p < 0.05", beats_searching_student),
    (
        "1b",
        "PSAD-G is better than NAR4Rec, alone and with its evaluator, PRM, SetRank, DLCM, MIR and PSAD one-shot, p < 0.05 each",
        beats_rivals,
    ),
    ("1b", "PSAD-G is better than with all slots in one step, but otherwise alike, p < 0.05", beats_one_block),
    ("1c", "PSAD-G is within noise of, or better than, one slot per step", within_noise),
    ("1d", "PSAD-S keeps 90 % or more of PSAD-G's gain over the initial order", keeps),
    ("1e", "PSAD-S is better than the same scorer without distillation, p < 0.05", distilled),
    ("1e", "what PSAD-S picks, before any sweep, is better than without distillation, p < 0.05", distilled_to_pick),
];

fn highest(measured: &Measured<'_>) -> Option<Found> {
    let teacher = measured.row(TEACHER)?;
    let others = || measured.input.into_iter().flat_map(|input| &input.rows).filter(|row| row.name != TEACHER);
    let next = best(others())?;
    let is_first = |seed: usize| others().all(|row| row.by_seed.get(seed) < teacher.by_seed.get(seed));
    let by_seed: Vec<bool> = (0..teacher.by_seed.len()).map(is_first).collect();
    let first = by_seed.iter().filter(|&&first| first).count();
    let (own, other) = (teacher.value.mean, next.value.mean);
    let said = format!(
        "{own:.4}; the best other is {}, {other:.4}; first with {first} of {}",
        next.name,
        seeds(by_seed.len())
    );
    Some((said, Verdict::new(own > other, by_seed)))
}

fn beats_searching_student(measured: &Measured<'_>) -> Option<Found> {
    let Swept { vs_teacher, vs_teacher_by_seed, .. } = measured.swept(20)?;
    Some(led(&vs_teacher.reversed(), &reversed(vs_teacher_by_seed)))
}

fn beats_rivals(measured: &Measured<'_>) -> Option<Found> {
    let (mut said, mut verdicts) = (Vec::new(), Vec::new());
    for rival in RIVALS {
        let (lead, by_seed) = measured.lead_of_teacher(rival)?;
        let verdict = Verdict::of_lead(&lead, &by_seed);
        let ahead = by_seed.iter().filter(|&&diff| diff > 0.).count();
        let mark = match verdict {
            Verdict::Holds => String::new(),
            Verdict::Pooled => format!(" ({ahead} of {})", seeds(by_seed.len())),
            Verdict::Fails => " (not borne out)".to_owned(),
        };
        said.push(format!("{:+.4} over {rival}{mark}", lead.diff));
        verdicts.push(verdict);
    }
    Some((said.join(", "), Verdict::all(verdicts)))
}

fn beats_one_block(measured: &Measured<'_>) -> Option<Found> {
    let (lead, by_seed) = measured.lead(ONE_BLOCK, TEACHER)?;
    Some(led(&lead, &by_seed))
}

/// Noise is that of all seeds together: that of one has no interval of its own.
fn within_noise(measured: &Measured<'_>) -> Option<Found> {
    let (lead, by_seed) = measured.lead(AUTOREGRESSIVE, TEACHER)?;
    let Difference { diff, low, high, .. } = lead;
    let said = format!("{diff:+.4}, 95 % interval [{low:+.4}, {high:+.4}]; by seed {}", listed(&by_seed));
    Some((said, Verdict::new(high >= 0., [])))
}

fn keeps(measured: &Measured<'_>) -> Option<Found> {
    let gain = |name| Some(measured.row(name)?.vs_initial?.diff);
    let (student, teacher) = (gain(STUDENT)?, gain(TEACHER)?);
    let input = measured.input?;
    let Some(kept) = &input.kept else {
        return Some((format!("{TEACHER} gains nothing ({teacher:+.4})"), Verdict::Fails));
    };
    Some(reaches(KEPT, kept, &input.kept_by_seed, (1, &format!(" ({student:+.4} of {teacher:+.4})"))))
}

fn distilled(measured: &Measured<'_>) -> Option<Found> {
    let (lead, by_seed) = measured.lead(UNDISTILLED, STUDENT)?;
    Some(led(&lead, &by_seed))
}

fn distilled_to_pick(measured: &Measured<'_>) -> Option<Found> {
    let Swept { gain, gain_by_seed, .. } = measured.swept(0)?;
    Some(led(gain, gain_by_seed))
}

/// A lead, and whether it is one.
fn led(lead: &Difference, by_seed: &[f64]) -> Found {
    let Difference { diff, low, high, p } = lead;
    let said = format!("{diff:+.4}, 95 % interval [{low:+.4}, {high:+.4}], p = {p:.4}; by seed {}", listed(by_seed));
    (said, Verdict::of_lead(lead, by_seed))
}

fn near_optimum(measured: &Measured<'_>) -> Option<Found> {
    let teacher = measured.row(TEACHER)?;
    Some(reaches(REACHED, &teacher.share?, &teacher.share_by_seed, (2, "")))
}

/// A part in per cent with so many decimals and what it is made of, and whether it is at least as great as it should be.
fn reaches(least: f64, part: &Estimate, by_seed: &[f64], (decimals, of): (usize, &str)) -> Found {
    let percent = |part: f64| format!("{:.decimals$}", 100. * part);
    let [mean, low, high] = [part.mean, part.low, part.high].map(percent);
    let listed: Vec<String> = by_seed.iter().copied().map(percent).collect();
    let said = format!("{mean} %{of}, 95 % interval [{low}, {high}]; by seed {}", listed.join(", "));
    (said, Verdict::new(part.mean >= least, by_seed.iter().map(|&part| part >= least)))
}

#[cfg(test)]
mod tests;
