//! Plackett–Luce sampling.

use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::{Search, greedy::fill_each};
use crate::{
    Hypothesis,
    row::{BadLogit, Open, Scratch},
};

/// Each sample owns a stream of random numbers from the first block to the last. Streams are numbered by the sample
/// within its list, never by the list, so what a list gets does not depend on where in a batch it stands.
pub(crate) struct Sample {
    samples: usize,
    streams: Vec<ChaCha8Rng>,
    scratch: Scratch,
}

impl Sample {
    pub(crate) fn new(seed: u64, samples: usize, lists: usize) -> Self {
        let streams = (0..lists).flat_map(|_| (0..samples).map(|sample| stream(seed, sample))).collect();
        Self { samples, streams, scratch: Scratch::default() }
    }
}

impl Search for Sample {
    fn fill(&mut self, mut open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        // The first block starts from one empty slate per list; every sample goes its own way from there.
        if open.len() < self.samples {
            open.resize(self.samples, open[0].clone());
        }
        let first = open[0].hypothesis.list * self.samples;
        let (streams, scratch) = (&mut self.streams[first..first + self.samples], &mut self.scratch);
        let fill = |(open, stream): (_, &mut ChaCha8Rng)| {
            // One number per slot; Gumbel noise would take one per candidate.
            fill_each(open, end, scratch, |row| row.at(stream.random()))
        };
        open.into_iter().zip(streams).map(fill).collect()
    }
}

/// The random numbers of one sample.
pub(crate) fn stream(seed: u64, sample: usize) -> ChaCha8Rng {
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(sample as u64);
    stream
}
