//! A runtime that is upgraded while clients are connected.

use crate::{
    node::{Client, Node, hexed, manual, next, storage_key},
    transaction::{Signing, TAO, pair, public, transfer},
};
use assay_devnet::{DevnetConfig, Storage};
use serde_json::{Value, json};
use subxt::{
    OnlineClient, SubstrateConfig,
    dynamic::{self, Value as Dynamic},
};

async fn version_at(node: &Client, block: &Value) -> u64 {
    let version = node.ask("state_getRuntimeVersion", json!([block])).await;
    version["specVersion"].as_u64().unwrap()
}

async fn metadata(node: &Client, version: &str, block: &Value) -> Vec<u8> {
    let answer = node
        .ask(
            "state_call",
            json!(["Metadata_metadata_at_version", version, block]),
        )
        .await;
    hex::decode(&answer.as_str().unwrap()[2..]).unwrap()
}

fn has(bytes: &[u8], name: &str) -> bool {
    bytes.windows(name.len()).any(|window| window == name.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_block_of_the_upgrade_version_and_metadata_are_others_and_before_it_they_are_not() {
    let node = Node::manual().await;
    node.devnet.produce(1).await.unwrap();
    let mut versions = node
        .subscribe(
            "state_subscribeRuntimeVersion",
            json!([]),
            "state_unsubscribeRuntimeVersion",
        )
        .await;
    let old = next(&mut versions).await["specVersion"].as_u64().unwrap();
    let mut events = node
        .subscribe("chainHead_v1_follow", json!([true]), "chainHead_v1_unfollow")
        .await;
    let first = next(&mut events).await;
    assert_eq!(first["finalizedBlockRuntime"]["spec"]["specVersion"], json!(old));

    assert_eq!(
        node.ask("devnet_upgradeRuntime", json!([3])).await,
        json!({ "block": 3 })
    );
    assert_eq!(
        node.refusal("devnet_upgradeRuntime", json!([1])).await.code(),
        -32000
    );
    node.devnet.produce(4).await.unwrap();
    let mut blocks = Vec::new();
    for number in 0..=5 {
        blocks.push(node.ask("chain_getBlockHash", json!([number])).await);
    }
    // The block that carries the upgrade is made by the old runtime; its state has the new one.
    for (block, expected) in [(1, old), (2, old), (3, old + 1), (5, old + 1)] {
        assert_eq!(version_at(&node, &blocks[block]).await, expected, "block {block}");
        let core = node
            .ask("state_call", json!(["Core_version", "", blocks[block]]))
            .await;
        let number = hexed(&u32::try_from(expected).unwrap().to_le_bytes());
        assert!(core.as_str().unwrap().contains(&number[2..]));
        for version in ["0e000000", "0f000000", "10000000"] {
            let metadata = metadata(&node, version, &blocks[block]).await;
            assert_eq!(
                has(&metadata, "subtensor_runtime_common"),
                expected > old,
                "block {block}"
            );
            assert_eq!(has(&metadata, "RuntimeUpgrades"), expected > old);
        }
    }
    assert_eq!(next(&mut versions).await["specVersion"], json!(old + 1));
    let mut runtimes = Vec::new();
    for _ in 2..=5 {
        let event = next(&mut events).await;
        assert_eq!(event["event"], json!("newBlock"));
        runtimes.push(event["newRuntime"]["spec"]["specVersion"].clone());
        next(&mut events).await;
        next(&mut events).await;
    }
    assert_eq!(runtimes, [Value::Null, json!(old + 1), Value::Null, Value::Null]);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_to_come_survives_a_restart_and_not_a_restored_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let config = || DevnetConfig {
        data: Storage::Folder(folder.path().to_owned()),
        ..manual()
    };
    let node = Node::start(config()).await;
    let version = async |node: &Node| {
        let version = node.ask("state_getRuntimeVersion", json!([])).await;
        version["specVersion"].as_u64().unwrap()
    };
    let old = version(&node).await;
    node.ask("devnet_snapshot", json!(["before"])).await;
    node.ask("devnet_upgradeRuntime", json!([3])).await;
    node.stop().await;

    let node = Node::start(config()).await;
    node.devnet.produce(2).await.unwrap();
    assert_eq!(version(&node).await, old);
    node.devnet.produce(1).await.unwrap();
    assert_eq!(version(&node).await, old + 1);

    node.ask("devnet_restore", json!(["before"])).await;
    node.devnet.produce(4).await.unwrap();
    assert_eq!(version(&node).await, old, "the snapshot knows of no upgrade");
    node.stop().await;
    let node = Node::start(config()).await;
    assert_eq!(version(&node).await, old);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_for_the_old_runtime_is_refused_by_the_new_one() {
    let node = Node::manual().await;
    let old = Signing::of(&node).await;
    let [now, later] = [0, 1].map(|nonce| old.sign(&pair("Alice"), nonce, &transfer("Bob", TAO)));
    node.submit(&now).await;
    node.devnet.upgrade_runtime(None).unwrap();
    node.devnet.produce(1).await.unwrap();
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_001 * TAO);
    let refused = node
        .refusal("author_submitExtrinsic", json!([hexed(&later)]))
        .await;
    assert_eq!(refused.code(), 1010);
    assert_eq!(
        refused.data().unwrap().get(),
        "\"Transaction has a bad signature\""
    );
    let new = Signing::of(&node).await;
    node.submit(&new.sign(&pair("Alice"), 1, &transfer("Bob", TAO)))
        .await;
    node.devnet.produce(1).await.unwrap();
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_002 * TAO);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subxt_reads_and_pays_before_and_after_an_upgrade_on_one_connection() {
    let node = Node::start(DevnetConfig {
        blocks: assay_devnet::BlockProduction::OnDemand,
        ..manual()
    })
    .await;
    node.devnet.produce(1).await.unwrap();
    let api = OnlineClient::<SubstrateConfig>::from_insecure_url(node.devnet.url())
        .await
        .unwrap();
    let tempo = async || {
        let at = api.at_current_block().await.unwrap();
        let tempo = dynamic::storage::<(Dynamic,), Dynamic>("SubtensorModule", "Tempo");
        let found = at.storage().fetch(tempo, (Dynamic::u128(1),)).await.unwrap();
        found.decode().unwrap().to_string()
    };
    let pay = async || {
        let to = Dynamic::unnamed_variant("Id", [Dynamic::from_bytes(public("Bob"))]);
        let transfer = dynamic::tx(
            "Balances",
            "transfer_keep_alive",
            vec![to, Dynamic::u128(TAO.into())],
        );
        let at = api.at_current_block().await.unwrap();
        at.transactions()
            .sign_and_submit_then_watch_default(&transfer, &crate::subxt_backends::Alice)
            .await
            .unwrap()
            .wait_for_finalized_success()
            .await
            .unwrap();
    };
    let before = tempo().await;
    pay().await;
    node.devnet.upgrade_runtime(None).unwrap();
    let (number, _) = node.devnet.produce(2).await.unwrap();
    let mut reached = 0;
    while reached < number {
        reached = api.at_current_block().await.unwrap().block_number() as u32;
    }
    assert_eq!(tempo().await, before);
    pay().await;
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_002 * TAO);
    let upgrades = hexed(&[storage_key("System", "LastRuntimeUpgrade")].concat());
    assert!(node.ask("state_getStorage", json!([upgrades])).await.is_string());
    node.stop().await;
}
