//! What goes wrong on request, and that nothing goes wrong without.

use crate::{
    node::{Client, Node, PATIENCE, hexed, manual, next},
    transaction::{Signing, TAO, hash, pair, transfer},
};
use assay_devnet::DevnetConfig;
use jsonrpsee::{
    core::client::{ClientT, Error},
    rpc_params,
    ws_client::WsClientBuilder,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long a test listens for what should not come.
const SILENCE: Duration = Duration::from_millis(300);

async fn faulty() -> Node {
    Node::start(DevnetConfig {
        faults: true,
        ..manual()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_every_fault_is_refused() {
    let node = Node::manual().await;
    for (method, params) in [
        (
            "devnet_dropTransaction",
            json!([format!("0x{}", "00".repeat(32))]),
        ),
        ("devnet_stall", json!([1])),
        ("devnet_halfOpen", json!([1])),
        ("devnet_rateLimit", json!([1])),
        ("devnet_disconnect", json!([])),
    ] {
        let refused = node.refusal(method, params).await;
        assert_eq!(refused.code(), -32000);
        assert!(refused.message().contains("--faults"), "{}", refused.message());
    }
    assert!(node.devnet.faults().is_none());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_is_told_so_and_is_gone() {
    let node = faulty().await;
    let transaction = Signing::of(&node)
        .await
        .sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let mut statuses = node.watch(&transaction).await;
    assert_eq!(next(&mut statuses).await, json!("ready"));
    let drop = async || {
        node.ask("devnet_dropTransaction", json!([hash(&transaction)]))
            .await
    };
    assert_eq!(drop().await, json!(true));
    assert_eq!(next(&mut statuses).await, json!("dropped"));
    assert_eq!(drop().await, json!(false));
    node.devnet.produce(1).await.unwrap();
    let block = node.ask("chain_getBlock", json!([])).await;
    assert_eq!(block["block"]["extrinsics"].as_array().unwrap().len(), 1);
    // The same bytes may come again.
    assert_eq!(node.submit(&transaction).await, json!(hash(&transaction)));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_node_is_silent_on_open_sockets_until_it_is_over() {
    let node = faulty().await;
    let mut heads = node.heads().await;
    next(&mut heads).await;
    let faults = node.devnet.faults().unwrap();
    faults.stall(PATIENCE);
    node.devnet.produce(1).await.unwrap();
    let mut question = Box::pin(node.0.request::<Value, _>("system_chain", rpc_params![]));
    assert!(timeout(SILENCE, &mut question).await.is_err(), "an answer");
    assert!(timeout(SILENCE, heads.next()).await.is_err(), "a head");
    let connecting = WsClientBuilder::new()
        .connection_timeout(SILENCE)
        .build(node.devnet.url());
    assert!(connecting.await.is_err(), "a handshake");
    faults.stall(Duration::ZERO);
    question.await.unwrap();
    next(&mut heads).await;

    // One method alone, over the network.
    node.ask("devnet_stall", json!([60_000, "system_chain"])).await;
    let question = node.0.request::<Value, _>("system_chain", rpc_params![]);
    assert!(timeout(SILENCE, question).await.is_err(), "an answer");
    node.ask("system_name", json!([])).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_accepted_and_never_answered() {
    let node = faulty().await;
    let faults = node.devnet.faults().unwrap();
    faults.half_open(PATIENCE);
    let address = node.devnet.url().replace("ws://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    assert!(
        timeout(SILENCE, stream.read(&mut byte)).await.is_err(),
        "an answer"
    );
    // Connections from before go on.
    node.ask("system_chain", json!([])).await;
    faults.half_open(Duration::ZERO);
    Client::connect(&node.devnet.url())
        .await
        .ask("system_chain", json!([]))
        .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_ends_every_connection_and_new_ones_are_welcome() {
    let node = faulty().await;
    node.ask("devnet_disconnect", json!([])).await;
    timeout(PATIENCE, node.0.on_disconnect())
        .await
        .expect("the connection ends");
    Client::connect(&node.devnet.url())
        .await
        .ask("system_chain", json!([]))
        .await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_limit_calls_are_refused_by_policy_and_handshakes_with_429() {
    let node = faulty().await;
    node.ask("devnet_rateLimit", json!([0])).await;
    let refused = node.refusal("system_chain", json!([])).await;
    assert_eq!(refused.code(), -32005);
    let data: Value = serde_json::from_str(refused.data().unwrap().get()).unwrap();
    assert_eq!(data["policy"], json!("rate-limit"));
    assert!(
        data["reason"].is_string() && data["retry_after"].is_u64(),
        "{data}"
    );
    let connected = WsClientBuilder::new().build(node.devnet.url()).await;
    assert!(
        matches!(&connected, Err(Error::Transport(error)) if format!("{error:?}").contains("429")),
        "{connected:?}"
    );
    let address = node.devnet.url().replace("ws://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    for header in [
        "X-RateLimit-Limit: 0",
        "X-RateLimit-Remaining: 0",
        "Retry-After: 60",
    ] {
        assert!(answer.contains(header), "{answer}");
    }
    // Within a limit that nobody reaches everything works, and without one again.
    for limit in [json!(1_000_000), Value::Null] {
        node.ask("devnet_rateLimit", json!([limit])).await;
        Client::connect(&node.devnet.url())
            .await
            .ask("system_chain", json!([]))
            .await;
    }
    let bytes = hexed(&[0; 4]);
    assert_eq!(
        node.refusal("author_submitExtrinsic", json!([bytes]))
            .await
            .code(),
        1002
    );
    node.stop().await;
}
