//! One seed, many independent streams.

use ndarray_rand::rand::{SeedableRng, rngs::StdRng};

use crate::Split;

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Catalog,
    Population,
    Calibration,
    Clicks,
    Lists(Split),
    Search,
}

impl Stream {
    /// The stream's numbers for one seed and index. The three fill distinct parts of the generator's key, so no two
    /// of them ever share a stream and no list depends on how many others were drawn.
    pub(crate) fn rng(self, seed: u64, index: u64) -> StdRng {
        let code: u64 = match self {
            Self::Catalog => 0,
            Self::Population => 1,
            Self::Calibration => 2,
            Self::Clicks => 3,
            Self::Lists(Split::Train) => 4,
            Self::Lists(Split::Validation) => 5,
            Self::Lists(Split::Test) => 6,
            Self::Search => 7,
        };
        let mut key = [0; 32];
        for (part, word) in key.chunks_exact_mut(8).zip([seed, code, index]) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        StdRng::from_seed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_rand::rand::Rng;

    #[test]
    fn seed_purpose_and_index_each_make_another_stream() {
        let first = |stream: Stream, seed, index| stream.rng(seed, index).random::<u64>();
        let drawn = [
            first(Stream::Catalog, 1, 2),
            first(Stream::Catalog, 2, 1),
            first(Stream::Population, 1, 2),
            first(Stream::Lists(Split::Train), 1, 2),
            first(Stream::Lists(Split::Test), 1, 2),
        ];
        assert_eq!(drawn.iter().collect::<std::collections::HashSet<_>>().len(), drawn.len());
        assert_eq!(first(Stream::Catalog, 1, 2), drawn[0]);
    }
}
