//! The semi-autoregressive generator: context enhancement and a pointer head
