#![allow(dead_code, reason = "each test needs another part of it")]

//! A subnet on this machine: real axons that answer well, late, badly and not at all, and a gateway in front of them.

use assay_axon::{
    Dendrite, DendriteConfig, Target,
    server::{Asked, Axon, AxonConfig, Failure, Parts, Route},
};
use assay_gateway::{
    Clock, Exchange, ExchangeSink, Gateway, GatewayConfig, GatewayStats, SinkError, Uid,
    backend::{ChatSynapse, ChatWire, ListedMiner, Miners, Order},
};
use assay_keys::{Pair, Scheme};
use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a miner does, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends a text.
    Say(&'static str),
    /// Sends what it was asked, as JSON.
    Repeat,
    /// Sends bytes.
    Send(&'static [u8]),
    /// Waits for a gate to open.
    Wait(CancellationToken),
    /// Lets what was said before arrive by itself. Two texts of one moment would arrive as one, and one of the moment
    /// of a break not at all.
    Pause,
    /// Opens a gate.
    Open(CancellationToken),
    /// Breaks off.
    Break,
    /// Waits for ever, and tells when nobody listens any more.
    Hang(CancellationToken),
}

pub(crate) struct Miner {
    pub(crate) axon: Axon,
    pub(crate) listed: ListedMiner,
}

/// A miner that answers every question by the same steps. The order of asking is that of the uids.
pub(crate) async fn miner(uid: u16, steps: Vec<Step>) -> Miner {
    let pair = Pair::from_uri(&format!("//Miner{uid}"), Scheme::Sr25519).unwrap();
    let hotkey = pair.account();
    let axon = Axon::build(pair, AxonConfig::default())
        .route(Route::streaming(move |asked: Asked<ChatSynapse>| {
            let steps = steps.clone();
            async move { answer(asked, steps) }
        }))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let listed = listed(uid, hotkey, axon.addresses()[0]);
    Miner { axon, listed }
}

/// A miner whose port nobody listens at.
pub(crate) fn dead(uid: u16) -> ListedMiner {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let pair = Pair::from_uri(&format!("//Miner{uid}"), Scheme::Sr25519).unwrap();
    listed(uid, pair.account(), unused.local_addr().unwrap())
}

fn listed(uid: u16, hotkey: assay_keys::AccountId, address: SocketAddr) -> ListedMiner {
    ListedMiner {
        uid: Uid(uid),
        target: Target { hotkey, address },
        incentive: 1.0 / (1.0 + f64::from(uid)),
    }
}

fn answer(asked: Asked<ChatSynapse>, steps: Vec<Step>) -> Result<Parts, Failure> {
    let broken = || Failure {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "the model ended".to_owned(),
    };
    if let [Step::Break, ..] = steps.as_slice() {
        return Err(broken());
    }
    let heard = asked.synapse;
    let parts = futures::stream::iter(steps).filter_map(move |step| {
        let heard = heard.clone();
        async move {
            match step {
                Step::Say(text) => Some(Ok(Bytes::from(text))),
                Step::Send(bytes) => Some(Ok(Bytes::from(bytes))),
                Step::Repeat => Some(Ok(Bytes::from(serde_json::to_vec(&heard).unwrap()))),
                Step::Wait(gate) => {
                    gate.cancelled().await;
                    None
                }
                Step::Pause => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    None
                }
                Step::Open(gate) => {
                    gate.cancel();
                    None
                }
                Step::Break => Some(Err(broken())),
                Step::Hang(gone) => {
                    let _gone = gone.drop_guard();
                    std::future::pending().await
                }
            }
        }
    });
    Ok(parts.boxed())
}

/// Asks these miners, in the order of their uids.
pub(crate) fn asking(miners: &[&ListedMiner]) -> Miners {
    let pair = Pair::from_uri("//Gateway", Scheme::Sr25519).unwrap();
    let dendrite = Arc::new(Dendrite::new(pair, DendriteConfig::default()));
    let listed: Vec<ListedMiner> = miners.iter().map(|&&miner| miner).collect();
    let source = move || listed.clone();
    Miners::new(dendrite, source, ChatWire::default(), Order::TopIncentive, 1)
}

/// Takes every exchange and forgets it.
pub(crate) struct Forgetful;

impl ExchangeSink for Forgetful {
    fn take(&self, _: Exchange) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A time of day that the test moves.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<SystemTime>);

impl TestClock {
    /// Noon of some day, UTC.
    pub(crate) fn at_noon() -> Arc<Self> {
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400 + 43_200);
        Arc::new(Self(Mutex::new(noon)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

/// Passes every exchange on to the test; one that is held takes none before its gate opens.
struct ToTest {
    exchanges: mpsc::UnboundedSender<Exchange>,
    gate: CancellationToken,
}

impl ExchangeSink for ToTest {
    fn take(&self, exchange: Exchange) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            self.gate.cancelled().await;
            self.exchanges.send(exchange).map_err(|_| SinkError {
                reason: "the test is over".to_owned(),
            })
        })
    }
}

/// A gateway that serves.
pub(crate) struct Bench {
    pub(crate) address: SocketAddr,
    pub(crate) stats: Arc<GatewayStats>,
    pub(crate) exchanges: mpsc::UnboundedReceiver<Exchange>,
    /// Opens the sink, where it was to be held.
    pub(crate) sink: CancellationToken,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
    pub(crate) client: reqwest::Client,
}

impl Bench {
    /// In front of these miners, for every program on this machine.
    pub(crate) async fn open(miners: &[&ListedMiner], change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let mut config = GatewayConfig::without_keys("subnet");
        change(&mut config);
        let bench = Self::with(miners, config).await;
        bench.sink.cancel();
        bench
    }

    /// With a sink that takes nothing yet.
    pub(crate) async fn with(miners: &[&ListedMiner], mut config: GatewayConfig) -> Self {
        config.listen = "127.0.0.1:0".parse().unwrap();
        let backend = asking(miners);
        let (sender, exchanges) = mpsc::unbounded_channel();
        let sink = CancellationToken::new();
        let to_test = ToTest {
            exchanges: sender,
            gate: sink.clone(),
        };
        let gateway = Gateway::bind(config, Arc::new(backend), Arc::new(to_test))
            .await
            .unwrap();
        let (address, stats, stop) = (gateway.local_addr(), gateway.stats(), CancellationToken::new());
        let serving = tokio::spawn(gateway.serve(stop.clone().cancelled_owned()));
        // Another test may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self {
            address,
            stats,
            exchanges,
            sink,
            stop,
            serving,
            client,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A chat to be sent.
    pub(crate) fn chat(&self, more: Value) -> reqwest::RequestBuilder {
        let mut body = json!({"model": "subnet", "messages": [{"role": "user", "content": "hi"}]});
        let Value::Object(more) = more else { unreachable!() };
        body.as_object_mut().unwrap().extend(more);
        self.client.post(self.url("/v1/chat/completions")).json(&body)
    }

    /// The next exchange that the sink gets.
    pub(crate) async fn exchange(&mut self) -> Exchange {
        tokio::time::timeout(PATIENCE, self.exchanges.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// Stops, and waits for the end.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
    }
}

/// A status and a body.
pub(crate) async fn answered(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// The data of server-sent events.
pub(crate) fn events(text: &str) -> Vec<Value> {
    text.split_terminator("\n\n")
        .map(|event| event.strip_prefix("data: ").unwrap())
        .map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data)))
        .collect()
}

/// The text that chunks add up to.
pub(crate) fn said(events: &[Value]) -> String {
    events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect()
}
