//! Threads that share the shards of a batch.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::TrainError;

/// One pool of a single thread per worker.
///
/// Small tensors do not profit from threads inside an operator. Inside its own pool a worker's kernels find one thread
/// and stay on it, instead of queueing for the cores of the other workers.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// Starts `count` workers; 0 for one per core.
    pub(crate) fn new(count: usize) -> Result<Self, TrainError> {
        let count = if count == 0 { thread::available_parallelism().map_or(1, usize::from) } else { count };
        let pool =
            |_| ThreadPoolBuilder::new().num_threads(1).build().map_err(|error| TrainError::Workers(error.into()));
        Ok(Self { pools: (0..count).map(pool).collect::<Result<_, _>>()? })
    }

    /// Does the jobs `0..jobs` and gives the answers in their order. Each worker calls `start` once and takes the next
    /// job when it has done one.
    pub(crate) fn run<S, T: Send>(
        &self,
        jobs: usize,
        start: impl Fn() -> S + Sync,
        work: impl Fn(&S, usize) -> T + Sync,
    ) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let worker = || {
            let state = start();
            let mut done = Vec::new();
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                if job >= jobs {
                    return done;
                }
                done.push((job, work(&state, job)));
            }
        };
        let mut done: Vec<(usize, T)> = match &self.pools[..self.pools.len().min(jobs)] {
            [] => Vec::new(),
            [only] => only.install(worker),
            pools => thread::scope(|scope| {
                let running: Vec<_> = pools.iter().map(|pool| scope.spawn(|| pool.install(worker))).collect();
                let answers = running.into_iter().map(|thread| match thread.join() {
                    Ok(done) => done,
                    // A panic of the objective is the caller's to see, with its own message.
                    Err(panic) => std::panic::resume_unwind(panic),
                });
                answers.flatten().collect()
            }),
        };
        done.sort_unstable_by_key(|(job, _)| *job);
        done.into_iter().map(|(_, answer)| answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_jobs_whoever_does_them() {
        for count in [0, 1, 2, 3, 8] {
            let workers = Workers::new(count).unwrap();
            for jobs in [0, 1, 2, 7] {
                let answers = workers.run(jobs, || 10, |base, job| base * job);
                assert_eq!(answers, (0..jobs).map(|job| 10 * job).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn kernels_inside_a_worker_find_one_thread() {
        let threads = Workers::new(2).unwrap().run(4, || (), |(), _| rayon::current_num_threads());
        assert_eq!(threads, [1; 4]);
    }
}
