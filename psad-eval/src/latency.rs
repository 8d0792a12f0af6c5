//! How long one answer takes.

use std::borrow::Borrow;
use std::hint::black_box;
use std::time::Instant;

use psad_core::{Request, RerankError, Reranker};
use serde::Serialize;
use thiserror::Error;

/// Time per request in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Median.
    pub p50_us: f64,
    /// 99th percentile; with fewer than 100 calls it is the slowest.
    pub p99_us: f64,
    /// Calls that were timed.
    pub calls: usize,
}

/// Times [`Reranker::rerank`] request by request on the calling thread: batch 1, single thread, unless the reranker
/// starts threads of its own.
///
/// `warmup` calls, which go through the requests from the start and around, are not timed; then every request is timed
/// `rounds` times. Percentiles are nearest-rank. Build with `--release`, and leave the machine alone meanwhile.
///
/// # Errors
/// [`LatencyError`]: nothing to time, or the reranker fails.
pub fn latency<R, Q>(
    reranker: &R,
    requests: &[Q],
    len: usize,
    warmup: usize,
    rounds: usize,
) -> Result<Latency, LatencyError>
where
    R: Reranker + ?Sized,
    Q: Borrow<Request>,
{
    let calls = requests.len().checked_mul(rounds).filter(|&calls| calls <= MOST_CALLS);
    let calls = calls.ok_or(LatencyError::TooMuchToTime { requests: requests.len(), rounds })?;
    if calls == 0 {
        return Err(LatencyError::NothingToTime { requests: requests.len(), rounds });
    }
    for request in requests.iter().cycle().take(warmup) {
        black_box(reranker.rerank(request.borrow(), len)?);
    }
    let mut times = Vec::with_capacity(calls);
    for request in requests.iter().cycle().take(calls) {
        let request = black_box(request.borrow());
        let start = Instant::now();
        let answer = black_box(reranker.rerank(request, len));
        times.push(start.elapsed().as_secs_f64() * 1e6);
        answer?;
    }
    times.sort_by(f64::total_cmp);
    Ok(Latency { p50_us: nearest_rank(&times, 50), p99_us: nearest_rank(&times, 99), calls })
}

/// Calls whose times are kept.
const MOST_CALLS: usize = 100_000_000;

fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

/// Why nothing was timed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LatencyError {
    /// No request or no round.
    #[error("nothing to time: {requests} requests in {rounds} rounds")]
    NothingToTime {
        /// Number of requests.
        requests: usize,
        /// Number of rounds.
        rounds: usize,
    },
    /// The times of all calls are kept in memory.
    #[error("too much to time: {requests} requests in {rounds} rounds; at most 100,000,000 calls are timed")]
    TooMuchToTime {
        /// Number of requests.
        requests: usize,
        /// Number of rounds.
        rounds: usize,
    },
    /// The reranker failed.
    #[error(transparent)]
    Rerank(#[from] RerankError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let times: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!((nearest_rank(&times, 50), nearest_rank(&times, 99)), (100., 198.));
        assert_eq!((nearest_rank(&times[..1], 50), nearest_rank(&times[..50], 99)), (1., 50.));
    }
}
