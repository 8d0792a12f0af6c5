//! Fitting any objective: loop, optimiser, schedules, checkpoints, progress
