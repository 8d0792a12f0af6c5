//! Reranking for recommender systems: the facade over the psad crates
