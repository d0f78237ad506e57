//! The connection to the chain: one WebSocket to one of its nodes at a time. Every call has a deadline, a broken socket
//! is replaced at the next call, and requests keep to a budget for each node.
//!
//! A read that the socket broke under is sent once more over a new one, within the same deadline. A submission is
//! not: what became of it is found out in another way (see the submission module). A call that runs into its
//! deadline condemns the socket, because a half-dead one answers nothing for ever; calls already under way on it may
//! still finish.
//!
//! With several nodes a failure moves on to the next that is not known to be in trouble; each try of a call has half of
//! the time that is left, so that a stalled node leaves time for another. All must be of the same chain: the first that
//! answers says which, and one that answers for another is never used again.
//!
//! Caveat: the deadline covers the wait for the budget, for the connection and for the answer together.

mod budget;
mod limits;
mod node;
mod params;

pub(crate) use params::{Params, hex_bytes};

use crate::{
    Block, BlockHash, ChainError, ConnectOptions, Endpoint, EndpointHealth, EndpointState, Endpoints,
    shape::ShapeError,
};
use futures::future::BoxFuture;
use node::{Node, Opening};
use parking_lot::Mutex as SyncMutex;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use subxt::ext::jsonrpsee::{
    core::client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
    ws_client::WsClient,
};
use tokio::time::{Instant, timeout_at};

/// Blocks by which a node may be behind the newest block known before another is tried. Fewer and two healthy nodes
/// alternate; more and decisions rest on a state of minutes ago.
const ACCEPTED_LAG: u64 = 10;

pub(crate) struct Connection {
    nodes: Vec<Node>,
    active: AtomicUsize,
    deadline: Duration,
    opening: Opening,
    genesis: SyncMutex<Option<BlockHash>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("endpoint", self.endpoint())
            .finish_non_exhaustive()
    }
}

/// Why one try failed, and whether another may follow.
enum Failure {
    /// The request may be sent again.
    Again(ChainError),
    /// The node does not have what is asked for, and is none the worse for it; another may.
    Elsewhere(ChainError),
    /// It may not, or there is no use.
    Final(ChainError),
}

impl Connection {
    /// Prepares a connection; the first request opens it.
    pub(crate) fn new(endpoints: Endpoints, options: &ConnectOptions) -> Self {
        // A process has one cryptography provider for TLS; whoever came first chose it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            nodes: endpoints
                .into_iter()
                .map(|endpoint| Node::new(endpoint, options))
                .collect(),
            active: AtomicUsize::new(0),
            deadline: options.deadline,
            opening: Opening {
                request_timeout: options.deadline,
                max_response_bytes: options.max_response_bytes,
                requests: AtomicU64::new(0),
            },
            genesis: SyncMutex::new(None),
        }
    }

    fn node(&self) -> &Node {
        // `active` is only ever set to the index of a node.
        &self.nodes[self.active.load(Ordering::Relaxed)]
    }

    /// The node that is asked.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.node().endpoint
    }

    /// How many requests were sent, subscriptions included.
    pub(crate) fn requests(&self) -> u64 {
        self.opening.requests.load(Ordering::Relaxed)
    }

    /// How each node has been doing.
    pub(crate) fn health(&self) -> Vec<EndpointHealth> {
        let now = Instant::now();
        let best = self.best_head();
        let active = self.active.load(Ordering::Relaxed);
        let health = self.nodes.iter().enumerate().map(|(place, node)| {
            let health = node.health.lock();
            EndpointHealth {
                endpoint: node.endpoint.clone(),
                state: if health.is_foreign {
                    EndpointState::OtherChain
                } else if place == active {
                    EndpointState::Active
                } else if health.rests(now) {
                    EndpointState::Resting
                } else {
                    EndpointState::Standby
                },
                last_error: health.last_error.clone(),
                latency: health.latency,
                head: health.head,
                lag: health.head.zip(best).map(|(head, best)| best.since(head)),
            }
        });
        health.collect()
    }

    fn best_head(&self) -> Option<Block> {
        let now = Instant::now();
        let told = self
            .nodes
            .iter()
            .filter_map(|node| node.health.lock().recent_head(now));
        told.max()
    }

    /// Notes the head that the node in use tells. One that is far behind what another told is left alone.
    pub(crate) fn saw_head(&self, head: Block) {
        let best = self.best_head();
        let node = self.node();
        node.health.lock().told_head(head);
        if let Some(best) = best.filter(|best| best.since(head) > ACCEPTED_LAG) {
            self.leave(
                node,
                &ChainError::Behind {
                    endpoint: node.endpoint.clone(),
                    head,
                    known: best,
                },
            );
        }
    }

    /// Notes a failure of a node, and chooses another one if there is one that is not known to be in trouble.
    fn leave(&self, node: &Node, error: &ChainError) {
        node.health.lock().failed(error);
        let active = self.active.load(Ordering::Relaxed);
        if !std::ptr::eq(&raw const self.nodes[active], node) {
            // Another call has left it already.
            return;
        }
        let now = Instant::now();
        let count = self.nodes.len();
        let next = (1..count)
            .map(|step| (active + step) % count)
            .find(|place| !self.nodes[*place].health.lock().rests(now))
            .or_else(|| self.soonest());
        if let Some(next) = next.filter(|next| *next != active) {
            tracing::warn!(from = %node.endpoint, to = %self.nodes[next].endpoint, %error, "changing the node");
            self.active.store(next, Ordering::Relaxed);
        }
    }

    /// Of nodes that are all in trouble the one whose rest ends first.
    fn soonest(&self) -> Option<usize> {
        let usable = self.nodes.iter().enumerate().filter_map(|(place, node)| {
            let health = node.health.lock();
            (!health.is_foreign).then_some((health.rests_until.max(health.closed_until), place))
        });
        usable.min().map(|(_, place)| place)
    }

    /// The error of an operation that did not come to its request in time.
    pub(crate) fn late(&self, operation: &'static str) -> ChainError {
        self.node().late(operation, self.deadline)
    }

    /// The chain's genesis; known after the first request.
    pub(crate) async fn genesis(&self) -> Result<BlockHash, ChainError> {
        let known = *self.genesis.lock();
        if let Some(hash) = known {
            return Ok(hash);
        }
        let _: Box<RawValue> = self
            .request("chain_getBlockHash", Params::none().with(&0), None)
            .await?;
        let known = *self.genesis.lock();
        known.ok_or_else(|| self.node().late("connect", self.deadline))
    }

    /// Asks something that changes nothing.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Params,
    ) -> Result<T, ChainError> {
        parse(method, &self.request(method, params, None).await?)
    }

    /// The same at a block, which is the request's last parameter.
    pub(crate) async fn read_at<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Params,
        at: BlockHash,
    ) -> Result<T, ChainError> {
        parse(method, &self.request(method, params.with(&at), Some(at)).await?)
    }

    /// Sends a request and returns its answer as text.
    ///
    /// On the heap and without a type parameter: everything that talks to the chain awaits this, and the buffers of
    /// an HTTP upgrade in each of those futures add up to more than a worker thread's stack.
    fn request(
        &self,
        method: &'static str,
        params: Params,
        at: Option<BlockHash>,
    ) -> BoxFuture<'_, Result<Box<RawValue>, ChainError>> {
        Box::pin(self.request_until_answered(method, params, at))
    }

    async fn request_until_answered(
        &self,
        method: &'static str,
        params: Params,
        at: Option<BlockHash>,
    ) -> Result<Box<RawValue>, ChainError> {
        let deadline = Instant::now() + self.deadline;
        // A single node gets a second try over a new socket, of several each gets one.
        let mut tries_left = self.nodes.len().max(2);
        // That one node is of another chain matters only when the others are as well.
        let mut passing = None;
        loop {
            tries_left -= 1;
            let node = self.node();
            let until = self.until(deadline, tries_left);
            let error = match self.request_once(node, until, method, &params, at).await {
                Ok(raw) => return Ok(raw),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Elsewhere(error)) => {
                    let found = self.ask_the_others(node, deadline, method, &params, at).await;
                    return found.ok_or(error);
                }
                Err(Failure::Again(error)) => error,
            };
            self.leave(node, &error);
            let is_alone = std::ptr::eq(node, self.node());
            let is_hopeless = match error {
                // The same node may be asked again over a new socket, or when its pause is over.
                ChainError::Disconnected { .. } | ChainError::RateLimited { .. } => false,
                _ => is_alone,
            };
            tracing::debug!(method, %error, "a try failed");
            let is_last = tries_left == 0 || is_hopeless || Instant::now() >= deadline;
            match error {
                ChainError::OtherChain { .. } if is_last => return Err(passing.unwrap_or(error)),
                error if is_last => return Err(error),
                ChainError::OtherChain { .. } => {}
                error => passing = Some(error),
            }
        }
    }

    /// What one of the other nodes answers where this one does not have it: it may lag behind the node that told of the
    /// block, or have thrown away what another keeps. The node in use stays in use.
    async fn ask_the_others(
        &self,
        asked: &Node,
        deadline: Instant,
        method: &'static str,
        params: &Params,
        at: Option<BlockHash>,
    ) -> Option<Box<RawValue>> {
        let now = Instant::now();
        let others: Vec<&Node> = self
            .nodes
            .iter()
            .filter(|node| !std::ptr::eq(*node, asked) && !node.health.lock().rests(now))
            .collect();
        for (node, left) in others.iter().zip((0..others.len()).rev()) {
            match self
                .request_once(node, self.until(deadline, left), method, params, at)
                .await
            {
                Ok(raw) => return Some(raw),
                Err(Failure::Elsewhere(_) | Failure::Final(_)) => {}
                Err(Failure::Again(error)) => {
                    tracing::debug!(method, endpoint = %node.endpoint, %error, "cannot tell either");
                    node.health.lock().failed(&error);
                }
            }
        }
        None
    }

    /// The deadline of one try: half of what is left while there are others to try.
    fn until(&self, deadline: Instant, tries_left: usize) -> Instant {
        if self.nodes.len() == 1 || tries_left == 0 {
            return deadline;
        }
        let now = Instant::now();
        now + deadline.saturating_duration_since(now) / 2
    }

    async fn request_once(
        &self,
        node: &Node,
        deadline: Instant,
        method: &'static str,
        params: &Params,
        at: Option<BlockHash>,
    ) -> Result<Box<RawValue>, Failure> {
        let socket = self.open(node, deadline, method).await.map_err(Failure::Again)?;
        let asked = Instant::now();
        self.opening.count();
        let request = socket.request::<Box<RawValue>, _>(method, params.clone());
        match timeout_at(deadline, request).await {
            Ok(Ok(raw)) => {
                node.health.lock().answered(asked.elapsed());
                match at {
                    Some(hash) if is_absent(method, &raw) => {
                        Err(Failure::Elsewhere(ChainError::UnknownBlock { hash }))
                    }
                    _ => Ok(raw),
                }
            }
            Ok(Err(error)) => Err(self.failure(node, &socket, method, at, error)),
            Err(_) => Err(self.failure(node, &socket, method, at, RpcError::RequestTimeout)),
        }
    }

    /// Subscribes. The subscription ends when its socket does. Nodes that cannot be reached are passed over; once the
    /// request has gone out it is not sent again.
    pub(crate) async fn subscribe<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Params,
        unsubscribe: &'static str,
        deadline: Instant,
    ) -> Result<Subscription<T>, ChainError> {
        let mut tries_left = self.nodes.len();
        let (node, socket) = loop {
            tries_left -= 1;
            let node = self.node();
            match self.open(node, self.until(deadline, tries_left), method).await {
                Ok(socket) => break (node, socket),
                Err(error) => {
                    self.leave(node, &error);
                    if tries_left == 0 || std::ptr::eq(node, self.node()) {
                        return Err(error);
                    }
                }
            }
        };
        self.opening.count();
        let error = match timeout_at(deadline, socket.subscribe(method, params, unsubscribe)).await {
            Ok(Ok(subscription)) => return Ok(subscription),
            Ok(Err(error)) => error,
            Err(_) => RpcError::RequestTimeout,
        };
        match self.failure(node, &socket, method, None, error) {
            Failure::Again(error) => {
                self.leave(node, &error);
                Err(error)
            }
            Failure::Elsewhere(error) | Failure::Final(error) => Err(error),
        }
    }

    /// A socket to the node, when it is its turn.
    async fn open(
        &self,
        node: &Node,
        deadline: Instant,
        operation: &'static str,
    ) -> Result<Arc<WsClient>, ChainError> {
        let late = || node.late(operation, self.deadline);
        node.wait_for_turn(deadline, late()).await?;
        node.socket(deadline, &self.genesis, &self.opening, late()).await
    }

    /// Takes the present socket out of use: a subscription on it has gone silent. Another node is asked from now on,
    /// if there is one.
    pub(crate) fn distrust(&self, error: &ChainError) {
        let node = self.node();
        node.hang_up();
        if self.nodes.len() > 1 {
            self.leave(node, error);
        }
    }

    /// What a failed request means, and what becomes of its socket.
    fn failure(
        &self,
        node: &Node,
        socket: &Arc<WsClient>,
        method: &'static str,
        at: Option<BlockHash>,
        error: RpcError,
    ) -> Failure {
        if let Some(retry_after) = limits::pause_of(&error) {
            return Failure::Again(ChainError::RateLimited {
                endpoint: node.endpoint.clone(),
                retry_after,
            });
        }
        match error {
            RpcError::RequestTimeout => {
                node.condemn(socket);
                Failure::Again(node.late(method, self.deadline))
            }
            RpcError::Call(error) => match refused(method, at, &error) {
                error @ (ChainError::UnknownBlock { .. } | ChainError::StateDiscarded { .. }) => {
                    Failure::Elsewhere(error)
                }
                error => Failure::Final(error),
            },
            RpcError::ParseError(error) => Failure::Final(unreadable(method, error)),
            error => {
                node.condemn(socket);
                Failure::Again(node.disconnected(method, error))
            }
        }
    }
}

/// Whether a node says that it has no such block. Everywhere else nothing is an answer.
fn is_absent(method: &str, raw: &RawValue) -> bool {
    matches!(method, "chain_getHeader" | "chain_getBlock") && raw.get() == "null"
}

fn refused(
    method: &'static str,
    at: Option<BlockHash>,
    error: &subxt::ext::jsonrpsee::types::ErrorObjectOwned,
) -> ChainError {
    let data = error.data().map(|raw| raw.get().trim_matches('"'));
    let text = data.map_or_else(
        || error.message().to_owned(),
        |data| format!("{}: {data}", error.message()),
    );
    match at {
        Some(hash) if text.contains("State already discarded for") => ChainError::StateDiscarded { hash },
        Some(hash) if text.contains("UnknownBlock") => ChainError::UnknownBlock { hash },
        _ => ChainError::Refused {
            method: Cow::Borrowed(method),
            code: error.code(),
            message: text.chars().take(600).collect(),
        },
    }
}

fn parse<T: DeserializeOwned>(method: &'static str, raw: &RawValue) -> Result<T, ChainError> {
    serde_json::from_str(raw.get()).map_err(|error| unreadable(method, error))
}

/// An answer that is not what the method answers.
fn unreadable(method: &'static str, error: serde_json::Error) -> ChainError {
    ShapeError::answer(method, error).into()
}
