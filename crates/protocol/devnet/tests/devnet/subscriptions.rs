//! What subscribers hear, and when.

use crate::{
    node::{Node, hexed, next, number, storage_key},
    transaction::{Signing, TAO, pair, transfer},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn heads_come_at_once_and_then_one_by_one() {
    let node = Node::manual().await;
    node.devnet.produce(5).await.unwrap();
    for (subscribe, unsubscribe) in [
        ("chain_subscribeNewHeads", "chain_unsubscribeNewHeads"),
        ("chain_subscribeNewHead", "chain_unsubscribeNewHead"),
        ("chain_subscribeAllHeads", "chain_unsubscribeAllHeads"),
        ("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads"),
    ] {
        let (first, _) = node.devnet.head();
        let mut heads = node.subscribe(subscribe, json!([]), unsubscribe).await;
        assert_eq!(
            number(&next(&mut heads).await),
            first,
            "{subscribe}: the head of now"
        );
        // Far more blocks than anybody keeps up with: none may be left out.
        node.devnet.produce(40).await.unwrap();
        for expected in first + 1..=first + 40 {
            let head = next(&mut heads).await;
            assert_eq!(number(&head), expected, "{subscribe}");
            let by_number = node.ask("chain_getBlockHash", json!([expected])).await;
            assert_eq!(node.ask("chain_getHeader", json!([by_number])).await, head);
        }
        heads.unsubscribe().await.unwrap();
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_brings_all_values_first_and_then_what_changed() {
    let node = Node::manual().await;
    node.devnet.produce(1).await.unwrap();
    let time = hexed(&storage_key("Timestamp", "Now"));
    let sudo = hexed(&storage_key("Sudo", "Key"));
    let mut values = node
        .subscribe(
            "state_subscribeStorage",
            json!([[sudo, time]]),
            "state_unsubscribeStorage",
        )
        .await;
    let first = next(&mut values).await;
    assert_eq!(first["block"], json!(node.devnet.head().1));
    assert_eq!(first["changes"].as_array().unwrap().len(), 2);
    assert_eq!(first["changes"][0][0], json!(sudo));
    let before = first["changes"][1][1].clone();

    let (_, hash) = node.devnet.produce(1).await.unwrap();
    let second = next(&mut values).await;
    assert_eq!(second["block"], json!(hash));
    let changes = second["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "the sudo key stayed: {second}");
    assert_eq!(changes[0][0], json!(time));
    assert_ne!(changes[0][1], before);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_version_comes_at_once() {
    let node = Node::manual().await;
    let mut versions = node
        .subscribe(
            "state_subscribeRuntimeVersion",
            json!([]),
            "state_unsubscribeRuntimeVersion",
        )
        .await;
    assert_eq!(
        next(&mut versions).await,
        node.ask("state_getRuntimeVersion", json!([])).await
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_can_be_asked_for_before_anybody_hears_of_it() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let mut heads = node.heads().await;
    next(&mut heads).await;
    for nonce in 0..20 {
        let transaction = signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO));
        let mut statuses = node.watch(&transaction).await;
        next(&mut statuses).await;
        node.devnet.produce(1).await.unwrap();
        let included = next(&mut statuses).await["inBlock"].clone();
        let events = hexed(&storage_key("System", "Events"));
        assert!(
            node.ask("state_getStorage", json!([events, included]))
                .await
                .is_string()
        );
        let head = next(&mut heads).await;
        assert_eq!(node.ask("chain_getHeader", json!([included])).await, head);
    }
    node.stop().await;
}
