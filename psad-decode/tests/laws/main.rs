//! What holds for every decoder, every model and every batch.

mod errors;
mod fake;
mod probabilities;
mod slates;
