//! The shape of locked stake. This chain locks nothing; clients read the items by name.

use crate::fixed_point::U64F64;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Stake that is locked, and the conviction it has gathered.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LockState {
    /// Locked alpha in rao.
    pub locked_mass: u64,
    /// Conviction gathered so far.
    pub conviction: U64F64,
    /// The block at which the two were last brought up to date.
    pub last_update: u64,
}

/// A miner's collateral, an item of later runtimes.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct MinerCollateralState {
    /// Locked alpha in rao.
    pub locked: u64,
    /// The least that stays locked.
    pub min_locked: u64,
    /// What was earned while it was locked.
    pub earned: u64,
    /// How fast it drains.
    pub drain_ratio: U64F64,
}
