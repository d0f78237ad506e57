#![doc = include_str!("../README.md")]

mod beacon;
mod chain;
mod config;
mod development;
mod devnet;
mod draft;
mod error;
mod executor;
mod faults;
mod node_cache;
mod panics;
mod pool;
mod production;
pub mod rpc;
mod spec;
mod state;
mod store;
mod threads;

pub use chain::{Retracted, SnapshotError, SnapshotSummary, block_zero};
pub use config::{
    BlockProduction, Clock, DEFAULT_PORT, DevnetConfig, Limits, MAX_BLOCK_TIME, MIN_BLOCK_TIME, Storage,
};
pub use development::{DevelopmentAccount, development_accounts};
pub use devnet::{Devnet, DevnetFaults};
pub use error::DevnetError;
pub use executor::CallError;
pub use node_subtensor_runtime::genesis::{CommitReveal, DevelopmentAccounts, Genesis, TimelockPayloads};
pub use pool::PoolError;
pub use sp_core::H256;
pub use spec::{Spec, SpecError, SpecHotkey, SpecProblem, SpecWallet};
pub use store::{DEFAULT_HISTORY, History, StoreError};

/// The name by which the chain introduces itself.
pub const CHAIN_NAME: &str = "Assay Devnet";

/// What this chain does more simply than the public one. Whoever starts it should see this.
pub const SIMPLIFICATIONS: &[&str] = &[
    "one author seals every block, and a block is final at once unless finality is told to lag; no peers, no proofs",
    "a block's time moves on by at least the slot duration, however fast blocks are made",
    "a subnet's pool is a plain constant product without a fee, and root's is one to one",
    "no TAO is minted, fees are burned, and root stake earns nothing",
    "subnets take weights in the open unless the chain was begun with commit-reveal; a subnet's owner can demand commits",
    "stock clients encrypt to the public beacon, whose pulses come only when somebody feeds them (devnet_feedPulse)",
    "locks, leases and collateral are empty storage without calls; root claims find nothing",
    "shielded calls are opened with one key for ever, which follows from the seed that everybody can read",
    "registration by proof of work takes a thousand tries, and its challenge may be a minute old at any block time",
];
