//! Score blocks to valid slates: greedy, beam and Plackett-Luce decoding
