//! The contract of a metric.

use std::sync::Arc;

use crate::Ranked;

/// One number per list.
///
/// The contract: `value` looks at nothing but the list, gives the same number whenever it is asked, and that number is
/// finite. A metric of one's own is a struct with these two functions:
///
/// ```
/// use psad_eval::{Metric, Ranked, Ties};
///
/// /// Label of the first item.
/// struct First;
///
/// impl Metric for First {
///     fn name(&self) -> String {
///         "first".to_owned()
///     }
///
///     fn value(&self, ranked: &Ranked) -> Option<f64> {
///         let (_, tied) = ranked.groups().next()?;
///         Some(tied.iter().copied().map(f64::from).sum::<f64>() / tied.len() as f64)
///     }
/// }
///
/// let ranked = Ranked::from_scores(&[0.5, 0.5, 0.1], &[1., 0., 1.], Ties::Average)?;
/// assert_eq!(First.value(&ranked), Some(0.5));
/// # Ok::<(), psad_eval::InputError>(())
/// ```
pub trait Metric: Send + Sync {
    /// Name of the metric and its variant, as it stands in reports: `ndcg@10(exp)`.
    fn name(&self) -> String;

    /// The metric of one list; `None` where it is undefined and the list does not count.
    fn value(&self, ranked: &Ranked) -> Option<f64>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<M: Metric + ?Sized> Metric for $pointer {
            fn name(&self) -> String {
                (**self).name()
            }

            fn value(&self, ranked: &Ranked) -> Option<f64> {
                (**self).value(ranked)
            }
        }
    )*};
}

forward!(&M, Box<M>, Arc<M>);
