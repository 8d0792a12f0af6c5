//! User Profile Network: personalized gate and personalized position encoding
