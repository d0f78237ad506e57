//! What a neuron does and sees, into the event log: for whoever asks later.
//!
//! | stream | what of it |
//! |---|---|
//! | `forwards`, `scores` | each step of a validator: whom it asked, who answered, what that made of their scores |
//! | `weight_steps` | each step of each attempt to set weights, once, whichever process took it |
//! | `axon_calls` | what the axon was asked, minute by minute |
//! | `hardware` | what the machine and this process use, from one neuron of each process |
//! | `blocks`, `epochs` | where wanted, the chain: each block, and every neuron when an epoch has passed |
//!
//! A log that fails stops nothing: it is told once, and what it should have held is missing.

mod axon_calls;
mod chain;
mod hardware;
mod weight_steps;

pub use chain::epoch_neurons;

use assay_chain::{AccountId, ChainClient, NetUid};
use assay_records::{Log, Stream};
use axon_calls::Tally;
use std::{
    convert::Infallible,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use time::OffsetDateTime;

/// How long the end of a neuron waits for the log's disk. Service managers kill some seconds later anyhow.
const LONGEST_FLUSH: Duration = Duration::from_secs(5);

/// Characters of a reason that are kept. An error that quotes what it choked on must not fill the log with it.
const MOST_REASON: usize = 1_000;

/// Whether a neuron also records what it sees of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChainRecords {
    /// It does not: somebody else in this process does, or nobody needs it.
    #[default]
    LeftOut,
    /// Each block and each epoch of its subnet.
    Recorded,
}

/// Where a neuron records what it does.
#[derive(Clone, Debug)]
pub struct NeuronRecords {
    /// The log. Its source is the neuron's hotkey, by custom: see [`Log::as_source`].
    pub log: Log,
    /// The name of its subnet's system, such as `organic`: a column of some streams.
    pub system: String,
    /// Whether it records the chain too.
    pub chain: ChainRecords,
}

impl NeuronRecords {
    /// What it does, without the chain.
    pub fn new(log: Log, system: impl Into<String>) -> Self {
        Self {
            log,
            system: system.into(),
            chain: ChainRecords::LeftOut,
        }
    }

    /// The chain too.
    #[must_use]
    pub fn with_chain(mut self) -> Self {
        self.chain = ChainRecords::Recorded;
        self
    }
}

/// A neuron's own hand in the log. Clones write for the same neuron.
///
/// It hears a [`WeightSetter`](crate::WeightSetter) and an axon as their observer. [`Validator`](crate::Validator) and
/// [`Miner`](crate::Miner) have one where their configuration has [records](crate::NeuronConfig::records); who is made of
/// the pieces makes one, [watches](Self::watch) with it, and [ends](Self::end) it.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    records: NeuronRecords,
    netuid: NetUid,
    hotkey: AccountId,
    calls: Tally,
    /// Whether a failure has been told.
    has_failed: AtomicBool,
}

impl Recorder {
    /// A hand for this neuron.
    pub fn new(records: NeuronRecords, netuid: NetUid, hotkey: AccountId) -> Self {
        Self(Arc::new(Inner {
            records,
            netuid,
            hotkey,
            calls: Tally::default(),
            has_failed: AtomicBool::new(false),
        }))
    }

    /// The name of its subnet's system.
    pub fn system(&self) -> &str {
        &self.0.records.system
    }

    /// The subnet.
    pub fn netuid(&self) -> NetUid {
        self.0.netuid
    }

    /// The neuron.
    pub fn hotkey(&self) -> AccountId {
        self.0.hotkey
    }

    /// Records an event, now. It waits for nothing, and fails without a consequence.
    pub fn record<S: Stream>(&self, event: &S) {
        if let Err(error) = self.0.records.log.record(OffsetDateTime::now_utc(), event) {
            self.failed(&error);
        }
    }

    /// Records what is seen of the machine, of the axon's calls, and of the chain where that is wanted, for as long as it
    /// is awaited.
    pub async fn watch(&self, client: &ChainClient, home: &Path) -> Infallible {
        let chain = async {
            if self.0.records.chain == ChainRecords::Recorded {
                chain::follow(self, client).await;
            }
        };
        tokio::join!(chain, self.minutes(), hardware::measure(self, home)).1
    }

    /// Writes what is left, and waits for the disk, some seconds at most.
    pub async fn end(&self) {
        self.calls_so_far();
        let log = self.0.records.log.clone();
        let flushing = tokio::task::spawn_blocking(move || log.flush());
        match tokio::time::timeout(LONGEST_FLUSH, flushing).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => self.failed(&error),
            Ok(Err(panic)) => tracing::error!(%panic, "the event log is not flushed"),
            Err(_) => tracing::warn!("the disk of the event log hangs; its last events may be lost"),
        }
    }

    fn failed(&self, error: &dyn std::error::Error) {
        // Thousands of events fail of one full disk; the log's own health counts them.
        if !self.0.has_failed.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the event log fails, and the neuron goes on without it");
        }
    }
}

/// A reason as it is recorded.
pub(crate) fn in_short(reason: &str) -> String {
    reason.chars().take(MOST_REASON).collect()
}
