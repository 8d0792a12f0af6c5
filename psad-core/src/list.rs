//! Lists with labels: what data and simulators yield, what training and metrics read.

use ndarray::Array1;
use thiserror::Error;

use crate::{Request, Slate};

/// A request with one label per candidate, and optionally the slate that was shown with its propensities.
#[derive(Debug, Clone, PartialEq)]
pub struct LabeledList {
    request: Request,
    labels: Vec<f32>,
    shown: Option<Shown>,
}

/// What a logging policy showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The slate as the user saw it.
    pub slate: Slate,
    /// Per slot, the probability with which the logging policy put that item there given the slots before; in (0, 1].
    pub propensities: Vec<f64>,
}

impl LabeledList {
    /// Joins a request with the label of each candidate (click 0/1, or a grade), in the candidates' order.
    ///
    /// # Errors
    /// [`ListError::Length`] for another number of labels than candidates, [`ListError::Label`] for a label that is
    /// negative, NaN or infinite.
    pub fn new(request: Request, labels: Array1<f32>) -> Result<Self, ListError> {
        let candidates = request.candidates().len();
        if labels.len() != candidates {
            return Err(ListError::Length { what: "labels", expected: candidates, found: labels.len() });
        }
        if let Some((item, &label)) = labels.iter().enumerate().find(|(_, label)| !(label.is_finite() && **label >= 0.))
        {
            return Err(ListError::Label { item, label });
        }
        Ok(Self { request, labels: labels.into_iter().collect(), shown: None })
    }

    /// Adds what the logging policy showed.
    ///
    /// # Errors
    /// [`ListError::Length`] if the slate was chosen from another list or has another length than its propensities,
    /// [`ListError::Propensity`] for one outside (0, 1].
    pub fn with_shown(mut self, shown: Shown) -> Result<Self, ListError> {
        let candidates = self.request.candidates().len();
        if shown.slate.candidates() != candidates {
            let found = shown.slate.candidates();
            return Err(ListError::Length { what: "candidates of the shown slate", expected: candidates, found });
        }
        if shown.propensities.len() != shown.slate.len() {
            let (expected, found) = (shown.slate.len(), shown.propensities.len());
            return Err(ListError::Length { what: "propensities", expected, found });
        }
        if let Some((slot, &value)) = shown.propensities.iter().enumerate().find(|(_, p)| !(**p > 0. && **p <= 1.)) {
            return Err(ListError::Propensity { slot, value });
        }
        self.shown = Some(shown);
        Ok(self)
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// One label per candidate, in the candidates' order.
    pub fn labels(&self) -> &[f32] {
        &self.labels
    }

    /// What was shown, where that is known.
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Never true: a request has at least one candidate.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Why labels or propensities are refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ListError {
    /// Two lengths that had to agree.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// Length of the list.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A label that is negative or not finite.
    #[error("label of candidate {item} is {label}; labels are finite and not negative")]
    Label {
        /// The candidate.
        item: usize,
        /// Its label.
        label: f32,
    },
    /// A propensity outside (0, 1].
    #[error("propensity of slot {slot} is {value}; propensities lie in (0, 1]")]
    Propensity {
        /// The slot.
        slot: usize,
        /// Its propensity.
        value: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Candidates, History, Items, User};
    use ndarray::{Array2, array};

    fn request() -> Request {
        let items = Items::new(Array2::zeros((2, 1)), Array2::zeros((2, 0))).unwrap();
        Request::new(User::anonymous(), History::empty(1, 0), Candidates::new(items, array![1., 0.]).unwrap()).unwrap()
    }

    #[test]
    fn labels_and_propensities_are_checked() {
        assert!(matches!(LabeledList::new(request(), array![1.]), Err(ListError::Length { found: 1, .. })));
        assert!(matches!(LabeledList::new(request(), array![0., f32::NAN]), Err(ListError::Label { item: 1, .. })));
        let list = LabeledList::new(request(), array![0., 1.]).unwrap();
        let shown = |items: Vec<usize>, of, propensities| Shown { slate: Slate::new(items, of).unwrap(), propensities };
        assert!(matches!(list.clone().with_shown(shown(vec![0], 3, vec![1.])), Err(ListError::Length { .. })));
        assert!(matches!(list.clone().with_shown(shown(vec![0], 2, vec![])), Err(ListError::Length { .. })));
        let zero = list.clone().with_shown(shown(vec![1, 0], 2, vec![1., 0.]));
        assert_eq!(zero, Err(ListError::Propensity { slot: 1, value: 0. }));
        let list = list.with_shown(shown(vec![1, 0], 2, vec![0.5, 1.])).unwrap();
        assert_eq!(list.shown().unwrap().slate.as_slice(), [1, 0]);
        assert_eq!(list.labels(), [0., 1.]);
    }
}
