//! Reads of the past, and determinism.

use crate::{
    node::{Node, hexed, manual, storage_key},
    transaction::{Signing, TAO, pair, public, transfer},
};
use assay_devnet::{BlockProduction, DevnetConfig, Genesis};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn every_block_keeps_its_state() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let mut blocks = vec![node.devnet.head().1];
    for nonce in 0..30 {
        let transaction = signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO));
        node.submit(&transaction).await;
        blocks.push(node.devnet.produce(1).await.unwrap().1);
    }
    node.devnet.produce(300).await.unwrap();
    for (transfers, block) in blocks.iter().enumerate() {
        let held = node.balance(public("Bob"), Some(&format!("{block:?}"))).await;
        assert_eq!(held, (1_000_000 + transfers as u64) * TAO);
    }
    // A runtime call works on the past too: the nonce that Alice had then.
    let nonce = node
        .ask(
            "state_call",
            json!([
                "AccountNonceApi_account_nonce",
                hex::encode(public("Alice")),
                blocks[7]
            ]),
        )
        .await;
    assert_eq!(nonce, json!("0x07000000"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_chains_have_equal_hashes_and_different_seeds_do_not() {
    let (first, second) = (Node::manual().await, Node::manual().await);
    let other = Node::start(DevnetConfig {
        genesis: Some(Genesis {
            seed: 1,
            ..Genesis::default()
        }),
        ..manual()
    })
    .await;
    for node in [&first, &second, &other] {
        let signing = Signing::of(node).await;
        let transaction = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
        // The signature has randomness in it, which the hash of a block would show; the state does not.
        node.submit(&transaction).await;
        node.devnet.produce(2).await.unwrap();
    }
    assert_eq!(first.devnet.genesis_hash(), second.devnet.genesis_hash());
    assert_ne!(first.devnet.genesis_hash(), other.devnet.genesis_hash());
    let bare = [Node::manual().await, Node::manual().await];
    for node in &bare {
        node.devnet.produce(5).await.unwrap();
    }
    assert_eq!(bare[0].devnet.head(), bare[1].devnet.head());
    for node in [first, second, other].into_iter().chain(bare) {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_with_different_block_times_differ_and_live_side_by_side() {
    let chain = async |milliseconds: u64| {
        let node = Node::start(DevnetConfig {
            blocks: BlockProduction::Every(Duration::from_millis(milliseconds)),
            ..DevnetConfig::default()
        })
        .await;
        let slot = u64::to_le_bytes(milliseconds);
        let constants = node.ask("state_getMetadata", json!([])).await;
        (node, hex::encode(slot), constants)
    };
    let (fast, fast_slot, fast_metadata) = chain(251).await;
    let (slow, slow_slot, slow_metadata) = chain(11_987).await;
    assert_ne!(fast.devnet.genesis_hash(), slow.devnet.genesis_hash());
    // The constant that clients compute every wait from: in one's metadata and not in the other's.
    let has = |metadata: &serde_json::Value, slot: &str| metadata.as_str().unwrap().contains(slot);
    assert!(has(&fast_metadata, &fast_slot) && !has(&fast_metadata, &slow_slot));
    assert!(has(&slow_metadata, &slow_slot) && !has(&slow_metadata, &fast_slot));
    fast.stop().await;
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_moves_by_a_slot_a_block_and_further_when_warped() {
    let node = Node::manual().await;
    let key = hexed(&storage_key("Timestamp", "Now"));
    let now = async || {
        let value = node.ask("state_getStorage", json!([key])).await;
        let bytes = hex::decode(&value.as_str().unwrap()[2..]).unwrap();
        u64::from_le_bytes(bytes.try_into().unwrap())
    };
    node.devnet.produce(1).await.unwrap();
    let first = now().await;
    assert_eq!(first, 1_700_000_000_000);
    node.devnet.produce(10).await.unwrap();
    assert_eq!(now().await, first + 120_000);
    node.ask("devnet_warp", json!([3600])).await;
    assert_eq!(now().await, first + 132_000 + 3_600_000);
    node.devnet.produce(1).await.unwrap();
    assert_eq!(now().await, first + 144_000 + 3_600_000);
    node.stop().await;
}
