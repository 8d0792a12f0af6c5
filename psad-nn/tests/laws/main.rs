//! What holds for every batch, every generator and every reranker made of tensors.

mod along;
mod batches;
#[path = "../common/mod.rs"]
mod common;
mod encodings;
mod evaluating;
mod exposure;
mod generating;
mod influence;
mod influenced;
mod listwise;
mod parameters;
mod proposing;
mod refined;
mod refusals;
mod reranking;
mod scored;
mod shown;
mod teaching;
mod toy;
