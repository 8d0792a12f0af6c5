//! Metrics that add up what each slot is worth. Their expectation over orders of tied items is the mean of each group.

use crate::{Gain, Ranked};

pub(crate) fn dcg(ranked: &Ranked, gain: Gain, cut: usize) -> f64 {
    discounted(ranked, cut, |label| worth(label, gain, 0.))
}

pub(crate) fn ndcg(ranked: &Ranked, gain: Gain, cut: usize) -> f64 {
    // Both sums carry the same factor 2^-shift, which keeps large labels from becoming infinity by infinity.
    let highest = ranked.ideal().first().copied().map_or(0., f64::from);
    let shift = if highest > 1000. { highest } else { 0. };
    let ideal: f64 = (0..cut.min(ranked.len())).map(|slot| worth(ranked.ideal()[slot], gain, shift) / log(slot)).sum();
    discounted(ranked, cut, |label| worth(label, gain, shift)) / ideal
}

pub(crate) fn clicks(ranked: &Ranked, cut: usize) -> f64 {
    summed(ranked, cut, f64::from, |_| 1.)
}

fn discounted(ranked: &Ranked, cut: usize, worth: impl Fn(f32) -> f64) -> f64 {
    summed(ranked, cut, worth, log)
}

fn summed(ranked: &Ranked, cut: usize, worth: impl Fn(f32) -> f64, divisor: impl Fn(usize) -> f64) -> f64 {
    let groups = ranked.groups().take_while(|&(start, _)| start < cut);
    let per_slot = groups.flat_map(|(start, group)| {
        let mean = group.iter().map(|&label| worth(label)).sum::<f64>() / group.len() as f64;
        (start..cut.min(start + group.len())).map(move |slot| (slot, mean))
    });
    per_slot.map(|(slot, mean)| mean / divisor(slot)).sum()
}

/// `log2(i + 1)` for the slot `i - 1`, counted from 0.
fn log(slot: usize) -> f64 {
    (slot as f64 + 2.).log2()
}

fn worth(label: f32, gain: Gain, shift: f64) -> f64 {
    let label = f64::from(label);
    match gain {
        Gain::Linear => label,
        // Here the 1 is less than the last digit of the highest gain, which all are divided by.
        Gain::Exponential if shift > 0. => (label - shift).exp2(),
        // Near 0 the subtraction would cancel; at whole labels `exp2` is exact and `exp_m1` is not.
        Gain::Exponential if label < 1. => (label * std::f64::consts::LN_2).exp_m1(),
        Gain::Exponential => label.exp2() - 1.,
    }
}
