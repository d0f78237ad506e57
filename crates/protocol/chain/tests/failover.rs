//! Several nodes of one chain: what becomes of calls when one of them dies, stalls, lags, is another chain, or has had
//! enough.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;
mod stalling;
mod tampering;

use assay_chain::{ChainClient, ChainError, ConnectOptions, EndpointState, Endpoints, Existence, Rao, Retry};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Genesis};
use devnet::pair;
use futures::StreamExt;
use stalling::StallingProxy;
use std::{sync::atomic::Ordering, time::Duration};
use tampering::TamperingNode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};

fn of(addresses: &[&str]) -> Endpoints {
    addresses.join(",").parse().unwrap()
}

async fn client(addresses: &[&str]) -> ChainClient {
    let options = ConnectOptions::default().with_deadline(Duration::from_secs(8));
    ChainClient::connect(of(addresses), options).await.unwrap()
}

fn states(client: &ChainClient) -> Vec<EndpointState> {
    client
        .endpoints()
        .into_iter()
        .map(|health| health.state)
        .collect()
}

const NOBODY: &str = "ws://127.0.0.1:1";

#[tokio::test]
async fn a_node_that_is_not_there_is_passed_over_and_the_client_says_which_it_uses() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = client(&[NOBODY, &devnet.url()]).await;
    assert_eq!(states(&client), [EndpointState::Resting, EndpointState::Active]);
    let health = client.endpoints();
    assert!(
        health[0].last_error.as_ref().unwrap().contains(NOBODY),
        "{health:?}"
    );
    assert!(health[1].latency.is_some());
    assert_eq!(client.endpoint().to_string(), devnet.url());
    // Writing works as well.
    let bob = pair("//Bob").account();
    let receipt = client
        .transfer(&pair("//Alice"), &bob, Rao(5), Existence::KeepAlive)
        .await
        .unwrap();
    receipt.finalized().await.unwrap();
}

#[tokio::test]
async fn nobody_at_all_is_told_as_such() {
    let options = ConnectOptions::default().with_deadline(Duration::from_secs(8));
    let error = ChainClient::connect(of(&[NOBODY, "ws://127.0.0.1:2"]), options)
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_call_and_a_subscription_outlive_a_node_that_falls_silent() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let proxy = StallingProxy::before(&devnet).await;
    let client = client(&[&proxy.endpoint().to_string(), &devnet.url()]).await;
    let mut blocks = client.blocks().await.unwrap();
    devnet.produce(2).await.unwrap();
    for expected in 0..=2 {
        assert_eq!(blocks.next().await.unwrap().unwrap().number.0, expected);
    }
    assert_eq!(states(&client), [EndpointState::Active, EndpointState::Standby]);

    proxy.stalled.store(true, Ordering::SeqCst);
    devnet.produce(3).await.unwrap();
    // The call has its answer within its own deadline.
    assert_eq!(client.head().await.unwrap().number.0, 5);
    assert_eq!(states(&client), [EndpointState::Resting, EndpointState::Active]);
    for expected in 3..=5 {
        let block = timeout(Duration::from_secs(60), blocks.next()).await.unwrap();
        assert_eq!(block.unwrap().unwrap().number.0, expected);
    }
    devnet.produce(1).await.unwrap();
    let block = timeout(Duration::from_secs(60), blocks.next()).await.unwrap();
    assert_eq!(block.unwrap().unwrap().number.0, 6);
}

#[tokio::test]
async fn a_node_of_another_chain_is_never_used() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let other = DevnetConfig {
        genesis: Some(Genesis {
            seed: 77,
            ..Genesis::default()
        }),
        blocks: BlockProduction::Manual,
        ..DevnetConfig::default()
    };
    let other = Devnet::start(other).await.unwrap();
    let node = TamperingNode::before(&devnet).await;
    let client = client(&[&node.url, &other.url(), &devnet.url()]).await;
    let genesis = client.genesis();
    node.lie(|lies| lies.limit = Some((-32005, 3600)));
    assert_eq!(client.head().await.unwrap().number.0, 0);
    assert_eq!(
        states(&client),
        [
            EndpointState::Resting,
            EndpointState::OtherChain,
            EndpointState::Active
        ]
    );
    assert_eq!(
        client.block_hash(assay_chain::Block(0)).await.unwrap(),
        Some(genesis)
    );
}

#[tokio::test]
async fn a_node_that_lags_is_left_for_one_that_does_not() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&[&node.url, &devnet.url()]).await;
    let old = serde_json::json!({
        "parentHash": format!("0x{}", "00".repeat(32)),
        "number": "0x0",
        "stateRoot": format!("0x{}", "00".repeat(32)),
        "extrinsicsRoot": format!("0x{}", "00".repeat(32)),
        "digest": { "logs": [] },
    });
    devnet.produce(40).await.unwrap();
    assert_eq!(client.head().await.unwrap().number.0, 40);
    // From now on it knows nothing newer than block 0.
    node.lie(|lies| lies.head = Some(old.to_string()));
    assert_eq!(client.head().await.unwrap().number.0, 0, "that is what it says");
    assert_eq!(states(&client), [EndpointState::Resting, EndpointState::Active]);
    assert_eq!(client.head().await.unwrap().number.0, 40);
    let health = client.endpoints();
    assert_eq!(health[0].lag, Some(40));
    assert!(
        health[0].last_error.as_ref().unwrap().contains("40 behind"),
        "{health:?}"
    );
}

#[tokio::test]
async fn a_block_that_the_node_in_use_does_not_know_yet_is_asked_of_another() {
    // Two nodes of one chain; the first has not got the second's blocks.
    let (lagging, ahead) = (
        devnet::devnet(BlockProduction::Manual).await,
        devnet::devnet(BlockProduction::Manual).await,
    );
    let (_, hash) = ahead.produce(3).await.unwrap();
    let honest = devnet::client(&ahead).await;
    let block = honest.head().await.unwrap();
    assert_eq!(block.hash.to_string(), format!("{hash:?}"));
    let client = client(&[&lagging.url(), &ahead.url()]).await;
    assert_eq!(client.genesis(), honest.genesis());
    let snapshot = client.at(block.hash).await.unwrap();
    assert_eq!(snapshot.block(), block);
    // So is all that is read at it.
    let alice = pair("//Alice").account();
    let there = honest.at_block(block);
    assert_eq!(
        snapshot.balance(&alice).await.unwrap(),
        there.balance(&alice).await.unwrap()
    );
    let contents = snapshot.block_contents().await.unwrap();
    assert_eq!(contents.extrinsics.len(), 1);
    // The node in use has done nothing wrong.
    assert_eq!(states(&client), [EndpointState::Active, EndpointState::Standby]);
    // What none of them knows stays unknown, and may be known in the next block.
    let error = client.at(assay_chain::BlockHash([7; 32])).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownBlock { .. }), "{error}");
    assert_eq!(error.retry(), Retry::AfterBlocks(1));
}

#[tokio::test]
async fn a_node_that_tells_of_a_block_out_of_thin_air_is_not_believed() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&[&node.url, &devnet.url()]).await;
    let invented = serde_json::json!({
        "parentHash": format!("0x{}", "00".repeat(32)),
        "number": "0xffffffffffff",
        "stateRoot": format!("0x{}", "00".repeat(32)),
        "extrinsicsRoot": format!("0x{}", "00".repeat(32)),
        "digest": { "logs": [] },
    });
    node.lie(|lies| lies.head = Some(invented.to_string()));
    let error = client.head().await.unwrap_err();
    assert!(matches!(error, ChainError::Shape(_)), "{error}");
    // Nobody is measured by it.
    let health = client.endpoints();
    assert!(
        health.iter().all(|node| node.head.is_none_or(|head| head.0 == 0)),
        "{health:?}"
    );
    node.lie(|lies| lies.head = None);
    assert_eq!(client.head().await.unwrap().number.0, 0);
    assert_eq!(states(&client), [EndpointState::Active, EndpointState::Standby]);
}

#[tokio::test]
async fn a_limit_is_told_with_its_pause_and_the_pause_is_kept() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let node = TamperingNode::before(&devnet).await;
    let client = client(&[&node.url]).await;
    node.lie(|lies| lies.limit = Some((-32005, 3600)));
    let error = client.head().await.unwrap_err();
    let ChainError::RateLimited { retry_after, .. } = &error else {
        panic!("{error}")
    };
    assert!(*retry_after > Duration::from_secs(3500), "{retry_after:?}");
    assert!(matches!(error.retry(), Retry::After(_)));
    // The node would answer again, but nobody asks it before it is time.
    node.lie(|lies| lies.limit = None);
    let requests = client.requests();
    assert!(matches!(
        client.head().await.unwrap_err(),
        ChainError::RateLimited { .. }
    ));
    assert_eq!(client.requests(), requests);

    // A pause within the deadline is waited out.
    let patient = self::client(&[&node.url]).await;
    node.lie(|lies| lies.limit = Some((429, 1)));
    let mut refusals = node.refusals.clone();
    refusals.mark_unchanged();
    let asking = tokio::spawn(async move { patient.head().await });
    refusals.changed().await.unwrap();
    node.lie(|lies| lies.limit = None);
    assert_eq!(asking.await.unwrap().unwrap().number.0, 0);
}

#[tokio::test]
async fn a_handshake_that_is_refused_for_its_number_is_a_limit() {
    for status in ["429 Too Many Requests", "403 Forbidden"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        let options = ConnectOptions::default().with_deadline(Duration::from_secs(4));
        let error = ChainClient::connect(of(&[&address]), options).await.unwrap_err();
        assert!(
            matches!(error, ChainError::RateLimited { .. }),
            "{status}: {error}"
        );
    }
}
