//! What holds for every batch, every generator and every reranker made of tensors.

mod along;
mod batches;
#[path = "../common/mod.rs"]
mod common;
mod encodings;
mod evaluating;
mod generating;
mod listwise;
mod parameters;
mod proposing;
mod refusals;
mod reranking;
mod teaching;
mod toy;
