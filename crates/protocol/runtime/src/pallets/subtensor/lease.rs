//! The shape of a leased subnet. This chain leases none; clients read the items by name.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{AccountId32, Percent};

/// A subnet paid for by contributors.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SubnetLease {
    /// Who runs the subnet.
    pub beneficiary: AccountId32,
    /// The subnet's coldkey.
    pub coldkey: AccountId32,
    /// The subnet's hotkey.
    pub hotkey: AccountId32,
    /// The contributors' share of the emission.
    pub emissions_share: Percent,
    /// The block at which the lease ends.
    pub end_block: Option<u32>,
    /// The subnet.
    pub netuid: u16,
    /// What it cost, in rao.
    pub cost: u64,
}

/// A creation of a subnet that waits for room, an item of later runtimes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct QueuedNetworkRegistration {
    /// Who pays.
    pub coldkey: AccountId32,
    /// The owner's hotkey.
    pub hotkey: AccountId32,
    /// The block at which it was asked for.
    pub registration_block: u64,
    /// What is locked, in rao.
    pub lock_amount: u64,
}
