//! The laws of NAR4Rec: what holds for every list, every batch and every slate.

mod common;
mod contrast;
mod decoding;
mod evaluator;
mod feedback;
mod gradients;
mod matching;
mod model;
mod objective;
mod pairing;
mod unlikelihood;
