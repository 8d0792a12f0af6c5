//! Many jobs, one per core.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Does the jobs `0..jobs` and gives the answers in their order, whichever was done first.
///
/// The last is begun first: let the longest stand last, and no core waits long for another at the end.
/// Every job runs in a pool of one thread, so that no tensor operation borrows another job's core, or takes up another
/// job while it waits for its own threads.
pub(crate) fn in_parallel<T: Send>(jobs: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(jobs);
    let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
    let pools: Vec<ThreadPool> = (0..cores).map(pool).collect::<Result<_, _>>()?;
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let job = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.checked_sub(job + 1) else { break };
            let answer = work(job);
            failed.fetch_or(answer.is_err(), Ordering::Relaxed);
            done.push((job, answer));
        }
        done
    };
    let joined: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = pools.iter().map(|pool| scope.spawn(|| pool.install(worker))).collect();
        running.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut answers: Vec<Option<T>> = (0..jobs).map(|_| None).collect();
    for (job, answer) in joined.into_iter().map(|done| done.map_err(|_| anyhow!("a job panicked"))).flat_map(flat) {
        answers[job] = Some(answer?);
    }
    answers.into_iter().map(|answer| answer.context("a job was not done")).collect()
}

/// A worker that panicked has one answer, which is that.
fn flat<T>(done: Result<Vec<(usize, Result<T>)>>) -> Vec<(usize, Result<T>)> {
    done.unwrap_or_else(|error| vec![(0, Err(error))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_jobs() {
        let squares = in_parallel(50, |job| Ok(job * job)).unwrap();
        assert_eq!(squares, (0..50).map(|job| job * job).collect::<Vec<_>>());
        assert!(in_parallel(0, |_| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn an_error_of_a_job_is_the_error_of_all() {
        let fail = |job| if job == 3 { Err(anyhow!("job {job}")) } else { Ok(job) };
        assert_eq!(in_parallel(9, fail).unwrap_err().to_string(), "job 3");
    }
}
