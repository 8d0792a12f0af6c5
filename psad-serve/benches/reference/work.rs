//! Floating-point operations of the products, two for each multiplication with its addition.
//!
//! Counted as the equations stand, where what follows from the user alone is repeated for every candidate. Normalisation,
//! softmax and activations are left out, as is usual.

use super::HISTORY;

const WIDTH: usize = 64;
const FEED_FORWARD: usize = 128;
const FEATURES: usize = 5 * 16 + 6 + 1;
const USER: usize = 2 * 16;
const PROFILE: usize = USER + WIDTH;
const HIDDEN: usize = 32;
const LIST_LAYERS: usize = 2;

/// A linear layer for each of `rows` rows.
fn linear(rows: usize, input: usize, output: usize) -> usize {
    2 * rows * input * output
}

/// Scores and mixtures of `queries` rows over `keys` rows.
fn attention(queries: usize, keys: usize) -> usize {
    2 * linear(queries, keys, WIDTH)
}

fn feed_forward(rows: usize) -> usize {
    linear(rows, WIDTH, FEED_FORWARD) + linear(rows, FEED_FORWARD, WIDTH)
}

fn layer(rows: usize) -> usize {
    4 * linear(rows, WIDTH, WIDTH) + attention(rows, rows) + feed_forward(rows)
}

fn gate(rows: usize) -> usize {
    linear(rows, PROFILE + WIDTH, HIDDEN) + linear(rows, HIDDEN, WIDTH)
}

/// The encoder's part that needs no candidate.
pub(crate) fn user() -> usize {
    let personal = linear(1, PROFILE, HIDDEN) * 2 + linear(1, HIDDEN, WIDTH + 4);
    let history = linear(HISTORY, FEATURES, WIDTH) + gate(HISTORY) + layer(HISTORY) + linear(HISTORY, WIDTH, 2);
    personal + history + 2 * linear(HISTORY, WIDTH, WIDTH) + linear(1, PROFILE, WIDTH)
}

/// The encoder's other part.
fn candidates(n: usize) -> usize {
    let target = 2 * linear(n, WIDTH, WIDTH) + attention(n, HISTORY);
    linear(n, FEATURES, WIDTH) + gate(n) + target + linear(n, 3 * WIDTH, WIDTH) + LIST_LAYERS * layer(n)
}

/// PSAD-S.
pub(crate) fn student(n: usize) -> usize {
    user() + candidates(n) + linear(n, 2 * WIDTH + PROFILE, 64) + linear(n, 64, 32) + linear(n, 32, 1)
}

/// PSAD-G: the encoder, what is worked out once, and a step per block.
pub(crate) fn teacher(n: usize, slots: usize, block: usize) -> usize {
    let once = 2 * linear(n, WIDTH, WIDTH) + linear(n, WIDTH, 32) + linear(1, PROFILE, WIDTH);
    let steps: usize = (0..slots)
        .step_by(block)
        .map(|placed| {
            let (count, memory) = (block.min(slots - placed), 1 + placed);
            let own = 2 * linear(count, WIDTH, WIDTH) + 2 * linear(count + memory, WIDTH, WIDTH);
            let own = own + attention(count, count + memory);
            let available = 2 * linear(count, WIDTH, WIDTH) + attention(count, n);
            own + available + feed_forward(count) + linear(count, WIDTH, 32) + linear(count * n, 32, 1)
        })
        .sum();
    user() + candidates(n) + once + steps
}

/// NAR4Rec without the User Profile Network, with one layer of candidates and two of positions.
pub(crate) fn matching(n: usize, slots: usize) -> usize {
    let plain = user() + candidates(n) - gate(n) - gate(HISTORY);
    let set = linear(n, WIDTH + PROFILE, WIDTH) + layer(n);
    // In the last layer, positions beyond the slots are read but do not ask.
    let position = |asking: usize| {
        let own = 2 * linear(asking, WIDTH, WIDTH) + 2 * linear(n, WIDTH, WIDTH) + attention(asking, n);
        2 * own + feed_forward(asking)
    };
    plain + set + position(n) + position(slots) + linear(slots, WIDTH, WIDTH) + linear(slots, WIDTH, n)
}
