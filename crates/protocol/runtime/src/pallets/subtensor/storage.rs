//! The storage of the pallet, one section a concern.

pub(super) mod dormant;
pub(super) mod emission;
pub(super) mod epochs;
pub(super) mod hyperparameters;
pub(super) mod keys;
pub(super) mod neurons;
pub(super) mod rate_limits;
pub(super) mod registration;
pub(super) mod stake;
pub(super) mod subnets;
pub(super) mod weights;
