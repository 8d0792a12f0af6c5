//! What both fuzz targets share.

pub mod draw;
pub mod mutate;
pub mod parts;
pub mod serving;

/// The kernels and their tests, for `scripts/sanitize.sh`: here they are built without what the other tests of the crate
/// need.
#[cfg(test)]
#[allow(dead_code, unused_imports, reason = "tests use a part of it")]
#[path = "../../src/kernel/mod.rs"]
mod kernel;
