//! The interface that follows the chain on one subscription.

use crate::{
    node::{Node, hexed, next, storage_key},
    transaction::{Signing, TAO, pair, transfer},
};
use jsonrpsee::core::client::{Subscription, SubscriptionKind};
use serde_json::{Value, json};

async fn follow(node: &Node) -> (String, Subscription<Value>) {
    let mut events = node
        .subscribe("chainHead_v1_follow", json!([true]), "chainHead_v1_unfollow")
        .await;
    let SubscriptionKind::Subscription(id) = events.kind() else {
        panic!("no id")
    };
    let id = serde_json::to_value(id).unwrap().as_str().unwrap().to_owned();
    let first = next(&mut events).await;
    assert_eq!(first["event"], json!("initialized"));
    assert_eq!(first["finalizedBlockHashes"], json!([node.devnet.head().1]));
    let spec = &first["finalizedBlockRuntime"]["spec"];
    assert!(
        spec["apis"]["0xdf6acb689907609b"].is_u64(),
        "Core is there: {spec}"
    );
    (id, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_new_then_best_then_final() {
    let node = Node::manual().await;
    let (_, mut events) = follow(&node).await;
    let mut parent = node.devnet.genesis_hash();
    for _ in 0..3 {
        let (_, hash) = node.devnet.produce(1).await.unwrap();
        assert_eq!(
            next(&mut events).await,
            json!({ "event": "newBlock", "blockHash": hash, "parentBlockHash": parent, "newRuntime": null })
        );
        assert_eq!(
            next(&mut events).await,
            json!({ "event": "bestBlockChanged", "bestBlockHash": hash })
        );
        assert_eq!(
            next(&mut events).await,
            json!({ "event": "finalized", "finalizedBlockHashes": [hash], "prunedBlockHashes": [] })
        );
        parent = hash;
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_answer_on_the_subscription() {
    let node = Node::manual().await;
    node.devnet.produce(1).await.unwrap();
    let (id, mut events) = follow(&node).await;
    let hash = json!(node.devnet.head().1);
    let header = node.ask("chainHead_v1_header", json!([id, hash])).await;
    let bytes = hex::decode(&header.as_str().unwrap()[2..]).unwrap();
    assert_eq!(json!(hexed(&sp_crypto_hashing::blake2_256(&bytes))), hash);

    let started = node.ask("chainHead_v1_body", json!([id, hash])).await;
    assert_eq!(started["result"], json!("started"));
    let done = next(&mut events).await;
    assert_eq!(done["event"], json!("operationBodyDone"));
    assert_eq!(done["operationId"], started["operationId"]);
    assert_eq!(done["value"].as_array().unwrap().len(), 1);

    node.ask(
        "chainHead_v1_call",
        json!([id, hash, "Metadata_metadata_versions", "0x"]),
    )
    .await;
    let done = next(&mut events).await;
    assert_eq!(done["event"], json!("operationCallDone"));
    assert_eq!(done["output"], json!("0x0c0e0000000f00000010000000"));
    node.ask("chainHead_v1_call", json!([id, hash, "Nope_nope", "0x"]))
        .await;
    let failed = next(&mut events).await;
    assert_eq!(failed["event"], json!("operationError"));
    assert!(failed["error"].as_str().unwrap().contains("Nope_nope"));

    let accounts = hexed(&storage_key("System", "Account"));
    let now = hexed(&storage_key("Timestamp", "Now"));
    let items = json!([
        { "key": now, "type": "value" },
        { "key": now, "type": "hash" },
        { "key": accounts, "type": "descendantsValues" },
        { "key": "0xdead", "type": "value" },
    ]);
    node.ask("chainHead_v1_storage", json!([id, hash, items, null]))
        .await;
    let found = next(&mut events).await;
    assert_eq!(found["event"], json!("operationStorageItems"));
    let found = found["items"].as_array().unwrap();
    assert_eq!(found[0]["key"], json!(now));
    assert!(found[0]["value"].is_string() && found[1]["hash"].is_string());
    assert!(found.len() >= 11 && found[2..].iter().all(|item| item["value"].is_string()));
    assert_eq!(next(&mut events).await["event"], json!("operationStorageDone"));

    let many: Vec<Value> = vec![json!({ "key": now, "type": "value" }); 1_001];
    node.ask("chainHead_v1_storage", json!([id, hash, many, null]))
        .await;
    let refused = next(&mut events).await;
    assert_eq!(refused["event"], json!("operationError"), "{refused}");

    let unknown = format!("0x{}", "12".repeat(32));
    assert_eq!(
        node.refusal("chainHead_v1_body", json!([id, unknown]))
            .await
            .code(),
        -32801
    );
    assert_eq!(
        node.ask("chainHead_v1_body", json!(["nobody", hash])).await,
        json!({ "result": "limitReached" })
    );
    assert_eq!(
        node.ask("chainHead_v1_unpin", json!([id, hash])).await,
        Value::Null
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_transaction_says_where_it_is_in_its_block() {
    let node = Node::manual().await;
    let transaction = Signing::of(&node)
        .await
        .sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let watch = async |bytes: &[u8]| {
        node.subscribe(
            "transactionWatch_v1_submitAndWatch",
            json!([hexed(bytes)]),
            "transactionWatch_v1_unwatch",
        )
        .await
    };
    let mut events = watch(&transaction).await;
    assert_eq!(next(&mut events).await, json!({ "event": "validated" }));
    let (_, hash) = node.devnet.produce(1).await.unwrap();
    let block = json!({ "hash": hash, "index": 1 });
    assert_eq!(
        next(&mut events).await,
        json!({ "event": "bestChainBlockIncluded", "block": block })
    );
    assert_eq!(
        next(&mut events).await,
        json!({ "event": "finalized", "block": block })
    );
    let mut again = watch(&transaction).await;
    assert_eq!(next(&mut again).await["event"], json!("invalid"));
    node.stop().await;
}
