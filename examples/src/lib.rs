//! Programs that someone would really run, from the quickstart to a reranker of one's own
