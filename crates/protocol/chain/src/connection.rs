//! One WebSocket to the node: every call has a deadline, a broken socket is replaced at the next call, and requests
//! keep to a budget.
//!
//! A read that the socket broke under is sent once more over a new one, within the same deadline. A submission is
//! not: what became of it is found out in another way (see the submission module). A call that runs into its
//! deadline condemns the socket, because a half-dead one answers nothing for ever; calls already under way on it may
//! still finish.
//!
//! Caveat: the deadline covers the wait for the budget, for the connection and for the answer together.

use crate::{
    BlockHash, Budget, ChainError, ConnectOptions, Endpoint, Reach, error::TransportError, shape::ShapeError,
};
use futures::future::BoxFuture;
use parking_lot::Mutex as SyncMutex;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use subxt::ext::jsonrpsee::{
    core::{
        client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
        traits::ToRpcParams,
    },
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

/// Parameters of a request, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<Box<RawValue>>);

impl Params {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// One more parameter.
    pub(crate) fn with(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        // Every parameter is text, a number, or a list of these: serialising them cannot fail.
        if let Ok(raw) = serde_json::value::to_raw_value(value) {
            self.0.push(raw);
        }
        self
    }
}

impl ToRpcParams for Params {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        if self.0.is_empty() {
            Ok(None)
        } else {
            serde_json::value::to_raw_value(&self.0).map(Some)
        }
    }
}

/// The `0x…` of some bytes.
pub(crate) fn hex_bytes(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

pub(crate) struct Connection {
    endpoint: Endpoint,
    deadline: Duration,
    max_response_bytes: u32,
    socket: Mutex<Option<Arc<WsClient>>>,
    bucket: Option<SyncMutex<Bucket>>,
    genesis: SyncMutex<Option<BlockHash>>,
    requests: AtomicU64,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Prepares a connection; the first request opens it.
    pub(crate) fn new(endpoint: Endpoint, options: &ConnectOptions) -> Self {
        // A process has one cryptography provider for TLS; whoever came first chose it.
        let _ = rustls::crypto::ring::default_provider().install_default();
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
            deadline: options.deadline,
            max_response_bytes: options.max_response_bytes,
            socket: Mutex::new(None),
            bucket,
            genesis: SyncMutex::new(None),
            requests: AtomicU64::new(0),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How many requests were sent, subscriptions included.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The chain's genesis; known after the first request.
    pub(crate) async fn genesis(&self) -> Result<BlockHash, ChainError> {
        let known = *self.genesis.lock();
        match known {
            Some(hash) => Ok(hash),
            None => {
                let deadline = Instant::now() + self.deadline;
                self.socket(deadline, "connect").await?;
                let known = *self.genesis.lock();
                known.ok_or_else(|| self.late("connect"))
            }
        }
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
        Box::pin(self.request_again_once(method, params, at))
    }

    async fn request_again_once(
        &self,
        method: &'static str,
        params: Params,
        at: Option<BlockHash>,
    ) -> Result<Box<RawValue>, ChainError> {
        let deadline = Instant::now() + self.deadline;
        let mut attempts_left = 2;
        loop {
            attempts_left -= 1;
            self.wait_for_budget(deadline, method).await?;
            let socket = self.socket(deadline, method).await?;
            self.requests.fetch_add(1, Ordering::Relaxed);
            let answer = timeout_at(
                deadline,
                socket.request::<Box<RawValue>, _>(method, params.clone()),
            )
            .await;
            match answer {
                Ok(Ok(raw)) => return Ok(raw),
                Ok(Err(error)) if is_disconnect(&error) => {
                    self.condemn(&socket).await;
                    if attempts_left == 0 {
                        return Err(self.disconnected(method, error));
                    }
                    tracing::debug!(endpoint = %self.endpoint, method, %error, "connection lost, asking once more");
                }
                Ok(Err(RpcError::RequestTimeout)) | Err(_) => {
                    self.condemn(&socket).await;
                    return Err(self.late(method));
                }
                Ok(Err(error)) => return Err(self.refused(method, at, error)),
            }
        }
    }

    /// Subscribes. The subscription ends when its socket does.
    pub(crate) async fn subscribe<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Params,
        unsubscribe: &'static str,
    ) -> Result<Subscription<T>, ChainError> {
        let deadline = Instant::now() + self.deadline;
        self.wait_for_budget(deadline, method).await?;
        let socket = self.socket(deadline, method).await?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        match timeout_at(deadline, socket.subscribe(method, params, unsubscribe)).await {
            Ok(Ok(subscription)) => Ok(subscription),
            Ok(Err(error)) if is_disconnect(&error) => {
                self.condemn(&socket).await;
                Err(self.disconnected(method, error))
            }
            Ok(Err(RpcError::RequestTimeout)) | Err(_) => {
                self.condemn(&socket).await;
                Err(self.late(method))
            }
            Ok(Err(error)) => Err(self.refused(method, None, error)),
        }
    }

    /// The open socket, or a new one.
    async fn socket(&self, deadline: Instant, operation: &'static str) -> Result<Arc<WsClient>, ChainError> {
        let opened = async {
            let mut slot = self.socket.lock().await;
            if let Some(socket) = slot.as_ref().filter(|socket| socket.is_connected()) {
                return Ok(Arc::clone(socket));
            }
            *slot = None;
            let socket = Arc::new(self.open(deadline).await?);
            *slot = Some(Arc::clone(&socket));
            Ok(socket)
        };
        timeout_at(deadline, opened)
            .await
            .unwrap_or_else(|_| Err(self.late(operation)))
    }

    async fn open(&self, deadline: Instant) -> Result<WsClient, ChainError> {
        let unreachable = |error: RpcError| ChainError::Unreachable {
            endpoint: self.endpoint.clone(),
            source: TransportError::new(error),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let socket = WsClientBuilder::default()
            .connection_timeout(left)
            // Each call brings a deadline of its own; this one only bounds what was abandoned.
            .request_timeout(self.deadline)
            .max_response_size(self.max_response_bytes)
            .max_buffer_capacity_per_subscription(SUBSCRIPTION_BUFFER)
            .enable_ws_ping(
                PingConfig::new()
                    .ping_interval(PING_INTERVAL)
                    .inactive_limit(INACTIVE_LIMIT)
                    .max_failures(1),
            )
            .build(self.endpoint.address())
            .await
            .map_err(unreachable)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let found: BlockHash = socket
            .request("chain_getBlockHash", Params::none().with(&0))
            .await
            .map_err(unreachable)?;
        let expected = *self.genesis.lock().get_or_insert(found);
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

    /// Takes a socket out of use, unless another took its place already.
    async fn condemn(&self, socket: &Arc<WsClient>) {
        let mut slot = self.socket.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, socket)) {
            *slot = None;
        }
    }

    /// Takes the present socket out of use: a subscription on it has gone silent.
    pub(crate) async fn distrust(&self) {
        *self.socket.lock().await = None;
    }

    async fn wait_for_budget(&self, deadline: Instant, operation: &'static str) -> Result<(), ChainError> {
        let Some(bucket) = &self.bucket else {
            return Ok(());
        };
        let now = Instant::now();
        let patience = deadline.saturating_duration_since(now);
        let wait = bucket
            .lock()
            .take(now, patience)
            .ok_or_else(|| self.late(operation))?;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn late(&self, operation: &'static str) -> ChainError {
        ChainError::Deadline {
            endpoint: self.endpoint.clone(),
            operation: Cow::Borrowed(operation),
            after: self.deadline,
        }
    }

    fn disconnected(&self, operation: &'static str, error: RpcError) -> ChainError {
        ChainError::Disconnected {
            endpoint: self.endpoint.clone(),
            operation: Cow::Borrowed(operation),
            source: TransportError::new(error),
        }
    }

    fn refused(&self, method: &'static str, at: Option<BlockHash>, error: RpcError) -> ChainError {
        let error = match error {
            RpcError::Call(error) => error,
            RpcError::ParseError(error) => return unreadable(method, error),
            other => return self.disconnected(method, other),
        };
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
}

fn is_disconnect(error: &RpcError) -> bool {
    matches!(
        error,
        RpcError::RestartNeeded(_) | RpcError::Transport(_) | RpcError::ServiceDisconnect
    )
}

fn parse<T: DeserializeOwned>(method: &'static str, raw: &RawValue) -> Result<T, ChainError> {
    serde_json::from_str(raw.get()).map_err(|error| unreadable(method, error))
}

/// An answer that is not what the method answers.
fn unreadable(method: &'static str, error: serde_json::Error) -> ChainError {
    ShapeError::answer(method, error).into()
}

/// A bucket of tokens, one for each request.
#[derive(Debug)]
struct Bucket {
    burst: f64,
    per_second: f64,
    tokens: f64,
    last: Option<Instant>,
}

impl Bucket {
    fn new(burst: u32, per_second: f64) -> Self {
        let burst = f64::from(burst.max(1));
        Self {
            burst,
            per_second: per_second.max(1e-3),
            tokens: burst,
            last: None,
        }
    }

    /// Takes a token, on credit if need be, and says how long to wait until it is earned. Nothing, and no token is
    /// taken, when that is longer than `patience`.
    fn take(&mut self, now: Instant, patience: Duration) -> Option<Duration> {
        if let Some(last) = self.last {
            let earned = now.saturating_duration_since(last).as_secs_f64() * self.per_second;
            self.tokens = (self.tokens + earned).min(self.burst);
        }
        self.last = Some(now);
        let wait = Duration::from_secs_f64(((1.0 - self.tokens) / self.per_second).max(0.0));
        if wait > patience {
            return None;
        }
        self.tokens -= 1.0;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lets_a_burst_through_and_spaces_what_follows() {
        let start = Instant::now();
        let mut bucket = Bucket::new(2, 4.0);
        let patience = Duration::from_millis(400);
        let ms = |number| Some(Duration::from_millis(number));
        assert_eq!(bucket.take(start, patience), ms(0));
        assert_eq!(bucket.take(start, patience), ms(0));
        assert_eq!(bucket.take(start, patience), ms(250));
        // Whoever does not wait that long takes nothing from the others.
        assert_eq!(bucket.take(start, patience), None);
        assert_eq!(bucket.take(start, Duration::from_secs(9)), ms(500));
        // After a rest the burst is there again, and no more than that.
        let later = start + Duration::from_secs(60);
        assert_eq!(bucket.take(later, patience), ms(0));
        assert_eq!(bucket.take(later, patience), ms(0));
        assert_eq!(bucket.take(later, patience), ms(250));
    }
}
