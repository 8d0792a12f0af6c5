//! The shared list encoder: history attention and candidate self-attention
