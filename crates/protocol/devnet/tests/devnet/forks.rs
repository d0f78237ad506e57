//! Finality that lags behind, and branches that take each other's place.

use crate::{
    node::{Node, hexed, manual, next, number, storage_key},
    transaction::{Signing, TAO, address, pair, public, transfer},
};
use assay_devnet::{DevnetConfig, Retracted, Storage};
use serde_json::{Value, json};

async fn lagging(blocks: u32) -> Node {
    Node::start(DevnetConfig {
        finality_lag: blocks,
        ..manual()
    })
    .await
}

async fn hash_at(node: &Node, number: u32) -> Value {
    node.ask("chain_getBlockHash", json!([number])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_final_head_lags_behind_the_best_one() {
    let node = lagging(3).await;
    let mut finals = node
        .subscribe(
            "chain_subscribeFinalizedHeads",
            json!([]),
            "chain_unsubscribeFinalizedHeads",
        )
        .await;
    let mut heads = node.heads().await;
    assert_eq!(number(&next(&mut finals).await), 0);
    assert_eq!(number(&next(&mut heads).await), 0);
    node.devnet.produce(5).await.unwrap();
    for expected in 1..=5 {
        assert_eq!(number(&next(&mut heads).await), expected);
    }
    for expected in 1..=2 {
        assert_eq!(number(&next(&mut finals).await), expected);
    }
    assert_eq!(
        node.ask("chain_getFinalizedHead", json!([])).await,
        hash_at(&node, 2).await
    );
    assert_eq!(node.devnet.finalized().0, 2);

    // Less lag makes what waited final at once; more takes nothing back.
    let told = node.ask("devnet_setFinalityLag", json!([1])).await;
    assert_eq!(told["number"], json!(4));
    for expected in 3..=4 {
        assert_eq!(number(&next(&mut finals).await), expected);
    }
    let told = node.ask("devnet_setFinalityLag", json!([4000])).await;
    assert_eq!(told["number"], json!(4));
    assert_eq!(
        node.refusal("devnet_setFinalityLag", json!([4097])).await.code(),
        -32000
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_exchanges_blocks_that_are_not_final_and_takes_their_transactions_back() {
    let node = lagging(4).await;
    node.devnet.produce(2).await.unwrap();
    let signing = Signing::of(&node).await;
    let transaction = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let mut statuses = node.watch(&transaction).await;
    assert_eq!(next(&mut statuses).await, json!("ready"));
    let (_, included) = node.devnet.produce(1).await.unwrap();
    assert_eq!(next(&mut statuses).await, json!({ "inBlock": included }));
    node.devnet.produce(1).await.unwrap();
    let old: Vec<Value> = vec![hash_at(&node, 3).await, hash_at(&node, 4).await];
    let mut heads = node.heads().await;
    let mut all = node
        .subscribe("chain_subscribeAllHeads", json!([]), "chain_unsubscribeAllHeads")
        .await;
    let nonce = hexed(
        &[
            storage_key("System", "Account"),
            sp_crypto_hashing::blake2_128(&public("Alice")).to_vec(),
            public("Alice").to_vec(),
        ]
        .concat(),
    );
    let mut values = node
        .subscribe(
            "state_subscribeStorage",
            json!([[nonce]]),
            "state_unsubscribeStorage",
        )
        .await;
    assert_eq!(number(&next(&mut heads).await), 4);
    assert_eq!(number(&next(&mut all).await), 4);
    let paid = next(&mut values).await["changes"][0][1].clone();
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(1)
    );

    let tip = node.ask("devnet_reorg", json!([2])).await;
    assert_eq!(tip["number"], json!(5), "the longer branch is the best");
    let new: Vec<Value> = vec![hash_at(&node, 3).await, hash_at(&node, 4).await];
    assert_ne!(old[0], new[0]);
    assert_ne!(old[1], new[1]);
    assert_eq!(hash_at(&node, 5).await, tip["hash"]);
    // Subscribers to the best heads hear of the new tip, which does not follow what they had; the blocks below it never
    // were the best. Those who want all heads hear of each.
    let head = next(&mut heads).await;
    assert_eq!(number(&head), 5);
    assert_eq!(head["parentHash"], new[1]);
    for expected in 3..=5 {
        assert_eq!(number(&next(&mut all).await), expected);
    }
    let back = next(&mut values).await;
    assert_eq!(back["block"], tip["hash"]);
    assert_ne!(back["changes"][0][1], paid, "the payment is undone");

    // The transaction is in the pool again, counts for the next nonce, and goes into the next block.
    assert_eq!(next(&mut statuses).await, json!({ "retracted": included }));
    assert_eq!(next(&mut statuses).await, json!("ready"));
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(1)
    );
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_000 * TAO);
    // The abandoned branch can still be asked about.
    assert_eq!(number(&node.ask("chain_getHeader", json!([old[1]])).await), 4);
    assert_eq!(
        node.balance(public("Bob"), old[1].as_str()).await,
        1_000_001 * TAO
    );
    let block = node.ask("chain_getBlock", json!([old[0]])).await;
    assert_eq!(block["block"]["extrinsics"][1], json!(hexed(&transaction)));

    let (_, again) = node.devnet.produce(1).await.unwrap();
    assert_eq!(next(&mut statuses).await, json!({ "inBlock": again }));
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_001 * TAO);
    // Four blocks later it is final, and the branch that lost is forgotten.
    node.devnet.produce(4).await.unwrap();
    assert_eq!(next(&mut statuses).await, json!({ "finalized": again }));
    assert!(node.ask("chain_getHeader", json!([old[1]])).await.is_null());
    assert_eq!(
        node.refusal("state_getStorage", json!([nonce, old[1]]))
            .await
            .message(),
        "Client error: UnknownBlock: Header was not found in the database"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_may_lose_transactions_and_never_reaches_below_finality() {
    let node = lagging(2).await;
    let signing = Signing::of(&node).await;
    let transaction = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let mut statuses = node.watch(&transaction).await;
    node.devnet.produce(1).await.unwrap();
    // A transaction that builds on it waits for it again.
    let later = signing.sign(&pair("Alice"), 1, &transfer("Bob", TAO));
    let mut waiting = node.watch(&later).await;
    assert_eq!(next(&mut waiting).await, json!("ready"));
    node.devnet.reorg(1, Retracted::Dropped).await.unwrap();
    let heard = [
        next(&mut statuses).await,
        next(&mut statuses).await,
        next(&mut statuses).await,
        next(&mut statuses).await,
    ];
    assert_eq!(heard[0], json!("ready"));
    assert!(heard[1]["inBlock"].is_string() && heard[2]["retracted"].is_string());
    assert_eq!(heard[3], json!("dropped"));
    assert_eq!(next(&mut waiting).await, json!("future"));
    assert_eq!(node.ask("author_pendingExtrinsics", json!([])).await, json!([]));

    node.devnet.produce(3).await.unwrap();
    let head = node.devnet.head();
    for depth in [0, 3, 100] {
        let refused = node.refusal("devnet_reorg", json!([depth])).await;
        assert_eq!(refused.code(), -32000);
        assert!(
            refused.message().contains("2 are not final"),
            "{}",
            refused.message()
        );
    }
    assert_eq!(node.devnet.head(), head);
    // The same blocks can be exchanged again and again, always for others.
    let mut seen = vec![hash_at(&node, head.0).await];
    for _ in 0..5 {
        node.devnet.reorg(1, Retracted::ToPool).await.unwrap();
        let (best, _) = node.devnet.head();
        let hash = hash_at(&node, best - 1).await;
        assert!(!seen.contains(&hash));
        seen.push(hash);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_finality_is_told() {
    let node = lagging(1_000).await;
    let signing = Signing::of(&node).await;
    let transaction = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let mut statuses = node.watch(&transaction).await;
    assert_eq!(next(&mut statuses).await, json!("ready"));
    let (_, block) = node.devnet.produce(1).await.unwrap();
    assert_eq!(next(&mut statuses).await, json!({ "inBlock": block }));
    node.devnet.produce(512).await.unwrap();
    assert_eq!(next(&mut statuses).await, json!({ "finalityTimeout": block }));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_hears_of_every_block_of_every_branch_and_which_were_left_behind() {
    let node = lagging(3).await;
    node.devnet.produce(4).await.unwrap();
    let mut events = node
        .subscribe("chainHead_v1_follow", json!([false]), "chainHead_v1_unfollow")
        .await;
    let first = hash_at(&node, 1).await;
    assert_eq!(
        next(&mut events).await,
        json!({ "event": "initialized", "finalizedBlockHashes": [first] })
    );
    let mut parent = first;
    let mut old = Vec::new();
    for number in 2..=4 {
        let hash = hash_at(&node, number).await;
        assert_eq!(
            next(&mut events).await,
            json!({ "event": "newBlock", "blockHash": hash, "parentBlockHash": parent, "newRuntime": null })
        );
        assert_eq!(
            next(&mut events).await,
            json!({ "event": "bestBlockChanged", "bestBlockHash": hash })
        );
        old.push(hash.clone());
        parent = hash;
    }

    node.devnet.reorg(2, Retracted::ToPool).await.unwrap();
    let mut new = vec![old[0].clone()];
    for number in 3..=5 {
        let hash = hash_at(&node, number).await;
        assert_eq!(
            next(&mut events).await,
            json!({ "event": "newBlock", "blockHash": hash, "parentBlockHash": new.last(), "newRuntime": null })
        );
        new.push(hash);
    }
    assert_eq!(
        next(&mut events).await,
        json!({ "event": "bestBlockChanged", "bestBlockHash": new[3] })
    );
    assert_eq!(
        next(&mut events).await,
        json!({ "event": "finalized", "finalizedBlockHashes": [old[0]], "prunedBlockHashes": [] })
    );
    // The next block makes the first of the new branch final, and with it the old branch is over.
    node.devnet.produce(1).await.unwrap();
    assert_eq!(next(&mut events).await["event"], json!("newBlock"));
    assert_eq!(next(&mut events).await["event"], json!("bestBlockChanged"));
    assert_eq!(
        next(&mut events).await,
        json!({
            "event": "finalized",
            "finalizedBlockHashes": [new[1]],
            "prunedBlockHashes": [old[1], old[2]],
        })
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_heads_and_both_branches_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config = || DevnetConfig {
        data: Storage::Folder(folder.path().to_owned()),
        finality_lag: 10,
        ..manual()
    };
    let node = Node::start(config()).await;
    // Enough that the database has taken over most of them.
    node.devnet.produce(400).await.unwrap();
    let abandoned = node.devnet.head();
    node.devnet.reorg(3, Retracted::ToPool).await.unwrap();
    let (head, finalized, root) = (
        node.devnet.head(),
        node.devnet.finalized(),
        node.devnet.state_root(),
    );
    assert_eq!((head.0, finalized.0), (401, 391));
    node.stop().await;

    let node = Node::start(config()).await;
    assert_eq!(
        (
            node.devnet.head(),
            node.devnet.finalized(),
            node.devnet.state_root()
        ),
        (head, finalized, root)
    );
    let hash = format!("{:?}", abandoned.1);
    assert_eq!(
        number(&node.ask("chain_getHeader", json!([hash])).await),
        abandoned.0
    );
    assert!(node.balance(public("Bob"), Some(&hash)).await > 0);
    assert_eq!(hash_at(&node, 401).await, json!(head.1));
    // It can be exchanged again, down to the last final block and not further.
    assert!(node.devnet.reorg(11, Retracted::ToPool).await.is_err());
    node.devnet.reorg(10, Retracted::ToPool).await.unwrap();
    assert_eq!(node.devnet.head().0, 402);
    node.stop().await;
    let node = Node::start(DevnetConfig {
        finality_lag: 0,
        ..config()
    })
    .await;
    assert_eq!(node.devnet.finalized(), node.devnet.head());
    assert_eq!(node.devnet.head().0, 402);
    node.stop().await;
}
