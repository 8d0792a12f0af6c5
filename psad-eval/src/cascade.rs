//! Expected reciprocal rank: a user who reads down the list and stops at the first item that satisfies.

use crate::Ranked;

/// `Σ_{i≤cut} 1/i · R_i · Π_{j<i} (1 − R_j)` with `R = (2^label − 1) / 2^highest`; NaN for a label above `highest`.
///
/// `R_i · Π_{j<i} (1 − R_j)` is the drop of `Π (1 − R)` from one slot to the next, so the expectation over the orders
/// of a tied group needs nothing but the mean of that product over the group's subsets of each size.
pub(crate) fn err(ranked: &Ranked, highest: u8, cut: usize) -> f64 {
    if ranked.ideal().first().is_some_and(|&label| label > f32::from(highest)) {
        return f64::NAN;
    }
    let (mut value, mut goes_on) = (0., 1.);
    for (start, group) in ranked.groups().take_while(|&(start, _)| start < cut) {
        let taken = group.len().min(cut - start);
        let left: Vec<f64> = group.iter().map(|&label| 1. - satisfaction(label, highest)).collect();
        let means = subset_means(&left, taken);
        let drops = means.windows(2).enumerate();
        value += drops.map(|(slot, pair)| goes_on * (pair[0] - pair[1]) / (start + slot + 1) as f64).sum::<f64>();
        goes_on *= means[taken];
    }
    value
}

fn satisfaction(label: f32, highest: u8) -> f64 {
    (f64::from(label) * std::f64::consts::LN_2).exp_m1() / f64::from(highest).exp2()
}

/// Mean of the product over all subsets of 0, 1, … `most` factors: elementary symmetric polynomials over binomials.
fn subset_means(factors: &[f64], most: usize) -> Vec<f64> {
    let mut means = vec![0.; most + 1];
    means[0] = 1.;
    for (before, factor) in factors.iter().enumerate() {
        let seen = (before + 1) as f64;
        for size in (1..=most.min(before + 1)).rev() {
            // The new factor is in `size` of `seen` subsets of that size.
            let inside = size as f64 / seen;
            means[size] = inside * factor * means[size - 1] + (1. - inside) * means[size];
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ties;

    #[test]
    fn the_first_item_stops_most_readers() {
        // Grades 2 and 1 of at most 2: 3/4, then a quarter of the readers with 1/4 at half the worth.
        let ranked = Ranked::from_scores(&[2., 1.], &[2., 1.], Ties::Stable).unwrap();
        assert!((err(&ranked, 2, 2) - (0.75 + 0.25 * 0.25 / 2.)).abs() < 1e-15);
        assert!((err(&ranked, 2, 1) - 0.75).abs() < 1e-15);
    }

    #[test]
    fn a_grade_above_the_highest_is_no_probability() {
        let ranked = Ranked::from_scores(&[2., 1.], &[0., 3.], Ties::Stable).unwrap();
        assert!(err(&ranked, 2, 1).is_nan() && err(&ranked, 3, 1) == 0.);
    }

    #[test]
    fn means_over_subsets_are_those_of_the_definition() {
        let means = subset_means(&[0.5, 0.2, 0.1], 3);
        let expected = [1., 0.8 / 3., (0.1 + 0.05 + 0.02) / 3., 0.01];
        assert!(means.iter().zip(expected).all(|(mean, expected)| (mean - expected).abs() < 1e-15), "{means:?}");
    }
}
