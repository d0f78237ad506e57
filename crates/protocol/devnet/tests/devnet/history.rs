//! Reads of the past, and determinism.

use crate::{
    node::{Node, hexed, manual, storage_key},
    transaction::{Signing, TAO, pair, public, transfer},
};
use assay_devnet::{BlockProduction, DevnetConfig, Genesis, History, Storage};
use jsonrpsee::{
    core::client::{ClientT, Error},
    rpc_params,
};
use serde_json::json;
use std::{os::unix::fs::MetadataExt, time::Duration};

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
async fn old_states_are_thrown_away_with_the_words_that_clients_know_and_newer_ones_stay() {
    const KEPT: u32 = 100;
    let folder = tempfile::tempdir().unwrap();
    for data in [Storage::Memory, Storage::Folder(folder.path().to_owned())] {
        let config = || DevnetConfig {
            data: data.clone(),
            history: History::Blocks(KEPT),
            ..manual()
        };
        let node = Node::start(config()).await;
        let signing = Signing::of(&node).await;
        for nonce in 0..5 {
            node.submit(&signing.sign(&pair("Alice"), nonce, &transfer("Bob", TAO)))
                .await;
            node.devnet.produce(1).await.unwrap();
        }
        let early = node.ask("chain_getBlockHash", json!([3])).await;
        assert!(node.balance(public("Bob"), early.as_str()).await > 0);
        // Blocks go into the database by the hundred, and what is old goes on a thread of its own after that.
        let key = hexed(&storage_key("Timestamp", "Now"));
        let refused = loop {
            node.devnet.produce(64).await.unwrap();
            let answer = node
                .0
                .request::<serde_json::Value, _>("state_getStorage", rpc_params![&key, &early])
                .await;
            if let Err(Error::Call(refused)) = answer {
                break refused;
            }
            assert!(node.devnet.head().0 < 5_000, "nothing is ever thrown away");
        };
        assert_eq!(refused.code(), 4003);
        let hash = early.as_str().unwrap();
        assert_eq!(
            refused.message(),
            format!("Client error: UnknownBlock: State already discarded for {hash}")
        );
        for method in ["state_getRuntimeVersion", "state_getMetadata"] {
            assert_eq!(
                node.refusal(method, json!([early])).await.code(),
                4003,
                "{method}"
            );
        }
        // The block itself stays.
        let block = node.ask("chain_getBlock", json!([early])).await;
        assert_eq!(block["block"]["extrinsics"].as_array().unwrap().len(), 2);
        let (head, _) = node.devnet.head();
        let all_that_should_be_there = async |node: &Node| {
            for number in head - KEPT + 1..=head {
                let block = node.ask("chain_getBlockHash", json!([number])).await;
                assert_eq!(
                    node.balance(public("Bob"), block.as_str()).await,
                    1_000_005 * TAO,
                    "block {number}"
                );
            }
        };
        all_that_should_be_there(&node).await;
        node.stop().await;
        if data == Storage::Memory {
            continue;
        }
        let node = Node::start(config()).await;
        all_that_should_be_there(&node).await;
        assert_eq!(
            node.refusal("state_getStorage", json!([key, early])).await.code(),
            4003
        );
        // A snapshot knows what it lacks.
        let saved = node.devnet.snapshot(&folder.path().join("pruned")).await.unwrap();
        node.devnet.produce(1).await.unwrap();
        node.devnet.restore(&saved.path).await.unwrap();
        assert_eq!(
            node.refusal("state_getStorage", json!([key, early])).await.code(),
            4003
        );
        all_that_should_be_there(&node).await;
        node.stop().await;
    }
}

/// Bytes that a block adds on disk, the first thousand blocks not counted. The file's length says less: it has holes.
async fn growth(history: History) -> u64 {
    const BLOCKS: u32 = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let mut sizes = Vec::new();
    for blocks in [1_000, BLOCKS] {
        let node = Node::start(DevnetConfig {
            data: Storage::Folder(folder.path().to_owned()),
            history,
            ..manual()
        })
        .await;
        node.devnet.produce(blocks).await.unwrap();
        node.stop().await;
        // The file grows by doubling; what counts is what it holds.
        let mut database = redb::Database::open(folder.path().join("chain.redb")).unwrap();
        while database.compact().unwrap() {}
        drop(database);
        let files = fs_err::read_dir(folder.path()).unwrap();
        let size: u64 = files
            .map(|file| file.unwrap().metadata().unwrap().blocks() * 512)
            .sum();
        sizes.push(size);
    }
    sizes[1].saturating_sub(sizes[0]) / u64::from(BLOCKS)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_block_costs_little_on_disk() {
    let (pruned, archived) = (growth(History::Blocks(256)).await, growth(History::Archive).await);
    assert!(pruned < 2_000, "{pruned} bytes a block without old states");
    // Some six thousand, half of it the changes of the state.
    assert!(archived < 8_000, "{archived} bytes a block with every state");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_keeps_every_state() {
    let node = Node::start(DevnetConfig {
        history: History::Archive,
        ..manual()
    })
    .await;
    let genesis = format!("{:?}", node.devnet.genesis_hash());
    node.devnet.produce(1_000).await.unwrap();
    assert_eq!(node.balance(public("Bob"), Some(&genesis)).await, 1_000_000 * TAO);
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
