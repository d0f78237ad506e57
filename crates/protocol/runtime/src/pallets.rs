//! The pallets of our own, one module each, under the names and indices of the original chain; `devnet` is what that
//! does not have.

pub mod admin_utils;
pub mod alpha_assets;
pub mod aura;
pub mod commitments;
pub mod devnet;
pub mod drand;
pub mod mev_shield;
pub mod subtensor;
pub mod swap;
