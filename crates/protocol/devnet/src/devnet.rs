//! A running devnet.

use crate::{
    BlockProduction, DevnetConfig, DevnetError, Retracted, SnapshotSummary,
    chain::{Chain, Head},
    faults::Faults,
    production::{self, Producer},
    rpc::{self, Node},
    threads::{self, Pool},
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
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout},
};

/// How long a stop waits for requests that are being answered. Longer than any read; a runtime call that takes more
/// keeps the database open a little beyond the stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Threads for what takes long. Nearly all of it takes turns at making blocks anyway; the second reads meanwhile.
const WORKERS: usize = 2;

/// A running devnet: a chain, its JSON-RPC server, its maker of blocks. Several in one process do not disturb each
/// other. Dropping it stops it too, without waiting.
pub struct Devnet {
    chain: Arc<Chain>,
    address: SocketAddr,
    server: ServerHandle,
    pace: watch::Sender<BlockProduction>,
    producer: Option<JoinHandle<()>>,
    works: Pool,
    faults: Option<Arc<Faults>>,
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
        let faults = config.faults.then(Arc::<Faults>::default);
        let chain = threads::apart(move || Chain::open(&config)).await?;
        let chain = Arc::new(chain);
        let (pace, paces) = watch::channel(blocks);
        let works = Pool::start(WORKERS)?;
        let node = Node::new(
            chain.clone(),
            pace.clone(),
            &data,
            limits,
            faults.clone(),
            works.clone(),
        )?;
        let (address, server) = rpc::serve(listener, node, &limits)?;
        let producer = tokio::spawn(Producer::start(chain.clone())?.run(paces));
        Ok(Self {
            chain,
            address,
            server,
            pace,
            producer: Some(producer),
            works,
            faults,
        })
    }

    /// The WebSocket URL for clients on this machine, such as `ws://127.0.0.1:9944`. HTTP POST works there too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.reachable_address())
    }

    /// Number and hash of the last block.
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

    /// Number and hash of the last final block.
    #[must_use]
    pub fn finalized(&self) -> (u32, H256) {
        let head = self.chain.head();
        (head.finalized.number, head.finalized.hash)
    }

    /// Keeps the last final block this far behind the tip from now on. What is final stays final.
    ///
    /// # Errors
    ///
    /// When it is more than 4096 blocks, or the disk fails.
    pub async fn set_finality_lag(&self, blocks: u32) -> Result<(), DevnetError> {
        self.advance(move |chain| chain.set_finality_lag(blocks)).await?;
        Ok(())
    }

    /// Replaces the last `depth` blocks by a branch that is one block longer, and returns number and hash of its tip.
    ///
    /// # Errors
    ///
    /// When one of the blocks is final; and as [`Devnet::produce`].
    pub async fn reorg(&self, depth: u32, transactions: Retracted) -> Result<(u32, H256), DevnetError> {
        self.advance(move |chain| chain.reorg(depth, transactions)).await
    }

    /// Gives the chain another runtime after the block with this number, or after the next one: the specification's
    /// version is one more, and metadata describes subnet numbers by a type of their own. Returns the number.
    ///
    /// # Errors
    ///
    /// When the block is made already.
    pub fn upgrade_runtime(&self, at: Option<u32>) -> Result<u32, DevnetError> {
        self.chain.upgrade_at(at)
    }

    /// What can go wrong on request; none when the devnet was started without.
    #[must_use]
    pub fn faults(&self) -> Option<DevnetFaults<'_>> {
        self.faults.as_deref().map(|faults| DevnetFaults {
            faults,
            chain: &self.chain,
        })
    }

    /// Writes the chain with its history to a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn snapshot(&self, path: &Path) -> Result<SnapshotSummary, DevnetError> {
        let (chain, path) = (self.chain.clone(), path.to_owned());
        self.works.run(move || chain.snapshot(&path)).await.flatten()
    }

    /// Makes the chain what a snapshot of it holds; transactions in the pool are dropped. To begin a new devnet from a
    /// snapshot of another chain use [`DevnetConfig::restore`].
    ///
    /// # Errors
    ///
    /// When the file is damaged or of another chain; the chain stays as it was.
    pub async fn restore(&self, path: &Path) -> Result<SnapshotSummary, DevnetError> {
        let (chain, path) = (self.chain.clone(), path.to_owned());
        self.works.run(move || chain.restore(&path)).await.flatten()
    }

    /// Ends connections and the making of blocks, and waits until everything is on disk.
    pub async fn stop(mut self) {
        self.signal_stop();
        if let Some(producer) = self.producer.take() {
            // It ends by itself, or has panicked, which its own log line has told.
            let _ = producer.await;
        }
        // A subscriber who does not read may hold a connection open for ever.
        let _ = timeout(LAST_REQUESTS, self.server.clone().stopped()).await;
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
            chain.close();
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
        let head = self.works.run(move || work(&chain)).await.flatten()?;
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

/// Makes things go wrong between a devnet and its clients, at once.
#[derive(Clone, Copy, Debug)]
pub struct DevnetFaults<'a> {
    faults: &'a Faults,
    chain: &'a Chain,
}

impl DevnetFaults<'_> {
    /// Lets no byte pass for this long, ten minutes at most, in either direction; sockets stay open. Zero ends it.
    pub fn stall(&self, lasting: Duration) {
        self.faults.stall(Duration::ZERO, lasting);
    }

    /// Answers calls of one method only after this long.
    pub fn stall_method(&self, method: &str, lasting: Duration) {
        self.faults.stall_method(method.to_owned(), lasting);
    }

    /// Accepts new connections without ever answering them, for this long. Zero ends it for later ones.
    pub fn half_open(&self, lasting: Duration) {
        self.faults.half_open(Duration::ZERO, lasting);
    }

    /// Resets all connections.
    pub fn disconnect(&self) {
        self.faults.cut();
    }

    /// Answers so many requests a second, and refuses the others as public nodes do; `None` answers all again.
    pub fn rate_limit(&self, per_second: Option<u32>) {
        self.faults.limit(per_second);
    }

    /// Drops a transaction from the pool. Returns whether it was there.
    #[must_use]
    pub fn drop_transaction(&self, hash: H256) -> bool {
        self.chain.drop_transaction(&hash)
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
