//! What holds for every User Profile Network.

#[path = "../common/mod.rs"]
mod common;
mod gate;
mod interest_decay;
mod network;
mod position_bias;
