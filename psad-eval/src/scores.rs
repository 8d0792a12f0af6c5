//! Metrics of scores against labels, where the scores themselves are judged and not only their order at the top.

use crate::input::{InputError, check_labels, check_length, check_probabilities, check_scores, descending};

/// Area under the ROC curve: the chance that a relevant item scores above an irrelevant one, ties counting half
/// (Hanley & `McNeil`, Radiology 1982; Fawcett, Pattern Recognition Letters 2006).
///
/// Relevant is whatever has a label above 0. `None` where all items are relevant or none is.
///
/// ```
/// let auc = psad_eval::auc(&[0.9, 0.8, 0.7, 0.2], &[1., 0., 1., 0.])?;
/// assert_eq!(auc, Some(0.75));
/// # Ok::<(), psad_eval::InputError>(())
/// ```
///
/// # Errors
/// [`InputError::Length`], [`InputError::Label`], or [`InputError::Score`] for a score that is NaN or infinite.
pub fn auc(scores: &[f32], labels: &[f32]) -> Result<Option<f64>, InputError> {
    check_length("labels", scores.len(), labels.len())?;
    check_scores(scores)?;
    check_labels(labels)?;
    let order = descending(scores);
    // Pairs (relevant, irrelevant) in the right order, each counted as 2 and ties as 1, so that counts stay whole.
    let (mut double_pairs, mut relevant, mut irrelevant) = (0_u128, 0_u128, 0_u128);
    for group in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let tied = group.iter().filter(|&&item| labels[item] > 0.).count() as u128;
        let others = group.len() as u128 - tied;
        double_pairs += others * (2 * relevant + tied);
        relevant += tied;
        irrelevant += others;
    }
    let pairs = relevant * irrelevant;
    Ok((pairs > 0).then(|| double_pairs as f64 / (2 * pairs) as f64))
}

/// How much each list counts in [`gauc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ListWeight {
    /// Every list counts the same.
    #[default]
    Equal,
    /// By its number of items (impressions).
    Items,
    /// By its number of relevant items (clicks).
    Relevant,
}

/// Grouped AUC: the weighted mean of the [`auc`] of each list of (scores, labels) (Zhu et al., *Optimized cost per
/// click in Taobao display advertising*, KDD 2017).
///
/// Lists whose AUC is undefined do not count; `None` where that is all of them.
///
/// # Errors
/// The first error of [`auc`].
pub fn gauc<'a>(
    lists: impl IntoIterator<Item = (&'a [f32], &'a [f32])>,
    weight: ListWeight,
) -> Result<Option<f64>, InputError> {
    let (mut sum, mut weights) = (0., 0.);
    for (scores, labels) in lists {
        if let Some(auc) = auc(scores, labels)? {
            let weight = match weight {
                ListWeight::Equal => 1.,
                ListWeight::Items => labels.len() as f64,
                ListWeight::Relevant => labels.iter().filter(|&&label| label > 0.).count() as f64,
            };
            sum += weight * auc;
            weights += weight;
        }
    }
    Ok((weights > 0.).then(|| sum / weights))
}

/// Mean of `−y ln p − (1 − y) ln(1 − p)` over items (Good, *Rational decisions*, 1952).
///
/// Probabilities are kept at least `f32::EPSILON` away from 0 and 1, which bounds an item's loss by 15.95; with logits
/// at hand [`log_loss_of_logits`] needs no such bound. `None` without items.
///
/// # Errors
/// [`InputError::Length`], or [`InputError::Probability`] for a probability or a label outside [0, 1].
pub fn log_loss(probabilities: &[f32], labels: &[f32]) -> Result<Option<f64>, InputError> {
    check_length("labels", probabilities.len(), labels.len())?;
    check_probabilities("probability", probabilities)?;
    check_probabilities("label", labels)?;
    let nearest = f64::from(f32::EPSILON);
    Ok(mean(probabilities, labels, |probability, label| {
        let probability = probability.clamp(nearest, 1. - nearest);
        -label * probability.ln() - (1. - label) * (-probability).ln_1p()
    }))
}

/// [`log_loss`] of the probabilities `1 / (1 + e^−x)`, computed from `x` without loss of digits.
///
/// # Errors
/// [`InputError::Length`], [`InputError::Score`] for a logit that is not finite, [`InputError::Probability`] for a
/// label outside [0, 1].
pub fn log_loss_of_logits(logits: &[f32], labels: &[f32]) -> Result<Option<f64>, InputError> {
    check_length("labels", logits.len(), labels.len())?;
    check_scores(logits)?;
    check_probabilities("label", labels)?;
    Ok(mean(logits, labels, |logit, label| logit.max(0.) + (-logit.abs()).exp().ln_1p() - label * logit))
}

fn mean(values: &[f32], labels: &[f32], loss: impl Fn(f64, f64) -> f64) -> Option<f64> {
    let sum: f64 = values.iter().zip(labels).map(|(&value, &label)| loss(value.into(), label.into())).sum();
    (!values.is_empty()).then(|| sum / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn auc_is_the_share_of_pairs_in_the_right_order(
            items in prop::collection::vec((-3_i8..3, prop::bool::ANY), 0..30),
        ) {
            let scores: Vec<f32> = items.iter().map(|item| f32::from(item.0)).collect();
            let labels: Vec<f32> = items.iter().map(|item| f32::from(u8::from(item.1))).collect();
            let (mut right, mut pairs) = (0., 0.);
            for (a, _) in items.iter().filter(|item| item.1) {
                for (b, _) in items.iter().filter(|item| !item.1) {
                    pairs += 1.;
                    right += f64::from(u8::from(a > b)) / 2. + f64::from(u8::from(a >= b)) / 2.;
                }
            }
            let expected = (pairs > 0.).then(|| right / pairs);
            prop_assert_eq!(auc(&scores, &labels).unwrap(), expected);
        }

        #[test]
        fn both_forms_of_the_log_loss_agree(items in prop::collection::vec((-8_f32..8., 0_f32..1.), 1..20)) {
            let (logits, labels): (Vec<f32>, Vec<f32>) = items.into_iter().unzip();
            let probabilities: Vec<f32> = logits.iter().map(|x| 1. / (1. + (-x).exp())).collect();
            let a = log_loss(&probabilities, &labels).unwrap().unwrap();
            let b = log_loss_of_logits(&logits, &labels).unwrap().unwrap();
            prop_assert!((a - b).abs() < 1e-3, "{} {}", a, b);
        }
    }

    #[test]
    fn gauc_leaves_out_lists_of_one_class_and_weighs_the_rest() {
        let right = (&[2., 1., 0.][..], &[1., 1., 0.][..]);
        let wrong = (&[1., 2.][..], &[1., 0.][..]);
        let one_class = (&[1.][..], &[1.][..]);
        let gauc = |weight| gauc([right, one_class, wrong], weight).unwrap();
        assert_eq!(gauc(ListWeight::Equal), Some(0.5));
        assert_eq!(gauc(ListWeight::Items), Some(0.6));
        assert_eq!(gauc(ListWeight::Relevant), Some(2. / 3.));
        assert_eq!(super::gauc([one_class], ListWeight::Equal).unwrap(), None);
    }

    #[test]
    fn certainty_that_is_wrong_costs_much_but_not_everything() {
        let loss = log_loss(&[0.], &[1.]).unwrap().unwrap();
        assert!((loss - 15.942).abs() < 1e-3, "{loss}");
        assert_eq!(log_loss(&[0.5], &[1.]).unwrap(), Some(std::f64::consts::LN_2));
        assert_eq!(log_loss(&[], &[]).unwrap(), None);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        assert!(matches!(log_loss(&[1.5], &[1.]), Err(InputError::Probability { what: "probability", .. })));
        assert!(matches!(log_loss(&[0.5], &[3.]), Err(InputError::Probability { what: "label", .. })));
        assert!(matches!(log_loss(&[f32::NAN], &[1.]), Err(InputError::Probability { .. })));
        assert!(matches!(log_loss_of_logits(&[f32::INFINITY], &[1.]), Err(InputError::Score { .. })));
        assert!(matches!(auc(&[f32::NAN], &[1.]), Err(InputError::Score { .. })));
    }
}
