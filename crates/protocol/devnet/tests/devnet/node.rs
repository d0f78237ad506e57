//! A devnet and a connection to it.

use assay_devnet::{BlockProduction, Clock, Devnet, DevnetConfig};
use jsonrpsee::{
    core::{
        client::{ClientT, Error, Subscription, SubscriptionClientT},
        params::ArrayParams,
    },
    types::ErrorObjectOwned,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::{Value, json};
use std::{ops::Deref, time::Duration};

/// Nothing here takes long; a test that waits this long has hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to a node.
pub(crate) struct Client(pub(crate) WsClient);

/// A devnet and a connection to it.
pub(crate) struct Node {
    pub(crate) devnet: Devnet,
    client: Client,
}

/// A chain in memory that makes blocks when told, with the same hashes every time.
pub(crate) fn manual() -> DevnetConfig {
    DevnetConfig {
        blocks: BlockProduction::Manual,
        clock: Clock::Steady {
            start_ms: 1_700_000_000_000,
        },
        ..DevnetConfig::default()
    }
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        let client = WsClientBuilder::new()
            .request_timeout(PATIENCE)
            .max_request_size(24 * 1024 * 1024)
            .max_response_size(64 * 1024 * 1024)
            .build(url)
            .await;
        Self(client.unwrap())
    }

    /// The answer to a request that has one.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = self.0.request(method, array(&params)).await;
        answer.unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// The error of a request that has none.
    pub(crate) async fn refusal(&self, method: &str, params: Value) -> ErrorObjectOwned {
        match self.0.request::<Value, _>(method, array(&params)).await {
            Err(Error::Call(error)) => error,
            other => panic!("{method} {params} should be refused: {other:?}"),
        }
    }

    pub(crate) async fn subscribe(
        &self,
        method: &'static str,
        params: Value,
        unsubscribe: &'static str,
    ) -> Subscription<Value> {
        let subscribed = self.0.subscribe(method, array(&params), unsubscribe).await;
        subscribed.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Submits a transaction and follows it.
    pub(crate) async fn watch(&self, transaction: &[u8]) -> Subscription<Value> {
        self.subscribe(
            "author_submitAndWatchExtrinsic",
            json!([hexed(transaction)]),
            "author_unwatchExtrinsic",
        )
        .await
    }

    /// Submits a transaction.
    pub(crate) async fn submit(&self, transaction: &[u8]) -> Value {
        self.ask("author_submitExtrinsic", json!([hexed(transaction)]))
            .await
    }

    pub(crate) async fn heads(&self) -> Subscription<Value> {
        self.subscribe("chain_subscribeNewHeads", json!([]), "chain_unsubscribeNewHeads")
            .await
    }

    /// The free balance of an account in the state of a block, or of the head.
    pub(crate) async fn balance(&self, public: [u8; 32], at: Option<&str>) -> u64 {
        let mut key = storage_key("System", "Account");
        key.extend(sp_crypto_hashing::blake2_128(&public));
        key.extend(public);
        let value = self.ask("state_getStorage", json!([hexed(&key), at])).await;
        let Some(text) = value.as_str() else { return 0 };
        let account = hex::decode(&text[2..]).unwrap();
        // Four counters of four bytes, then the free balance.
        u64::from_le_bytes(account[16..24].try_into().unwrap())
    }
}

impl Node {
    pub(crate) async fn start(config: DevnetConfig) -> Self {
        let devnet = Devnet::start(config).await.unwrap();
        let client = Client::connect(&devnet.url()).await;
        Self { devnet, client }
    }

    pub(crate) async fn manual() -> Self {
        Self::start(manual()).await
    }

    pub(crate) async fn stop(self) {
        drop(self.client);
        self.devnet.stop().await;
    }

    pub(crate) fn into_parts(self) -> (Devnet, Client) {
        (self.devnet, self.client)
    }
}

impl Deref for Node {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The next notification of a subscription.
pub(crate) async fn next(subscription: &mut Subscription<Value>) -> Value {
    tokio::time::timeout(PATIENCE, subscription.next())
        .await
        .expect("a notification within the time")
        .expect("the subscription goes on")
        .expect("the notification decodes")
}

/// The number in a header.
pub(crate) fn number(header: &Value) -> u32 {
    let text = header["number"].as_str().unwrap();
    u32::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}

pub(crate) fn storage_key(pallet: &str, item: &str) -> Vec<u8> {
    [
        sp_crypto_hashing::twox_128(pallet.as_bytes()),
        sp_crypto_hashing::twox_128(item.as_bytes()),
    ]
    .concat()
}

pub(crate) fn hexed(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn array(params: &Value) -> ArrayParams {
    let mut array = ArrayParams::new();
    for value in params.as_array().expect("params are written as an array") {
        array.insert(value).unwrap();
    }
    array
}
