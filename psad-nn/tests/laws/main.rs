//! What holds for every batch, every generator and every reranker made of tensors.

mod batches;
#[path = "../common/mod.rs"]
mod common;
mod encodings;
mod generating;
mod parameters;
mod refusals;
mod reranking;
mod toy;
