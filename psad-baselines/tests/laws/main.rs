//! What holds for every baseline and every batch.

#[path = "../common/mod.rs"]
mod common;
mod configurations;
mod extremes;
mod gradients;
mod independence;
mod permutations;
mod untrained;
mod writing;
