//! The tensor vocabulary of reranking: list batches, component traits, masked attention blocks
