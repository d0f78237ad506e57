//! Shielded transactions: the node opens a carrier and applies what it hides right after it.

use crate::{
    node::{Node, hexed, next, storage_key},
    transaction::{Signing, TAO, address, hash, pair, public, remark, transfer},
};
use codec::{Compact, Encode};
use node_subtensor_runtime::shield;
use serde_json::json;

/// What ordinary transactions may fill of a block, in bytes.
const ROOM: usize = 10 * 1024 * 1024 / 4 * 3;

/// Alice's transfer to Bob with this nonce, hidden in her carrier with the nonce before.
async fn hidden(node: &Node, signing: Signing, nonce: u32, inner: &[u8]) -> Vec<u8> {
    let key = node
        .ask(
            "state_getStorage",
            json!([hexed(&storage_key("MevShield", "NextKey"))]),
        )
        .await;
    let encoded = hex::decode(&key.as_str().unwrap()[2..]).unwrap();
    // A list of bytes: its length in two bytes, then the key.
    let ciphertext = shield::seal(&encoded[2..], inner, [3; 32]).unwrap();
    let mut call = vec![30, 1];
    Compact(u32::try_from(ciphertext.len()).unwrap()).encode_to(&mut call);
    call.extend(ciphertext);
    let (number, head) = node.devnet.head();
    signing.sign_mortal(&pair("Alice"), nonce, &call, 8, (u64::from(number), head.0))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_carrier_hides_is_applied_right_after_it() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let inner = signing.sign(&pair("Alice"), 1, &transfer("Bob", TAO));
    let carrier = hidden(&node, signing, 0, &inner).await;
    let later = signing.sign(&pair("Alice"), 2, &transfer("Bob", TAO));

    let mut after = node.watch(&later).await;
    assert_eq!(next(&mut after).await, json!("future"));
    let mut statuses = node.watch(&carrier).await;
    assert_eq!(next(&mut statuses).await, json!("ready"));
    node.devnet.produce(1).await.unwrap();
    assert!(next(&mut statuses).await["inBlock"].is_string());

    let block = node.ask("chain_getBlock", json!([])).await;
    let body = block["block"]["extrinsics"].as_array().unwrap();
    assert_eq!(body[1..], [json!(hexed(&carrier)), json!(hexed(&inner))]);
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_001 * TAO);
    // The hidden nonce counts for who waits for it, though the pool never held its transaction.
    assert_eq!(next(&mut after).await, json!("ready"));
    assert_eq!(
        node.ask("account_nextIndex", json!([address("Alice")])).await,
        json!(3)
    );
    node.devnet.produce(1).await.unwrap();
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_002 * TAO);
    // Sent in the open as well it is known to be outdated.
    let again = node
        .refusal("author_submitExtrinsic", json!([hexed(&inner)]))
        .await;
    assert_eq!(
        again.data().unwrap().get(),
        "\"Transaction is outdated\"",
        "{}",
        hash(&inner)
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_waits_for_a_block_with_room_for_both() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    let inner = signing.sign(&pair("Alice"), 1, &transfer("Bob", TAO));
    let carrier = hidden(&node, signing, 0, &inner).await;
    // Leaves room for the carrier and half of what it hides; the time takes some ten bytes.
    let rest = ROOM - 11 - carrier.len() - inner.len() / 2;
    let overhead = signing.sign(&pair("Dave"), 0, &remark(&vec![7; rest])).len() - rest;
    let filler = signing.sign(&pair("Dave"), 0, &remark(&vec![7; rest - overhead]));
    assert_eq!(filler.len(), rest);
    node.submit(&filler).await;
    node.submit(&carrier).await;

    let body = async || {
        node.devnet.produce(1).await.unwrap();
        let block = node.ask("chain_getBlock", json!([])).await;
        block["block"]["extrinsics"].as_array().unwrap()[1..].to_vec()
    };
    assert_eq!(body().await, [json!(hexed(&filler))]);
    assert_eq!(body().await, [json!(hexed(&carrier)), json!(hexed(&inner))]);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_hides_nothing_valid_goes_in_alone() {
    let node = Node::manual().await;
    let signing = Signing::of(&node).await;
    for (nonce, inner) in [
        (0, b"no extrinsic".to_vec()),
        (1, signing.sign(&pair("Alice"), 1, &transfer("Bob", TAO))),
    ] {
        let carrier = hidden(&node, signing, nonce, &inner).await;
        node.submit(&carrier).await;
        node.devnet.produce(1).await.unwrap();
        let block = node.ask("chain_getBlock", json!([])).await;
        let body = block["block"]["extrinsics"].as_array().unwrap();
        assert_eq!(body[1..], [json!(hexed(&carrier))]);
    }
    assert_eq!(node.balance(public("Bob"), None).await, 1_000_000 * TAO);
    node.stop().await;
}
