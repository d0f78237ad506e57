//! When blocks are made.

use crate::node::{Node, hexed, manual, next, number, storage_key};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, DevnetError};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_timer_makes_blocks_and_can_be_set_and_stopped() {
    let node = Node::start(DevnetConfig {
        blocks: BlockProduction::Every(Duration::from_millis(50)),
        ..DevnetConfig::default()
    })
    .await;
    let mut heads = node.heads().await;
    let first = number(&next(&mut heads).await);
    for expected in first + 1..first + 5 {
        assert_eq!(number(&next(&mut heads).await), expected);
    }
    assert_eq!(
        node.ask("devnet_setBlockTime", json!(["manual"])).await,
        json!("manual")
    );
    // One that was being made may still come; then there is silence until told.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (stopped, _) = node.devnet.head();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(node.devnet.head().0, stopped);

    let made = node.ask("devnet_produce", json!([3])).await;
    assert_eq!(made["number"], json!(stopped + 3));
    assert_eq!(
        node.ask("devnet_produce", json!([])).await["number"],
        json!(stopped + 4)
    );
    assert_eq!(node.ask("devnet_setBlockTime", json!([60])).await, json!(60));
    while number(&next(&mut heads).await) < stopped + 6 {}
    assert_eq!(
        node.refusal("devnet_setBlockTime", json!([49])).await.code(),
        -32000
    );
    assert_eq!(
        node.refusal("devnet_produce", json!([100_001])).await.code(),
        -32602
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_time_out_of_range_is_refused() {
    for milliseconds in [0, 49, 12_001] {
        let interval = Duration::from_millis(milliseconds);
        let refused = Devnet::start(DevnetConfig {
            blocks: BlockProduction::Every(interval),
            ..DevnetConfig::default()
        })
        .await;
        assert!(matches!(refused, Err(DevnetError::BlockTime(found)) if found == interval));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let node = Node::manual().await;
    let address = node.devnet.url().replace("ws://", "").parse().unwrap();
    let refused = Devnet::start(DevnetConfig {
        listen: address,
        ..manual()
    })
    .await;
    assert!(matches!(refused, Err(DevnetError::Listen { address: named, .. }) if named == address));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_of_a_subnet_that_does_not_exist_is_refused() {
    let node = Node::manual().await;
    let refused = node.devnet.run_to_epoch(77).await;
    assert!(matches!(refused, Err(DevnetError::NoSubnet { netuid: 77 })));
    assert_eq!(
        node.refusal("devnet_runToEpoch", json!([77])).await.code(),
        -32000
    );
    assert_eq!(node.devnet.head().0, 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn running_to_an_epoch_stops_in_the_block_that_has_it() {
    let node = Node::manual().await;
    let index = hexed(&[storage_key("SubtensorModule", "SubnetEpochIndex"), vec![1, 0]].concat());
    let epochs = async || match node.ask("state_getStorage", json!([index])).await.as_str() {
        None => 0,
        Some(text) => u64::from_le_bytes(hex::decode(&text[2..]).unwrap().try_into().unwrap()),
    };
    let before = epochs().await;
    let (first, _) = node.devnet.run_to_epoch(1).await.unwrap();
    assert_eq!(epochs().await, before + 1);
    // Subnet 1 of a localnet has a tempo of 100.
    assert!((1..=101).contains(&first), "{first}");
    let second = node.ask("devnet_runToEpoch", json!([1])).await;
    assert_eq!(second["number"], json!(first + 100));
    assert_eq!(epochs().await, before + 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_devnet_answers_nobody() {
    let node = Node::manual().await;
    let url = node.devnet.url();
    let (devnet, client) = node.into_parts();
    devnet.stop().await;
    tokio::time::timeout(Duration::from_secs(30), client.0.on_disconnect())
        .await
        .expect("the connection ends with the devnet");
    let address = url.replace("ws://", "");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_chain_stands_still_until_it_is_resumed_at_its_old_pace() {
    let node = Node::start(DevnetConfig {
        blocks: BlockProduction::Every(Duration::from_millis(50)),
        ..DevnetConfig::default()
    })
    .await;
    assert_eq!(node.refusal("devnet_resume", json!([])).await.code(), -32000);
    assert_eq!(node.ask("devnet_freeze", json!([])).await["blocks"], json!(50));
    // Twice is as good as once.
    assert_eq!(node.ask("devnet_freeze", json!([])).await["blocks"], json!(50));
    assert_eq!(node.ask("devnet_info", json!([])).await["frozen"], json!(true));
    // What was being made when it was told may still come; after a block on request nothing follows by itself.
    let (height, _) = node.devnet.produce(1).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let standing = node.devnet.head().0;
    assert!(standing <= height + 1, "{standing} after {height}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(node.devnet.head().0, standing);

    let mut heads = node.heads().await;
    assert_eq!(node.ask("devnet_resume", json!([])).await["blocks"], json!(50));
    while number(&next(&mut heads).await) < standing + 3 {}
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faucets_money_is_in_a_block_in_the_issuance_and_in_an_event() {
    let node = Node::start(manual()).await;
    let issued = async |pallet: &str| {
        let key = hexed(&storage_key(pallet, "TotalIssuance"));
        let value = node.ask("state_getStorage", json!([key])).await;
        let bytes = hex::decode(value.as_str().unwrap().trim_start_matches("0x")).unwrap();
        u64::from_le_bytes(bytes.try_into().unwrap())
    };
    let before = (issued("Balances").await, issued("SubtensorModule").await);
    let newcomer = unused(9);
    let given = node
        .ask("devnet_faucet", json!([newcomer, 7_000_000_000u64]))
        .await;
    // However an account is written.
    let newcomer = given["account"].clone();
    assert_eq!(given["balance"], json!(7_000_000_000u64));
    assert_eq!(given["block"]["number"], json!(1));
    assert_eq!(node.devnet.head().0, 1);
    let again = node.ask("devnet_faucet", json!([newcomer, 500])).await;
    assert_eq!(again["balance"], json!(7_000_000_500u64));
    let after = (issued("Balances").await, issued("SubtensorModule").await);
    assert_eq!(after, (before.0 + 7_000_000_500, before.1 + 7_000_000_500));

    // SubtensorModule.Faucet: pallet 7, event 56, the account, the amount.
    let events = node
        .ask(
            "state_getStorage",
            json!([hexed(&storage_key("System", "Events"))]),
        )
        .await;
    let event = format!("0738{}{}", "09".repeat(32), hex::encode(500u64.to_le_bytes()));
    assert!(events.as_str().unwrap().contains(&event), "{events}");

    let too_little = node.refusal("devnet_faucet", json!([unused(7), 1])).await;
    assert_eq!(too_little.code(), -32000);
    assert!(too_little.message().contains("at least"), "{too_little:?}");
    assert_eq!(
        node.refusal("devnet_faucet", json!(["5Nobody", 1])).await.code(),
        -32602
    );
    assert_eq!(node.devnet.head().0, 2, "what was refused made no block");
    node.stop().await;
}

/// An account that nobody uses.
fn unused(number: u8) -> String {
    hexed(&[number; 32])
}
