//! A running devnet.

use crate::{
    BlockProduction, DevnetConfig, DevnetError, SnapshotSummary,
    chain::{Chain, Head},
    production,
    rpc::{self, Node},
    threads,
};
use jsonrpsee::server::ServerHandle;
use node_subtensor_runtime::genesis::Genesis;
use sp_core::H256;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

/// How long a stop waits for requests that are being answered. Longer than any read; a runtime call that takes more
/// keeps the database open a little beyond the stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// A running devnet: a chain, its JSON-RPC server, its maker of blocks. Several in one process do not disturb each
/// other. Dropping it stops it too, without waiting.
pub struct Devnet {
    chain: Arc<Chain>,
    address: SocketAddr,
    server: ServerHandle,
    pace: watch::Sender<BlockProduction>,
    producer: Option<JoinHandle<()>>,
}

impl Devnet {
    /// Opens or makes the chain, starts the server, starts making blocks. Answers from the moment it returns.
    ///
    /// # Errors
    ///
    /// When the address is taken, the folder is in use, damaged or of another chain, or the configuration makes no
    /// sense.
    pub async fn start(config: DevnetConfig) -> Result<Self, DevnetError> {
        // The address first: that it is taken is the likeliest failure, and nothing should be written before it.
        let listener = rpc::bind(config.listen)?;
        let (limits, blocks, data) = (config.limits, config.blocks, config.data.clone());
        let chain = threads::apart(move || Chain::open(&config)).await?;
        let chain = Arc::new(chain);
        let (pace, paces) = watch::channel(blocks);
        let node = Node::new(chain.clone(), pace.clone(), &data, limits)?;
        let (address, server) = rpc::serve(listener, node, &limits)?;
        let producer = tokio::spawn(production::run(chain.clone(), paces));
        Ok(Self {
            chain,
            address,
            server,
            pace,
            producer: Some(producer),
        })
    }

    /// The WebSocket URL for clients on this machine, such as `ws://127.0.0.1:9944`. HTTP POST works there too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.reachable_address())
    }

    /// Number and hash of the last block, which is final.
    #[must_use]
    pub fn head(&self) -> (u32, H256) {
        let head = self.chain.head();
        (head.number, head.hash)
    }

    /// Root of the state after the last block.
    #[must_use]
    pub fn state_root(&self) -> H256 {
        self.chain.head().header.state_root
    }

    /// The hash of block 0, by which clients know the chain.
    #[must_use]
    pub fn genesis_hash(&self) -> H256 {
        self.chain.genesis_hash()
    }

    /// The description of block 0.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        self.chain.genesis()
    }

    /// Makes `count` blocks at once, whatever the block production, and returns number and hash of the last.
    ///
    /// # Errors
    ///
    /// When the runtime or the disk fails; the blocks before that one stand.
    pub async fn produce(&self, count: u32) -> Result<(u32, H256), DevnetError> {
        self.advance(move |chain| chain.produce(count)).await
    }

    /// Makes blocks until the subnet's next epoch has run, and returns number and hash of the block in which it did.
    ///
    /// # Errors
    ///
    /// When there is no such subnet, or it has no epoch within its tempo; and as [`Devnet::produce`].
    pub async fn run_to_epoch(&self, netuid: u16) -> Result<(u32, H256), DevnetError> {
        self.advance(move |chain| chain.run_to_epoch(netuid)).await
    }

    /// Moves the chain's time on by this much, beginning with the next block.
    pub fn warp(&self, by: Duration) {
        self.chain.warp(by);
    }

    /// Changes when blocks are made. The slot duration of the genesis, which clients read as a constant, stays.
    ///
    /// # Errors
    ///
    /// When an interval is out of range.
    pub fn set_block_production(&self, blocks: BlockProduction) -> Result<(), DevnetError> {
        production::set(&self.pace, blocks)
    }

    /// Writes the chain with its history to a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn snapshot(&self, path: &Path) -> Result<SnapshotSummary, DevnetError> {
        let (chain, path) = (self.chain.clone(), path.to_owned());
        threads::apart(move || chain.snapshot(&path)).await
    }

    /// Makes the chain what a snapshot of it holds; transactions in the pool are dropped. To begin a new devnet from a
    /// snapshot of another chain use [`DevnetConfig::restore`].
    ///
    /// # Errors
    ///
    /// When the file is damaged or of another chain; the chain stays as it was.
    pub async fn restore(&self, path: &Path) -> Result<SnapshotSummary, DevnetError> {
        let (chain, path) = (self.chain.clone(), path.to_owned());
        threads::apart(move || chain.restore(&path)).await
    }

    /// Ends connections and the making of blocks, and waits until everything is on disk.
    pub async fn stop(mut self) {
        self.signal_stop();
        if let Some(producer) = self.producer.take() {
            // It ends by itself, or has panicked, which its own log line has told.
            let _ = producer.await;
        }
        self.server.clone().stopped().await;
        let chain = self.chain.clone();
        drop(self);
        // Subscriptions end a moment after their connections. The database closes with the last of them, and until
        // then the folder cannot be opened again.
        let deadline = Instant::now() + LAST_REQUESTS;
        while Arc::strong_count(&chain) > 1 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Closing writes, which must not happen on a thread that drives others.
        let _ = threads::apart(move || {
            drop(chain);
            Ok(())
        })
        .await;
    }

    fn signal_stop(&self) {
        self.chain.stop();
        // It may have been stopped already.
        let _ = self.server.stop();
        // Wakes the maker of blocks, which then sees that the chain is stopping.
        self.pace.send_modify(|_| {});
    }

    async fn advance(
        &self,
        work: impl FnOnce(&Chain) -> Result<Arc<Head>, DevnetError> + Send + 'static,
    ) -> Result<(u32, H256), DevnetError> {
        let chain = self.chain.clone();
        let head = threads::apart(move || work(&chain)).await?;
        Ok((head.number, head.hash))
    }

    fn reachable_address(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }
}

impl fmt::Debug for Devnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Devnet")
            .field("url", &self.url())
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.signal_stop();
    }
}
