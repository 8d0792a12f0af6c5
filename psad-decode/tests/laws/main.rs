//! What holds for every decoder, every model and every batch.

mod assignment;
mod cases;
mod contrastive;
mod diversify;
mod errors;
mod fake;
mod influence;
mod long;
mod picking;
mod plan;
mod probabilities;
mod refine;
mod rules;
mod slates;
mod swayed;
