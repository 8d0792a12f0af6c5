//! Ranking metrics with explicit policies, summaries and paired tests
