//! `subxt` with each of its ways to talk to a node, without any generated code.

use crate::{
    node::manual,
    transaction::{TAO, pair, public},
};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use sp_core::Pair;
use std::{sync::Arc, time::Duration};
use subxt::{
    OnlineClient, SubstrateConfig,
    backend::{ChainHeadBackend, LegacyBackend},
    dynamic::{self, Value},
    rpcs::RpcClient,
    transactions::Signer,
    utils::{AccountId32, MultiSignature},
};

pub(crate) struct Alice;

impl Signer<SubstrateConfig> for Alice {
    fn account_id(&self) -> AccountId32 {
        AccountId32(public("Alice"))
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(pair("Alice").sign(payload).0)
    }
}

async fn devnet() -> Devnet {
    Devnet::start(DevnetConfig {
        blocks: BlockProduction::Every(Duration::from_millis(100)),
        ..manual()
    })
    .await
    .unwrap()
}

/// Reads a balance, pays, waits for the end of it and reads again.
async fn pay(api: OnlineClient<SubstrateConfig>) {
    let bob = async || {
        let at = api.at_current_block().await.unwrap();
        let account = dynamic::storage::<([u8; 32],), Value>("System", "Account");
        let found = at.storage().fetch(account, (public("Bob"),)).await.unwrap();
        let text = found.decode().unwrap().to_string();
        let (_, free) = text.split_once("free: ").unwrap();
        free.split(',').next().unwrap().parse::<u64>().unwrap()
    };
    let before = bob().await;
    let to = Value::unnamed_variant("Id", [Value::from_bytes(public("Bob"))]);
    let transfer = dynamic::tx(
        "Balances",
        "transfer_keep_alive",
        vec![to, Value::u128(TAO.into())],
    );
    let at = api.at_current_block().await.unwrap();
    let events = at
        .transactions()
        .sign_and_submit_then_watch_default(&transfer, &Alice)
        .await
        .unwrap()
        .wait_for_finalized_success()
        .await
        .unwrap();
    assert!(events.iter().count() > 1);
    assert_eq!(bob().await, before + TAO);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_combined_backend_takes_the_newest_interface_it_finds() {
    let devnet = devnet().await;
    pay(OnlineClient::from_insecure_url(devnet.url()).await.unwrap()).await;
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_backend_works_alone() {
    let devnet = devnet().await;
    let client = RpcClient::from_insecure_url(devnet.url()).await.unwrap();
    let backend = LegacyBackend::builder().build(client);
    pay(OnlineClient::from_backend(Arc::new(backend)).await.unwrap()).await;
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_head_backend_works_alone() {
    let devnet = devnet().await;
    let client = RpcClient::from_insecure_url(devnet.url()).await.unwrap();
    let backend = ChainHeadBackend::builder().build_with_background_driver(client);
    pay(OnlineClient::from_backend(Arc::new(backend)).await.unwrap()).await;
    devnet.stop().await;
}
