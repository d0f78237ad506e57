//! What can go wrong with a devnet as a whole. Errors of single requests are JSON-RPC errors, see [`crate::rpc`].

use crate::{chain::SnapshotError, executor::CallError, store::StoreError};
use node_subtensor_runtime::genesis::GenesisError;
use sp_core::H256;
use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

/// Why a devnet does not start or cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevnetError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for a free one")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not tell the address that it gave.
    #[error("cannot learn the address of the server: {source}")]
    Address {
        /// What the system said.
        source: io::Error,
    },
    /// The block time is out of range.
    #[error("a block time of {0:?} is outside 50 ms to 12 s")]
    BlockTime(Duration),
    /// The description of block 0 makes no sense.
    #[error("the genesis is refused: {0}")]
    Genesis(#[from] GenesisError),
    /// The folder holds a chain with another block 0 than the one asked for.
    #[error(
        "the chain in {folder} was made with another seed, sudo key, commit-reveal or other balances; \
         ask for the same ones, use another folder, or remove this one"
    )]
    OtherGenesis {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder's chain was made by a build with another runtime. Clients would decode its state with metadata that
    /// they kept from before.
    #[error(
        "the chain in {folder} was made by another build: its block 0 is {found}, this build makes {wanted}; \
         use another folder or remove this one"
    )]
    OtherRuntime {
        /// The folder.
        folder: PathBuf,
        /// Hash of the block 0 it holds.
        found: H256,
        /// Hash of the block 0 that this build makes of the same description.
        wanted: H256,
    },
    /// Blocks or states cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime could not make a block.
    #[error("the runtime could not make block {number}: {source}")]
    Block {
        /// Its number.
        number: u32,
        /// What the runtime said.
        source: CallError,
    },
    /// The subnet does not exist, so it has no epoch.
    #[error("subnet {netuid} does not exist; create it, or list the subnets that do")]
    NoSubnet {
        /// The subnet.
        netuid: u16,
    },
    /// The subnet's epoch did not run in as many blocks as its tempo allows.
    #[error("no epoch of subnet {netuid} in {blocks} blocks; a tempo of 0 never has one")]
    NoEpoch {
        /// The subnet.
        netuid: u16,
        /// Blocks made while waiting.
        blocks: u32,
    },
    /// Finality cannot lag that far behind.
    #[error("a finality lag of {0} blocks is too much; at most 4096 blocks may wait for finality")]
    FinalityLag(u32),
    /// The blocks to replace are final, or there are none.
    #[error(
        "cannot replace the last {depth} blocks: {open} are not final; make finality lag first (devnet_setFinalityLag) and produce blocks"
    )]
    Reorg {
        /// How many blocks should be replaced.
        depth: u32,
        /// How many blocks are not final.
        open: u32,
    },
    /// Branches that are not final take too much memory.
    #[error(
        "the blocks that are not final take too much memory for another branch; let finality catch up \
         (devnet_setFinalityLag) and produce blocks"
    )]
    OpenBlocks,
    /// The block that should upgrade the runtime exists already.
    #[error("block {number} is made already; the next block to upgrade the runtime in is {next}")]
    Upgrade {
        /// The block asked for.
        number: u32,
        /// The next block.
        next: u32,
    },
    /// The faucet's money does not fit the account or the chain.
    #[error("the faucet cannot give {rao} rao: {error}; give at least the existential deposit of 500 rao")]
    Faucet {
        /// How much was asked for.
        rao: u64,
        /// The runtime's name of what is wrong.
        error: &'static str,
    },
    /// A snapshot cannot be written or read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The system gives no more threads.
    #[error("cannot start a thread: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// A thread ended in the middle of its work, which is a defect; its panic is on standard error.
    #[error("the work was interrupted by a panic, which standard error shows")]
    Interrupted,
    /// The devnet is being stopped.
    #[error("the devnet is stopping")]
    Stopping,
}
