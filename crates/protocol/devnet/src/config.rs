//! What a devnet is started with.

use crate::History;
use node_subtensor_runtime::genesis::Genesis;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The shortest block time: below it the work of a block would fill the time between two.
pub const MIN_BLOCK_TIME: Duration = Duration::from_millis(50);

/// The longest block time, that of the public chain.
pub const MAX_BLOCK_TIME: Duration = Duration::from_secs(12);

/// The port that clients try for the network they call `local`.
pub const DEFAULT_PORT: u16 = 9944;

/// Where the chain lives, how it makes blocks, where it listens.
///
/// The default is a chain in memory with a block every 12 seconds on a free port of the loopback interface.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// Where blocks and states are kept.
    pub data: Storage,
    /// Address and port of the JSON-RPC server; port 0 takes a free one.
    pub listen: SocketAddr,
    /// When a block is made.
    pub blocks: BlockProduction,
    /// What the time in a block is.
    pub clock: Clock,
    /// Block 0. `None` takes what the folder holds already, and the default for a new chain. A folder with another
    /// block 0 than the one asked for is refused. With [`BlockProduction::Every`] a new chain's slot duration is the
    /// interval, whatever is said here.
    pub genesis: Option<Genesis>,
    /// A snapshot to begin from, which brings its own block 0. The folder must be new or hold the same chain, whose
    /// later blocks are replaced.
    pub restore: Option<PathBuf>,
    /// How many states are kept.
    pub history: History,
    /// By how many blocks the last final one is behind the tip. With 0 every block is final at once.
    pub finality_lag: u32,
    /// Whether things may be made to go wrong: [`Devnet::faults`](crate::Devnet::faults) and the methods for it.
    pub faults: bool,
    /// Bounds of the JSON-RPC server and the transaction pool.
    pub limits: Limits,
}

impl Default for DevnetConfig {
    fn default() -> Self {
        Self {
            data: Storage::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            blocks: BlockProduction::default(),
            clock: Clock::default(),
            genesis: None,
            restore: None,
            history: History::default(),
            finality_lag: 0,
            faults: false,
            limits: Limits::default(),
        }
    }
}

/// Where blocks and states are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// In this process; gone when the devnet stops.
    #[default]
    Memory,
    /// In a folder, which is created. Every sealed block is on disk before anybody hears of it.
    Folder(PathBuf),
}

/// When a block is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockProduction {
    /// On a timer, between [`MIN_BLOCK_TIME`] and [`MAX_BLOCK_TIME`].
    Every(Duration),
    /// Only when asked: [`Devnet::produce`](crate::Devnet::produce) or `devnet_produce`.
    Manual,
    /// As soon as a transaction is ready to go into one, and when asked.
    OnDemand,
}

impl Default for BlockProduction {
    fn default() -> Self {
        Self::Every(MAX_BLOCK_TIME)
    }
}

/// What the time in a block is. Either way it moves on by at least the slot duration of the genesis with every block,
/// so that a chain that makes blocks faster than that is ahead of the wall clock, and block counts convert to times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The time of this machine.
    #[default]
    Wall,
    /// Exactly one slot a block from a fixed start: equal transactions in equal blocks give equal hashes.
    Steady {
        /// The time of block 1, in milliseconds since 1970.
        start_ms: u64,
    },
}

/// Bounds, so that no client can make the node eat the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at one time, WebSocket and HTTP together. Fewer starve a test with many processes (the Python SDK
    /// opens four a command); more only serve a leak.
    pub connections: u32,
    /// Bytes of one request or batch. The runtime takes blocks up to 10 MiB, in hex that is 20.
    pub request_bytes: u32,
    /// Bytes of one answer. Metadata is under one MiB in hex; whole maps of a large subnet reach a few.
    pub response_bytes: u32,
    /// Requests in a batch.
    pub batch_requests: u32,
    /// Subscriptions of one connection.
    pub subscriptions_per_connection: u32,
    /// Keys of one storage subscription.
    pub keys_per_subscription: usize,
    /// Runtime calls and state reads that run at one time; others wait.
    pub concurrent_reads: usize,
    /// Transactions in the pool that can go into the next block.
    pub ready_transactions: usize,
    /// Transactions in the pool that wait for an earlier nonce.
    pub future_transactions: usize,
    /// Bytes of all transactions in the pool.
    pub pool_bytes: usize,
    /// Bytes of the state kept in memory. The state of a subnet with 256 neurons is about half a MiB, and each block adds
    /// some kilobytes to what its readers may ask for. Much less and every read goes to the database; much more and an
    /// idle node holds memory for old states.
    pub state_cache_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            request_bytes: 24 * 1024 * 1024,
            response_bytes: 32 * 1024 * 1024,
            batch_requests: 2_000,
            subscriptions_per_connection: 1_024,
            keys_per_subscription: 4_096,
            concurrent_reads: 16,
            ready_transactions: 8_192,
            future_transactions: 2_048,
            pool_bytes: 64 * 1024 * 1024,
            state_cache_bytes: 48 * 1024 * 1024,
        }
    }
}
