//! The drivers.

pub mod race;
