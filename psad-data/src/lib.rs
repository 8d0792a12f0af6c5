//! Ratings to lists: MovieLens reader, time split, initial ranker
