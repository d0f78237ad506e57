//! Subscriptions: heads, storage, the runtime's version, the fate of a transaction.
//!
//! A subscriber to heads gets every one in order, however slow it is: see [`super::heads`]. A block can be asked for by
//! hash before anybody hears of it.

use super::{
    Arguments, Methods, Node, RpcError,
    heads::{Heads, Which},
    node::in_hex,
    state::value,
};
use crate::{
    StoreError,
    pool::{Status, Watcher},
};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink, server::SubscriptionMessage};
use node_subtensor_runtime::Header;
use serde::Serialize;
use serde_json::{Value, json, value::to_raw_value};
use std::{ops::ControlFlow, sync::Arc};
use tokio::sync::mpsc;

/// Subscribing, the notification it brings, unsubscribing; then other spellings of the first and the last.
pub(super) struct Names {
    pub(super) subscribe: &'static str,
    pub(super) notification: &'static str,
    pub(super) unsubscribe: &'static str,
    pub(super) aliases: &'static [(&'static str, &'static str)],
}

const NEW_HEADS: Names = Names {
    subscribe: "chain_subscribeNewHeads",
    notification: "chain_newHead",
    unsubscribe: "chain_unsubscribeNewHeads",
    aliases: &[
        ("chain_subscribeNewHead", "chain_unsubscribeNewHead"),
        ("subscribe_newHead", "unsubscribe_newHead"),
    ],
};

const ALL_HEADS: Names = Names {
    subscribe: "chain_subscribeAllHeads",
    notification: "chain_allHead",
    unsubscribe: "chain_unsubscribeAllHeads",
    aliases: &[("chain_subscribeAllHead", "chain_unsubscribeAllHead")],
};

const FINALIZED_HEADS: Names = Names {
    subscribe: "chain_subscribeFinalizedHeads",
    notification: "chain_finalizedHead",
    unsubscribe: "chain_unsubscribeFinalizedHeads",
    aliases: &[
        ("chain_subscribeFinalizedHead", "chain_unsubscribeFinalizedHead"),
        ("chain_subscribeFinalisedHeads", "chain_unsubscribeFinalisedHeads"),
    ],
};

const STORAGE: Names = Names {
    subscribe: "state_subscribeStorage",
    notification: "state_storage",
    unsubscribe: "state_unsubscribeStorage",
    aliases: &[],
};

const RUNTIME_VERSION: Names = Names {
    subscribe: "state_subscribeRuntimeVersion",
    notification: "state_runtimeVersion",
    unsubscribe: "state_unsubscribeRuntimeVersion",
    aliases: &[("chain_subscribeRuntimeVersion", "chain_unsubscribeRuntimeVersion")],
};

const EXTRINSIC: Names = Names {
    subscribe: "author_submitAndWatchExtrinsic",
    notification: "author_extrinsicUpdate",
    unsubscribe: "author_unwatchExtrinsic",
    aliases: &[],
};

const TRANSACTION_WATCH: Names = Names {
    subscribe: "transactionWatch_v1_submitAndWatch",
    notification: "transactionWatch_v1_watchEvent",
    unsubscribe: "transactionWatch_v1_unwatch",
    aliases: &[],
};

pub(super) fn register(methods: &mut Methods) {
    methods.subscription(NEW_HEADS, &[], |_, pending, node| {
        heads(pending, node, Which::Best)
    });
    methods.subscription(ALL_HEADS, &[], |_, pending, node| {
        heads(pending, node, Which::All)
    });
    methods.subscription(FINALIZED_HEADS, &[], |_, pending, node| {
        heads(pending, node, Which::Finalized)
    });
    methods.subscription(STORAGE, &["keys"], storage);
    methods.subscription(RUNTIME_VERSION, &[], runtime_version);
    methods.subscription(EXTRINSIC, &["extrinsic"], extrinsic);
    methods.subscription(TRANSACTION_WATCH, &["transaction"], transaction_watch);
}

impl Methods {
    pub(super) fn subscription<F, Fut>(&mut self, names: Names, parameters: &'static [&'static str], serve: F)
    where
        F: Fn(Arguments, PendingSubscriptionSink, Arc<Node>) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0
            .register_subscription(
                names.subscribe,
                names.notification,
                names.unsubscribe,
                move |params, pending, node, _| async move {
                    match Arguments::parse(params.as_str(), parameters) {
                        Ok(arguments) => serve(arguments, pending, node).await,
                        Err(error) => pending.reject(error).await,
                    }
                },
            )
            .expect(super::DISTINCT);
        for (subscribe, unsubscribe) in names.aliases {
            self.alias(subscribe, names.subscribe);
            self.alias(unsubscribe, names.unsubscribe);
        }
    }
}

/// The current head at once, then every later one.
async fn heads(pending: PendingSubscriptionSink, node: Arc<Node>, which: Which) {
    let Ok(sink) = pending.accept().await else { return };
    let mut heads = Heads::new(&node, which);
    while let Some(header) = heads.next(&sink).await {
        if send(&sink, &header).await.is_break() {
            return;
        }
    }
}

/// The values of all keys at once, then of each block those that changed.
async fn storage(arguments: Arguments, pending: PendingSubscriptionSink, node: Arc<Node>) {
    let keys = match arguments.list_of_bytes(0) {
        Ok(keys) if keys.len() > node.limits.keys_per_subscription => {
            pending
                .reject(arguments.refuse(0, "a shorter list of keys"))
                .await;
            return;
        }
        Ok(keys) => Arc::new(keys),
        Err(error) => {
            pending.reject(error).await;
            return;
        }
    };
    let Ok(sink) = pending.accept().await else { return };
    let mut known: Option<Values> = None;
    let mut heads = Heads::new(&node, Which::Best);
    while let Some(header) = heads.next(&sink).await {
        let hash = header.hash();
        let values = match values_at(&node, header, keys.clone()).await {
            Ok(values) => values,
            // So slow that the state is gone: it goes on with the first that is there.
            Err(RpcError::Store(StoreError::Discarded { .. })) => continue,
            Err(_) => return,
        };
        let changes: Vec<(String, Option<String>)> = keys
            .iter()
            .zip(&values)
            .enumerate()
            .filter(|(place, (_, value))| known.as_ref().is_none_or(|known| known[*place] != **value))
            .map(|(_, (key, value))| (in_hex(key), value.as_ref().map(in_hex)))
            .collect();
        let tell = known.is_none() || !changes.is_empty();
        known = Some(values);
        if tell
            && send(&sink, &json!({ "block": hash, "changes": changes }))
                .await
                .is_break()
        {
            return;
        }
    }
}

type Values = Vec<Option<Vec<u8>>>;

async fn values_at(node: &Node, header: Header, keys: Arc<Vec<Vec<u8>>>) -> Result<Values, RpcError> {
    node.read(move |node| {
        let state = node.chain.state_of(&header)?;
        keys.iter().map(|key| value(&state, key)).collect()
    })
    .await
}

/// The version at once, and again whenever the best block has another runtime.
async fn runtime_version(_: Arguments, pending: PendingSubscriptionSink, node: Arc<Node>) {
    let Ok(sink) = pending.accept().await else { return };
    let mut heads = node.chain.heads();
    let mut told = None;
    loop {
        let (header, upgrades) = {
            let head = heads.borrow_and_update();
            (head.header.clone(), head.upgrades)
        };
        if told != Some(upgrades) {
            let version = node.read(move |node| node.version(&header)).await;
            let Ok(version) = version else { return };
            if send(&sink, &version.json).await.is_break() {
                return;
            }
            told = Some(upgrades);
        }
        tokio::select! {
            () = sink.closed() => return,
            changed = heads.changed() => if changed.is_err() { return },
        }
    }
}

/// Submits a transaction and reports its statuses up to the last.
async fn extrinsic(arguments: Arguments, pending: PendingSubscriptionSink, node: Arc<Node>) {
    let (watcher, mut statuses) = mpsc::unbounded_channel();
    if let Err(error) = submit(&arguments, &node, watcher).await {
        pending.reject(error).await;
        return;
    }
    let Ok(sink) = pending.accept().await else { return };
    report(&sink, &mut statuses, |status| Some(status.to_json())).await;
}

/// As [`extrinsic`], in the words of the newer interface: a refusal is an event too.
async fn transaction_watch(arguments: Arguments, pending: PendingSubscriptionSink, node: Arc<Node>) {
    let (watcher, mut statuses) = mpsc::unbounded_channel();
    let submitted = submit(&arguments, &node, watcher).await;
    let Ok(sink) = pending.accept().await else { return };
    if let Err(error) = submitted {
        // The subscriber hears why, or has left.
        let _ = send(&sink, &json!({ "event": "invalid", "error": error.to_string() })).await;
        return;
    }
    report(&sink, &mut statuses, Status::to_event).await;
}

/// Sends the statuses in the words of an interface, which may have none for some, up to the last.
async fn report(
    sink: &SubscriptionSink,
    statuses: &mut mpsc::UnboundedReceiver<Status>,
    words: impl Fn(&Status) -> Option<Value>,
) {
    loop {
        let status = tokio::select! {
            () = sink.closed() => return,
            status = statuses.recv() => status,
        };
        let Some(status) = status else { return };
        if let Some(words) = words(&status)
            && send(sink, &words).await.is_break()
        {
            return;
        }
        if status.is_last() {
            return;
        }
    }
}

async fn submit(arguments: &Arguments, node: &Node, watcher: Watcher) -> Result<(), RpcError> {
    let bytes = arguments.bytes(0)?;
    node.read(move |node| Ok(node.chain.submit(&bytes, Some(watcher))?))
        .await?;
    Ok(())
}

pub(super) async fn send(sink: &SubscriptionSink, result: &impl Serialize) -> ControlFlow<()> {
    let Ok(message) = to_raw_value(result) else {
        return ControlFlow::Break(());
    };
    match sink.send(SubscriptionMessage::from(message)).await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}
