//! Diversity of what is shown: within a slate, and of exposure across many.
//!
//! These need more than labels, so they are no [`Metric`](crate::Metric): each is a small type with a `name` for a
//! [`Summary`](crate::Summary) and a `value` that takes a slate and what it is judged by.

mod alpha;
mod distance;
mod exposure;
mod topics;

pub use alpha::AlphaNdcg;
pub use distance::{CategoryIld, CosineIld};
pub use exposure::{ExposureDiscount, ExposureGini, Population};
pub use topics::{CategoryCoverage, Topics};
