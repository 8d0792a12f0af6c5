//! How long answers took, in little memory however many there are.

use std::fmt;
use std::time::Duration;

/// Classes per doubling: a latency is known to about a hundredth.
const FINE: f64 = 64.;

/// Counts of latencies by their logarithm, from a nanosecond on.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    classes: Vec<u64>,
    count: u64,
}

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        let class = ((latency.as_nanos().max(1) as f64).log2() * FINE) as usize;
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += 1;
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latency that a share of all does not exceed.
    fn quantile(&self, share: f64) -> Duration {
        let rank = ((share * self.count as f64).ceil() as u64).max(1);
        let mut below = 0;
        let class = self.classes.iter().position(|count| {
            below += count;
            below >= rank
        });
        class.map_or(Duration::ZERO, |class| Duration::from_nanos(((class as f64 + 0.5) / FINE).exp2() as u64))
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:.1?} in the median, {:.1?} at the 99th percentile",
            self.quantile(0.5),
            self.quantile(0.99)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_hundredth() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), Duration::ZERO);
        (1..=1000).for_each(|micros| latencies.add(Duration::from_micros(micros)));
        for (share, expected) in [(0.5, 500.), (0.99, 990.), (0., 1.), (1., 1000.)] {
            let found = latencies.quantile(share).as_secs_f64() * 1e6;
            assert!((found / expected - 1.).abs() < 0.012, "{share}: {found}, expected {expected}");
        }
        assert_eq!(latencies.count(), 1000);
    }
}
