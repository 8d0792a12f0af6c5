//! Every loss of one list in plain `f64`, written from the formulas; no batch, no padding, no tensor.

use std::fmt;

/// A list as teacher and student see it.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) labels: Vec<f32>,
    /// The student's.
    pub(crate) scores: Vec<f64>,
    /// The teacher's, `[slot][candidate]`; more rows than any schedule asks for.
    pub(crate) logits: Vec<Vec<f64>>,
}

impl fmt::Debug for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "List {:?}, scores {:?}", self.labels, self.scores)
    }
}

impl List {
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// `π*`: by label descending, ties in the ranker's order.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.labels[b].total_cmp(&self.labels[a]));
        order
    }

    pub(crate) fn relevant(&self, item: usize) -> bool {
        self.labels[item] > 0.
    }

    pub(crate) fn contrast(&self) -> bool {
        (0..self.len()).any(|item| self.relevant(item)) && !(0..self.len()).all(|item| self.relevant(item))
    }

    /// What the targets of earlier blocks leave.
    pub(crate) fn available(&self, block: usize, slot: usize) -> Vec<usize> {
        let mut left = self.order().split_off(slot / block * block);
        left.sort_unstable();
        left
    }

    /// Relevant and irrelevant candidates that `slot` may choose from, their logits.
    pub(crate) fn sides(&self, block: usize, slot: usize) -> (Vec<f64>, Vec<f64>) {
        let (relevant, irrelevant): (Vec<usize>, Vec<usize>) =
            self.available(block, slot).into_iter().partition(|&item| self.relevant(item));
        let logits = |items: Vec<usize>| items.into_iter().map(|item| self.logits[slot][item]).collect();
        (logits(relevant), logits(irrelevant))
    }

    /// `P`, a row for every slot that the list can fill.
    pub(crate) fn matrix(&self, slots: usize, block: usize) -> Vec<Vec<f64>> {
        let row = |slot: usize| softmax(&self.logits[slot], &self.available(block, slot));
        (0..slots.min(self.len())).map(row).collect()
    }

    pub(crate) fn cross_entropy(&self, slots: usize, block: usize) -> f64 {
        if !self.contrast() {
            return 0.;
        }
        let rows = self.matrix(slots, block).into_iter().zip(self.order()).enumerate();
        rows.filter(|(_, (_, target))| self.relevant(*target))
            .map(|(slot, (row, target))| -weight(slot) * row[target].ln())
            .sum()
    }

    pub(crate) fn hinge(&self, slots: usize, block: usize) -> f64 {
        if !self.contrast() {
            return 0.;
        }
        (0..slots.min(self.len()))
            .map(|slot| {
                let (relevant, irrelevant) = self.sides(block, slot);
                if relevant.is_empty() || irrelevant.is_empty() {
                    return 0.;
                }
                let worst = relevant.into_iter().fold(f64::INFINITY, f64::min);
                let best = irrelevant.into_iter().fold(f64::NEG_INFINITY, f64::max);
                weight(slot) * (1. - worst + best).max(0.)
            })
            .sum()
    }

    /// Mean binary cross-entropy of the student.
    pub(crate) fn student(&self, max_label: f64) -> f64 {
        let term = |(&score, &label): (&f64, &f32)| {
            let target = (f64::from(label) / max_label).min(1.);
            score.max(0.) + (-score.abs()).exp().ln_1p() - target * score
        };
        self.scores.iter().zip(&self.labels).map(term).sum::<f64>() / self.len() as f64
    }

    /// `t`: the collapsed matrix.
    pub(crate) fn guidance(&self, slots: usize, block: usize, decay: f64) -> Vec<f64> {
        let mut guidance = vec![0.; self.len()];
        for (slot, row) in self.matrix(slots, block).iter().enumerate() {
            guidance.iter_mut().zip(row).for_each(|(sum, p)| *sum += decay.powi(slot as i32) * p);
        }
        let total: f64 = guidance.iter().sum();
        guidance.iter().map(|value| value / total).collect()
    }

    pub(crate) fn distillation(&self, slots: usize, block: usize, decay: f64, temperature: f64) -> f64 {
        divergence(
            &self.guidance(slots, block, decay),
            &self.student_row(&(0..self.len()).collect::<Vec<_>>(), temperature),
        )
    }

    pub(crate) fn row_wise(&self, slots: usize, block: usize, decay: f64, temperature: f64) -> f64 {
        let rows = self.matrix(slots, block).into_iter().enumerate();
        rows.map(|(slot, row)| {
            let student = self.student_row(&self.available(block, slot), temperature);
            decay.powi(slot as i32) * divergence(&row, &student)
        })
        .sum()
    }

    fn student_row(&self, available: &[usize], temperature: f64) -> Vec<f64> {
        let scores: Vec<f64> = self.scores.iter().map(|score| score / temperature).collect();
        softmax(&scores, available)
    }
}

/// `w_j`, counted from slot 0.
fn weight(slot: usize) -> f64 {
    1. / (slot as f64 + 2.).log2()
}

/// Zero outside `available`.
fn softmax(logits: &[f64], available: &[usize]) -> Vec<f64> {
    let max = available.iter().map(|&item| logits[item]).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = available.iter().map(|&item| (logits[item] - max).exp()).sum();
    let p = |item| if available.contains(&item) { (logits[item] - max).exp() / total } else { 0. };
    (0..logits.len()).map(p).collect()
}

/// `KL(p ‖ q)`.
fn divergence(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).filter(|(p, _)| **p > 0.).map(|(p, q)| p * (p / q).ln()).sum()
}
