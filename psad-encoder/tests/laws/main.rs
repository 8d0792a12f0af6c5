//! What holds for every encoder and every batch.

#[path = "../common/mod.rs"]
mod common;
mod configurations;
mod extremes;
mod gradients;
mod history;
mod independence;
mod permutations;
mod profile;
