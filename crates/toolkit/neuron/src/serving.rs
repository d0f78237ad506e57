//! Publishing an axon's address on chain: once, when it is not there yet, and again only when it has changed.
//!
//! What the chain shows decides. An address, port, version and protocol that it shows already cost nothing. One that
//! differs is published as soon as the subnet's rate limit lets it, and the transaction is followed to a final block
//! before anything else is done. When somebody else then publishes another address with the same hotkey, two processes
//! share it, and this one gives way rather than fight for ever.

use crate::{CacheEnded, MetagraphReader, TaskHandle};
use assay_axon::Target;
use assay_chain::{
    AccountId, AxonAnnouncement, Block, ChainClient, ChainError, Included, Metagraph, NetUid, Pair,
    PublishedAxon, Receipt, Retry,
};
use futures::future::BoxFuture;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// Blocks after a failure that nothing but a change can mend before the next try. Fewer press the chain with what it
/// refuses; more leave a miner unseen for longer after its operator has mended it.
const BLOCKS_AFTER_FAILURE: u64 = 25;

/// Looks from outside whether an axon can be reached, such as by a request to itself through the public address.
pub trait Probe: Send + Sync + 'static {
    /// Whether an axon of ours answers at this address.
    fn probe(&self, address: SocketAddr) -> BoxFuture<'_, Result<(), NotReached>>;
}

impl<F> Probe for F
where
    F: Fn(SocketAddr) -> BoxFuture<'static, Result<(), NotReached>> + Send + Sync + 'static,
{
    fn probe(&self, address: SocketAddr) -> BoxFuture<'_, Result<(), NotReached>> {
        self(address)
    }
}

/// Nobody answered, or somebody else did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotReached {
    /// What was seen.
    pub reason: String,
}

/// What a probe that fails means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenNotReached {
    /// It is told, and the address published all the same: many routers do not let a machine reach itself through its
    /// public address.
    #[default]
    Warn,
    /// The address is not published before the probe succeeds.
    Withhold,
}

/// A probe, and what its failure means.
pub(crate) type Looking = (Arc<dyn Probe>, WhenNotReached);

/// How an address stands against the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxonStanding {
    /// The hotkey has no slot.
    Unregistered,
    /// The chain shows it.
    Shown {
        /// Since when.
        since: Block,
    },
    /// The chain shows another one, or none.
    Differs {
        /// What it shows.
        shown: Option<PublishedAxon>,
        /// For how many blocks the rate limit forbids to publish.
        blocks_left: u64,
    },
}

/// Compares an address with what a metagraph shows; `rate_limit` is the subnet's, in blocks.
pub fn compare(
    metagraph: &Metagraph,
    hotkey: &AccountId,
    wanted: &AxonAnnouncement,
    rate_limit: u64,
) -> AxonStanding {
    let Some(neuron) = metagraph.by_hotkey(hotkey) else {
        return AxonStanding::Unregistered;
    };
    let Some(shown) = neuron.axon else {
        return AxonStanding::Differs {
            shown: None,
            blocks_left: 0,
        };
    };
    let same =
        (shown.address, shown.version, shown.protocol) == (wanted.address, wanted.version, wanted.protocol);
    if same {
        return AxonStanding::Shown { since: shown.block };
    }
    // It would be in the next block at the earliest. A block of 0 never limits.
    let next = Block(metagraph.block.number.0.saturating_add(1));
    let blocks_left = match shown.block {
        Block(0) => 0,
        last => rate_limit.saturating_sub(next.since(last)),
    };
    AxonStanding::Differs {
        shown: Some(shown),
        blocks_left,
    }
}

/// What came of publishing.
#[derive(Clone, Debug, PartialEq)]
pub enum Publication {
    /// The chain shows it already; nothing was sent.
    Unchanged {
        /// Since when.
        since: Block,
    },
    /// A final block has it.
    Published(Included),
}

/// Why an address is not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServingError {
    /// Nobody can be at this address, or the chain refuses it.
    #[error("{address} cannot be published: {problem}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The hotkey has no slot.
    #[error("hotkey {hotkey} is not registered in subnet {netuid}, so its axon cannot be published")]
    Unregistered {
        /// The hotkey.
        hotkey: AccountId,
        /// The subnet.
        netuid: NetUid,
    },
    /// Too soon after the last one.
    #[error("another address was published at block {last}; the next may come in {blocks_left} blocks")]
    TooSoon {
        /// When.
        last: Block,
        /// How many blocks to wait.
        blocks_left: u64,
    },
    /// The probe failed, and is asked to succeed first.
    #[error("no axon of ours is reached at {address}: {source}")]
    NotReached {
        /// The address.
        address: SocketAddr,
        /// What was seen.
        source: NotReached,
    },
    /// The chain could not be asked or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The metagraph is no longer read.
    #[error(transparent)]
    Cache(#[from] CacheEnded),
}

impl ServingError {
    /// Whether and when another try makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Address { .. } | Self::Unregistered { .. } | Self::Cache(_) => Retry::Never,
            Self::TooSoon { blocks_left, .. } => Retry::AfterBlocks(*blocks_left),
            Self::NotReached { .. } => Retry::AfterBlocks(BLOCKS_AFTER_FAILURE),
            Self::Chain(error) => error.retry(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Address { .. } => {
                Some("publish the address and port at which others reach this machine".to_owned())
            }
            Self::Unregistered { netuid, .. } => {
                Some(format!("register it: assay subnet register --netuid {netuid}"))
            }
            Self::NotReached { address, .. } => Some(format!(
                "open port {} in the firewall and forward it to this machine",
                address.port()
            )),
            Self::Chain(error) => error.hint().map(Into::into),
            Self::TooSoon { .. } | Self::Cache(_) => None,
        }
    }
}

/// Whether others can be sent to an address, and the chain takes it.
///
/// # Errors
///
/// [`ServingError::Address`].
pub fn check_address(address: SocketAddr) -> Result<(), ServingError> {
    let ip = address.ip();
    let target = Target {
        hotkey: AccountId([0; 32]),
        address,
    };
    let problem = if address.port() == 0 {
        "it has no port"
    } else if !target.is_serving() {
        "it is nobody's address"
    } else if ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || matches!(ip, IpAddr::V6(ip) if ip.is_loopback()) {
        "the chain refuses the loopback address"
    } else {
        return Ok(());
    };
    Err(ServingError::Address { address, problem })
}

/// Publishes one hotkey's axon in one subnet.
#[derive(Clone)]
pub struct AxonPublisher {
    client: ChainClient,
    hotkey: Pair,
    netuid: NetUid,
    wanted: AxonAnnouncement,
    probe: Option<Looking>,
}

impl fmt::Debug for AxonPublisher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AxonPublisher")
            .field("hotkey", &self.hotkey.account())
            .field("netuid", &self.netuid)
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl AxonPublisher {
    /// One that has not published anything yet.
    ///
    /// # Errors
    ///
    /// [`ServingError::Address`] for an address that nobody can be at.
    pub fn new(
        client: ChainClient,
        hotkey: Pair,
        netuid: NetUid,
        wanted: AxonAnnouncement,
    ) -> Result<Self, ServingError> {
        check_address(wanted.address)?;
        Ok(Self {
            client,
            hotkey,
            netuid,
            wanted,
            probe: None,
        })
    }

    /// Looks whether the address can be reached before it is published.
    #[must_use]
    pub fn probing(self, probe: impl Probe, when_not_reached: WhenNotReached) -> Self {
        self.looking((Arc::new(probe), when_not_reached))
    }

    pub(crate) fn looking(mut self, looking: Looking) -> Self {
        self.probe = Some(looking);
        self
    }

    /// Publishes the address unless the chain shows it, and follows the transaction to a final block.
    ///
    /// # Errors
    ///
    /// [`ServingError`]; where the chain's answer is still pending, the error says so, and it may still come.
    pub async fn publish(&self) -> Result<Publication, ServingError> {
        match self.begin().await? {
            Begun::Shown(since) => Ok(Publication::Unchanged { since }),
            Begun::Sent(receipt) => Ok(Publication::Published(receipt.finalized().await?)),
        }
    }

    async fn begin(&self) -> Result<Begun, ServingError> {
        let snapshot = self.client.pin().await?;
        let (metagraph, rules) = tokio::try_join!(
            snapshot.shared_metagraph(self.netuid),
            snapshot.hyperparameters(self.netuid)
        )?;
        let hotkey = self.hotkey.account();
        match compare(&metagraph, &hotkey, &self.wanted, rules.serving_rate_limit) {
            AxonStanding::Unregistered => Err(ServingError::Unregistered {
                hotkey,
                netuid: self.netuid,
            }),
            AxonStanding::Shown { since } => Ok(Begun::Shown(since)),
            AxonStanding::Differs {
                shown: Some(PublishedAxon { block: last, .. }),
                blocks_left: blocks_left @ 1..,
            } => Err(ServingError::TooSoon { last, blocks_left }),
            AxonStanding::Differs { .. } => {
                self.look().await?;
                let receipt = self
                    .client
                    .serve_axon(&self.hotkey, self.netuid, self.wanted)
                    .await?;
                Ok(Begun::Sent(receipt))
            }
        }
    }

    /// Asks the probe, where there is one.
    async fn look(&self) -> Result<(), ServingError> {
        let Some((probe, when_not_reached)) = &self.probe else {
            return Ok(());
        };
        let address = self.wanted.address;
        match (probe.probe(address).await, when_not_reached) {
            (Ok(()), _) => Ok(()),
            (Err(source), WhenNotReached::Withhold) => Err(ServingError::NotReached { address, source }),
            (Err(reason), WhenNotReached::Warn) => {
                tracing::warn!(%address, %reason, "the axon is not reached from here; it is published all the same");
                Ok(())
            }
        }
    }

    /// Keeps the address on chain until the shutdown: publishes it now if need be, and again when a registration has
    /// removed it. What fails is tried again as its error says, never at once.
    ///
    /// # Errors
    ///
    /// When the metagraph is no longer read.
    pub async fn keep(&self, mut reader: MetagraphReader, handle: &TaskHandle) -> Result<(), ServingError> {
        let shutdown = handle.shutdown().clone();
        shutdown
            .unless_begun(self.follow(&mut reader, handle))
            .await
            .unwrap_or(Ok(()))
    }

    async fn follow(&self, reader: &mut MetagraphReader, handle: &TaskHandle) -> Result<(), ServingError> {
        let hotkey = self.hotkey.account();
        // The block of what is on chain by our own hand.
        let mut ours: Option<Block> = None;
        let mut not_before = Block(0);
        let mut metagraph = reader.at_or_after(Block(0)).await?;
        loop {
            handle.alive();
            let now = metagraph.block.number;
            match compare(&metagraph, &hotkey, &self.wanted, 0) {
                AxonStanding::Shown { since } => ours = Some(since),
                AxonStanding::Unregistered => {}
                AxonStanding::Differs {
                    shown: Some(shown), ..
                } if ours.is_some_and(|ours| shown.block > ours) => {
                    tracing::error!(
                        netuid = %self.netuid, %hotkey, ours = %self.wanted.address, theirs = %shown.address,
                        "somebody else has published another address with this hotkey; it stays: run one axon a hotkey"
                    );
                    std::future::pending::<()>().await;
                }
                AxonStanding::Differs { .. } if now < not_before => {}
                AxonStanding::Differs { .. } => match self.publish_patiently(handle).await {
                    Ok(Publication::Unchanged { since }) => ours = Some(since),
                    Ok(Publication::Published(included)) => {
                        let block = included.block.number;
                        tracing::info!(netuid = %self.netuid, address = %self.wanted.address, %block, "axon published");
                        ours = Some(block);
                        metagraph = reader.at_or_after(block).await?;
                        continue;
                    }
                    Err(error) => {
                        tracing::warn!(netuid = %self.netuid, %error, hint = error.hint(), "the axon is not published");
                        not_before = Block(now.0.saturating_add(pause(&error).await));
                    }
                },
            }
            metagraph = reader.changed().await?;
        }
    }

    /// Publishes, and waits for as long as the transaction may still come: a second one beside it would only fail.
    async fn publish_patiently(&self, handle: &TaskHandle) -> Result<Publication, ServingError> {
        let receipt = match self.begin().await? {
            Begun::Shown(since) => return Ok(Publication::Unchanged { since }),
            Begun::Sent(receipt) => receipt,
        };
        loop {
            handle.alive();
            match receipt.finalized().await {
                Ok(included) => return Ok(Publication::Published(included)),
                Err(error @ ChainError::StillPending { .. }) => {
                    tracing::warn!(%error, "the axon's address is not final yet");
                    // Where the runtime ends, the wait fails at once.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

enum Begun {
    Shown(Block),
    Sent(Receipt),
}

/// Waits out what passes by itself, and gives the number of blocks to wait for the rest.
async fn pause(error: &ServingError) -> u64 {
    match error.retry() {
        Retry::Now => 1,
        Retry::After(time) => {
            tokio::time::sleep(time).await;
            1
        }
        Retry::AfterBlocks(blocks) => blocks.max(1),
        Retry::Never => BLOCKS_AFTER_FAILURE,
    }
}
