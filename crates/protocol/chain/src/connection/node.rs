//! One node: its socket, its budget, and how it has been doing.

use super::{Params, budget::Bucket, limits};
use crate::{Block, BlockHash, Budget, ChainError, ConnectOptions, Endpoint, Reach, error::TransportError};
use parking_lot::Mutex as SyncMutex;
use std::{borrow::Cow, sync::Arc, time::Duration};
use subxt::ext::jsonrpsee::{
    core::client::{ClientT, Error as RpcError},
    ws_client::{PingConfig, WsClient, WsClientBuilder},
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

/// Pings find a dead socket under an idle subscription. More often costs traffic for nothing; more seldom leaves a
/// subscription silent for minutes.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Without any frame for this long the socket counts as dead: two pings may get lost.
const INACTIVE_LIMIT: Duration = Duration::from_secs(60);
/// Heads are small and come every few seconds; a consumer that is this far behind lost interest.
const SUBSCRIPTION_BUFFER: usize = 1024;

/// For how long a node that failed is left alone while there is another: from the first, doubled with each further
/// failure, to the longest. Shorter knocks at a dead node before every other request; longer keeps a healthy one out
/// after a restart.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);

/// For how long the others are measured by the head that a node told. Longer, and a node that once told a height out of
/// thin air puts all others out of use; shorter, and a node that lags is not noticed between two seldom requests.
const HEAD_COUNTS: Duration = Duration::from_secs(120);

/// The weight of the newest answer in the average time of answers.
const NEWEST: f64 = 0.2;

pub(super) struct Node {
    pub(super) endpoint: Endpoint,
    socket: SyncMutex<Option<Arc<WsClient>>>,
    /// Held while a socket is opened, so that one is opened at a time. Whoever takes one out of use does not wait for it.
    opening: Mutex<()>,
    bucket: Option<SyncMutex<Bucket>>,
    pub(super) health: SyncMutex<Health>,
}

/// How a node has been doing.
#[derive(Default)]
pub(super) struct Health {
    pub(super) last_error: Option<String>,
    pub(super) latency: Option<Duration>,
    pub(super) head: Option<Block>,
    /// When it told its head.
    head_told: Option<Instant>,
    /// Failures since the last answer.
    failures: u32,
    /// Used only when no other node can be before then.
    pub(super) rests_until: Option<Instant>,
    /// Not asked at all before then: the node said so.
    pub(super) closed_until: Option<Instant>,
    /// It answers for another chain, and is never used again.
    pub(super) is_foreign: bool,
}

impl Health {
    pub(super) fn answered(&mut self, after: Duration) {
        self.failures = 0;
        self.rests_until = None;
        self.latency = Some(match self.latency {
            Some(average) => average.mul_f64(1.0 - NEWEST) + after.mul_f64(NEWEST),
            None => after,
        });
    }

    pub(super) fn failed(&mut self, error: &ChainError) {
        let rest = FIRST_REST.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        self.rests_until = Some(Instant::now() + rest.min(LONGEST_REST));
        self.last_error = Some(error.to_string());
        match error {
            ChainError::RateLimited { retry_after, .. } => {
                self.closed_until = Some(Instant::now() + *retry_after);
            }
            ChainError::OtherChain { .. } => self.is_foreign = true,
            _ => {}
        }
    }

    pub(super) fn told_head(&mut self, head: Block) {
        self.head = Some(head);
        self.head_told = Some(Instant::now());
    }

    /// Its head, when it told it a short time ago.
    pub(super) fn recent_head(&self, now: Instant) -> Option<Block> {
        let is_recent = |told: Instant| now.saturating_duration_since(told) < HEAD_COUNTS;
        self.head.filter(|_| self.head_told.is_some_and(is_recent))
    }

    pub(super) fn rests(&self, now: Instant) -> bool {
        self.is_foreign
            || self.rests_until.is_some_and(|until| until > now)
            || self.closed_until.is_some_and(|until| until > now)
    }
}

impl Node {
    pub(super) fn new(endpoint: Endpoint, options: &ConnectOptions) -> Self {
        let budget = options.budget.unwrap_or(match endpoint.reach() {
            Reach::Private => Budget::Unlimited,
            Reach::Public => Budget::Limited {
                burst: 30,
                per_second: 1.0,
            },
        });
        let bucket = match budget {
            Budget::Unlimited => None,
            Budget::Limited { burst, per_second } => Some(SyncMutex::new(Bucket::new(burst, per_second))),
        };
        Self {
            endpoint,
            socket: SyncMutex::default(),
            opening: Mutex::default(),
            bucket,
            health: SyncMutex::default(),
        }
    }

    /// Waits until a request may go out: for the node's own limit, then for the budget.
    pub(super) async fn wait_for_turn(&self, deadline: Instant, late: ChainError) -> Result<(), ChainError> {
        let now = Instant::now();
        let closed_until = self.health.lock().closed_until;
        if let Some(until) = closed_until.filter(|until| *until > now) {
            if until >= deadline {
                return Err(ChainError::RateLimited {
                    endpoint: self.endpoint.clone(),
                    retry_after: until - now,
                });
            }
            tokio::time::sleep_until(until).await;
        }
        let Some(bucket) = &self.bucket else {
            return Ok(());
        };
        let now = Instant::now();
        let patience = deadline.saturating_duration_since(now);
        let Some(wait) = bucket.lock().take(now, patience) else {
            return Err(late);
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The open socket, or a new one of the same chain.
    pub(super) async fn socket(
        &self,
        deadline: Instant,
        chain: &SyncMutex<Option<BlockHash>>,
        options: &Opening,
        late: ChainError,
    ) -> Result<Arc<WsClient>, ChainError> {
        if let Some(socket) = self.connected() {
            return Ok(socket);
        }
        let opened = async {
            let _opening = self.opening.lock().await;
            // Another call may have opened it meanwhile.
            if let Some(socket) = self.connected() {
                return Ok(socket);
            }
            let socket = Arc::new(self.open(deadline, chain, options).await?);
            *self.socket.lock() = Some(Arc::clone(&socket));
            Ok(socket)
        };
        timeout_at(deadline, opened).await.unwrap_or(Err(late))
    }

    fn connected(&self) -> Option<Arc<WsClient>> {
        let mut slot = self.socket.lock();
        slot.take_if(|socket| !socket.is_connected());
        slot.clone()
    }

    async fn open(
        &self,
        deadline: Instant,
        chain: &SyncMutex<Option<BlockHash>>,
        options: &Opening,
    ) -> Result<WsClient, ChainError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let socket = WsClientBuilder::default()
            .connection_timeout(left)
            // Each call brings a deadline of its own; this one only bounds what was abandoned.
            .request_timeout(options.request_timeout)
            .max_response_size(options.max_response_bytes)
            .max_buffer_capacity_per_subscription(SUBSCRIPTION_BUFFER)
            .enable_ws_ping(
                PingConfig::new()
                    .ping_interval(PING_INTERVAL)
                    .inactive_limit(INACTIVE_LIMIT)
                    .max_failures(1),
            )
            .build(self.endpoint.address())
            .await
            .map_err(|error| self.unreachable(error))?;
        options.count();
        let found: BlockHash = socket
            .request("chain_getBlockHash", Params::none().with(&0))
            .await
            .map_err(|error| self.unreachable(error))?;
        let expected = *chain.lock().get_or_insert(found);
        if expected != found {
            return Err(ChainError::OtherChain {
                endpoint: self.endpoint.clone(),
                expected,
                found,
            });
        }
        tracing::debug!(endpoint = %self.endpoint, "connected");
        Ok(socket)
    }

    fn unreachable(&self, error: RpcError) -> ChainError {
        match limits::pause_of(&error) {
            Some(retry_after) => ChainError::RateLimited {
                endpoint: self.endpoint.clone(),
                retry_after,
            },
            None => ChainError::Unreachable {
                endpoint: self.endpoint.clone(),
                source: TransportError::new(error),
            },
        }
    }

    /// Takes a socket out of use, unless another took its place already.
    pub(super) fn condemn(&self, socket: &Arc<WsClient>) {
        self.socket.lock().take_if(|current| Arc::ptr_eq(current, socket));
    }

    /// Takes the present socket out of use.
    pub(super) fn hang_up(&self) {
        self.socket.lock().take();
    }

    pub(super) fn late(&self, operation: &'static str, after: Duration) -> ChainError {
        ChainError::Deadline {
            endpoint: self.endpoint.clone(),
            operation: Cow::Borrowed(operation),
            after,
        }
    }

    pub(super) fn disconnected(&self, operation: &'static str, error: RpcError) -> ChainError {
        ChainError::Disconnected {
            endpoint: self.endpoint.clone(),
            operation: Cow::Borrowed(operation),
            source: TransportError::new(error),
        }
    }
}

/// How sockets are opened.
pub(super) struct Opening {
    pub(super) request_timeout: Duration,
    pub(super) max_response_bytes: u32,
    pub(super) requests: std::sync::atomic::AtomicU64,
}

impl Opening {
    /// One more request goes out.
    pub(super) fn count(&self) {
        self.requests.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}
