//! A node between the client and a devnet that passes everything on, except what a test wants otherwise: how far
//! finality is, what is said of a submitted transaction, what the metadata says, and whether it answers at all. New heads
//! are never told.
//!
//! What a devnet does itself (finality that lags, reorganisations, upgrades) is in the chaos tests; this is for lies that no
//! node tells.

#![allow(dead_code, reason = "each test binary uses its share; one uses all")]

use assay_devnet::Devnet;
use jsonrpsee::{
    RpcModule,
    core::{client::ClientT, client::Error as ClientError, server::SubscriptionMessage, traits::ToRpcParams},
    server::{Server, ServerHandle},
    types::ErrorObjectOwned,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex};
use tokio::sync::{broadcast, watch};

const PASSED_ON: [&str; 12] = [
    "chain_getBlock",
    "chain_getBlockHash",
    "chain_getFinalizedHead",
    "chain_getHeader",
    "state_call",
    "state_getKeysPaged",
    "state_getMetadata",
    "state_getRuntimeVersion",
    "state_queryStorageAt",
    "system_accountNextIndex",
    "author_submitExtrinsic",
    "devnet_beacon",
];

/// What is said instead of the truth.
#[derive(Default)]
pub(crate) struct Lies {
    /// The final block.
    pub(crate) finalized: Option<String>,
    /// In each answer, texts and what stands in their place; both as they appear in the JSON, as long as each other
    /// where they lie in SCALE bytes.
    pub(crate) replaced: Vec<(String, String)>,
    /// The newest header, as JSON.
    pub(crate) head: Option<String>,
    /// What everything is refused with: a code, and for how many seconds nobody should ask again.
    pub(crate) limit: Option<(i32, u64)>,
    /// What every transaction is refused with: a code and words.
    pub(crate) refused: Option<(i32, &'static str)>,
}

pub(crate) struct TamperingNode {
    pub(crate) url: String,
    pub(crate) lies: Arc<Mutex<Lies>>,
    /// What every transaction's watcher hears.
    pub(crate) status: broadcast::Sender<String>,
    /// How many requests were refused for a limit, and how many transactions were refused.
    pub(crate) refusals: watch::Receiver<u32>,
    _server: ServerHandle,
}

struct Inside {
    devnet: WsClient,
    lies: Arc<Mutex<Lies>>,
    status: broadcast::Sender<String>,
    refusals: watch::Sender<u32>,
}

struct Raw(Option<Box<RawValue>>);

impl ToRpcParams for Raw {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        Ok(self.0)
    }
}

impl Inside {
    async fn ask(&self, method: &str, params: Option<&str>) -> Result<Box<RawValue>, ErrorObjectOwned> {
        let params = Raw(params.map(|params| RawValue::from_string(params.to_owned()).unwrap()));
        match self.devnet.request::<Box<RawValue>, _>(method, params).await {
            Ok(answer) => Ok(answer),
            Err(ClientError::Call(error)) => Err(error),
            Err(error) => Err(ErrorObjectOwned::owned(-32000, error.to_string(), None::<()>)),
        }
    }

    /// What is told without asking the devnet.
    fn invented(
        &self,
        method: &str,
        params: Option<&str>,
    ) -> Option<Result<Box<RawValue>, ErrorObjectOwned>> {
        let lies = self.lies.lock().unwrap();
        if let Some((code, seconds)) = lies.limit {
            let data = serde_json::json!({ "retry_after": seconds });
            self.refusals.send_modify(|count| *count += 1);
            return Some(Err(ErrorObjectOwned::owned(
                code,
                "too many requests",
                Some(data),
            )));
        }
        let asks_for_head = method == "chain_getHeader" && params.is_none_or(|params| params == "[]");
        let head = lies.head.clone().filter(|_| asks_for_head)?;
        Some(Ok(RawValue::from_string(head).unwrap()))
    }

    /// Why a transaction is not taken.
    fn refusal(&self) -> Option<ErrorObjectOwned> {
        let (code, words) = self.lies.lock().unwrap().refused?;
        self.refusals.send_modify(|count| *count += 1);
        Some(ErrorObjectOwned::owned(code, words, None::<()>))
    }

    fn tamper(&self, method: &str, answer: &RawValue) -> Box<RawValue> {
        let lies = self.lies.lock().unwrap();
        let mut text = answer.get().to_owned();
        if let (Some(hash), "chain_getFinalizedHead") = (&lies.finalized, method) {
            text = format!("\"{hash}\"");
        }
        for (from, to) in &lies.replaced {
            text = text.replace(from, to);
        }
        RawValue::from_string(text).unwrap()
    }
}

impl TamperingNode {
    pub(crate) async fn before(devnet: &Devnet) -> Self {
        let client = WsClientBuilder::default().build(devnet.url()).await.unwrap();
        let (status, _) = broadcast::channel(64);
        let lies = Arc::new(Mutex::new(Lies::default()));
        let (refusals, refused) = watch::channel(0);
        let inside = Inside {
            devnet: client,
            lies: Arc::clone(&lies),
            status: status.clone(),
            refusals,
        };
        let mut module = RpcModule::new(inside);
        for method in PASSED_ON {
            let passing_on = module.register_async_method(method, move |params, inside, _| async move {
                if let Some(answer) = inside.invented(method, params.as_str()) {
                    return answer;
                }
                let answer = inside.ask(method, params.as_str()).await?;
                Ok::<_, ErrorObjectOwned>(inside.tamper(method, &answer))
            });
            passing_on.unwrap();
        }
        module
            .register_subscription(
                "author_submitAndWatchExtrinsic",
                "author_extrinsicUpdate",
                "author_unwatchExtrinsic",
                |params, pending, inside, _| async move {
                    // From before the submission on, so that nothing is missed.
                    let mut heard = inside.status.subscribe();
                    if let Some(refusal) = inside.refusal() {
                        pending.reject(refusal).await;
                        return Ok(());
                    }
                    if let Err(error) = inside.ask("author_submitExtrinsic", params.as_str()).await {
                        pending.reject(error).await;
                        return Ok(());
                    }
                    let sink = pending.accept().await?;
                    while let Ok(status) = heard.recv().await {
                        let status = RawValue::from_string(status).unwrap();
                        sink.send(SubscriptionMessage::from(status)).await?;
                    }
                    Ok(())
                },
            )
            .unwrap();
        module
            .register_subscription(
                "chain_subscribeNewHeads",
                "chain_newHead",
                "chain_unsubscribeNewHeads",
                |_, pending, _, _| async move {
                    // Nothing is ever told of it.
                    let sink = pending.accept().await?;
                    sink.closed().await;
                    Ok(())
                },
            )
            .unwrap();
        let server = Server::builder().build("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", server.local_addr().unwrap());
        Self {
            url,
            lies,
            status,
            refusals: refused,
            _server: server.start(module),
        }
    }

    pub(crate) fn lie(&self, change: impl FnOnce(&mut Lies)) {
        change(&mut self.lies.lock().unwrap());
    }
}

/// The hexadecimal digits of a name in SCALE bytes.
pub(crate) fn name_in_bytes(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}
