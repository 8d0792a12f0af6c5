//! The methods, each fitted, saved, loaded and served alike: a configuration makes a [`Method`](crate::Method).

mod psad;
mod sizes;

pub use psad::{FittedPsad, Psad, PsadConfig, PsadModel, PsadStudent, PsadTeacher};
