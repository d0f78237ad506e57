//! How a client connects, how long it waits, and how hard it presses the node.

use std::time::Duration;

/// How often requests may be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// As fast as they come: a node of one's own.
    Unlimited,
    /// A bucket of `burst` requests that refills at `per_second`.
    Limited {
        /// Requests that may go out at once after a rest.
        burst: u32,
        /// Requests a second in the long run.
        per_second: f64,
    },
}

/// The waiting times and limits of a [`ChainClient`](crate::ChainClient). Each has a default that suits the public
/// network; a devnet with blocks of milliseconds works with the same.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// For opening the connection and for each call; submitting is one call, the wait for the account's turn included.
    /// Default 30 s: shorter and a full metagraph over a slow line
    /// fails for no reason; longer and a half-dead socket stops a validator for that long.
    pub deadline: Duration,
    /// How long [`Receipt::in_block`](crate::Receipt::in_block) waits. Default 2 minutes, ten blocks of 12 s: the pool
    /// of a busy chain holds a transaction back for a few blocks.
    pub inclusion_deadline: Duration,
    /// How long [`Receipt::finalized`](crate::Receipt::finalized) waits after inclusion. Default 5 minutes: finality
    /// lags two to three blocks in good times and dozens in bad ones.
    pub finality_deadline: Duration,
    /// Blocks for which a signed transaction stays valid, rounded up to a power of two, 4 to 2048. Default 128, some
    /// 25 minutes: when it has passed the transaction certainly did not happen. Fewer and a full pool expires it;
    /// more and an outage leaves its fate open for longer.
    pub mortality: u64,
    /// How long the chain may stand still before [`blocks`](crate::ChainClient::blocks) calls it stale. Default 90 s,
    /// several blocks of 12 s.
    pub stale_after: Duration,
    /// Largest answer accepted from the node, in bytes. Default 32 MiB; the metadata is the largest usual one, near
    /// 2 MiB as hexadecimal text.
    pub max_response_bytes: u32,
    /// How often requests may be sent. By default unlimited to a private address, and bursts of 30 with one a second
    /// afterwards to a public one.
    pub budget: Option<Budget>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            inclusion_deadline: Duration::from_secs(120),
            finality_deadline: Duration::from_secs(300),
            mortality: 128,
            stale_after: Duration::from_secs(90),
            max_response_bytes: 32 * 1024 * 1024,
            budget: None,
        }
    }
}

impl ConnectOptions {
    /// The same with another deadline for each call.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same with another deadline for inclusion in a block.
    #[must_use]
    pub fn with_inclusion_deadline(mut self, deadline: Duration) -> Self {
        self.inclusion_deadline = deadline;
        self
    }

    /// The same with another deadline for finality after inclusion.
    #[must_use]
    pub fn with_finality_deadline(mut self, deadline: Duration) -> Self {
        self.finality_deadline = deadline;
        self
    }

    /// The same with another time after which a chain without a new block is stale.
    #[must_use]
    pub fn with_stale_after(mut self, limit: Duration) -> Self {
        self.stale_after = limit;
        self
    }

    /// The same with another lifetime of transactions, in blocks.
    #[must_use]
    pub fn with_mortality(mut self, blocks: u64) -> Self {
        self.mortality = blocks;
        self
    }

    /// The same with this budget in place of the one that the address suggests.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }
}
