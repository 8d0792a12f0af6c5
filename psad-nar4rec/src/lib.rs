//! NAR4Rec: a non-autoregressive generator, its training, and an evaluator of whole slates.
