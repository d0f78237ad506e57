//! The pallets of our own, one module each, under the names and indices of the original chain.

pub mod aura;
pub mod subtensor;
