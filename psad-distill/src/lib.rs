//! Losses, online distillation and the joint objective of teacher and student
