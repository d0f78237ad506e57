//! What a hostile or broken client gets, and that the others do not notice.

use crate::node::{Client, Node, PATIENCE, manual};
use assay_devnet::{Devnet, DevnetConfig, Limits};
use jsonrpsee::{
    core::{
        client::{ClientT, Error, SubscriptionClientT},
        params::BatchRequestBuilder,
    },
    rpc_params,
    ws_client::WsClientBuilder,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A devnet with bounds that a test reaches.
async fn tight() -> Node {
    let mut limits = Limits::default();
    limits.connections = 3;
    limits.request_bytes = 4_096;
    limits.response_bytes = 16 * 1024;
    limits.batch_requests = 5;
    limits.subscriptions_per_connection = 4;
    limits.keys_per_subscription = 2;
    Node::start(DevnetConfig { limits, ..manual() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_answered_as_such() {
    let node = tight().await;
    for body in ["", "{", "{}", "[]", "7", r#"{"jsonrpc":"2.0","id":1}"#] {
        let answer = post(&node.devnet, body.as_bytes()).await;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let code = answer["error"]["code"].as_i64();
        assert!(matches!(code, Some(-32700 | -32600)), "{body}: {answer}");
    }
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"state_call","params":{}{}}}"#,
        "[".repeat(1_500),
        "]".repeat(1_500)
    );
    assert!(post(&node.devnet, deep.as_bytes()).await.contains("error"));
    assert!(post(&node.devnet, &[0xff; 100]).await.contains("error"));
    assert!(node.ask("system_chain", json!([])).await.is_string());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_batches_and_subscriptions_have_bounds() {
    let node = tight().await;
    let long = format!("0x{}", "00".repeat(4_096));
    assert!(
        node.0
            .request::<Value, _>("state_getStorage", rpc_params![long])
            .await
            .is_err()
    );
    // Metadata is longer than the bound on answers.
    let client = Client::connect(&node.devnet.url()).await;
    assert_eq!(
        client.refusal("state_getMetadata", json!([])).await.code(),
        -32008
    );

    let mut batch = BatchRequestBuilder::new();
    for _ in 0..6 {
        batch.insert("chain_getHead", rpc_params![]).unwrap();
    }
    assert!(client.0.batch_request::<Value>(batch).await.is_err());

    let client = Client::connect(&node.devnet.url()).await;
    let keys = json!([["0x01", "0x02", "0x03"]]);
    let refused = client
        .0
        .subscribe::<Value, _>(
            "state_subscribeStorage",
            rpc_params![keys[0].clone()],
            "state_unsubscribeStorage",
        )
        .await;
    assert!(matches!(refused, Err(Error::Call(error)) if error.code() == -32602));
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(client.heads().await);
    }
    let refused = client
        .0
        .subscribe::<Value, _>(
            "chain_subscribeNewHeads",
            rpc_params![],
            "chain_unsubscribeNewHeads",
        )
        .await;
    assert!(matches!(refused, Err(Error::Call(_))), "{refused:?}");
    drop(open);
    node.devnet.produce(1).await.unwrap();
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_in_a_request_have_bounds() {
    let node = Node::manual().await;
    node.devnet.produce(30).await.unwrap();
    let numbers = |count: usize| json!([vec![1; count]]);
    assert_eq!(
        node.ask("chain_getBlockHash", numbers(4_096)).await[4_095],
        node.ask("chain_getBlockHash", json!([1])).await
    );
    let keys = |count: usize| vec!["0x00"; count];
    let first = node.ask("chain_getBlockHash", json!([1])).await;
    for (method, params) in [
        ("chain_getBlockHash", numbers(4_097)),
        ("state_queryStorageAt", json!([keys(10_001)])),
        // Each list is short enough, and not for thirty blocks.
        ("state_queryStorage", json!([keys(9_000), first])),
    ] {
        let refused = node.refusal(method, params).await;
        assert_eq!(refused.code(), -32602, "{method}: {refused}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_have_a_bound_and_a_closed_one_makes_room() {
    let node = tight().await;
    let others = [
        Client::connect(&node.devnet.url()).await,
        Client::connect(&node.devnet.url()).await,
    ];
    let connect = async || WsClientBuilder::new().build(node.devnet.url()).await;
    assert!(connect().await.is_err(), "a fourth");
    drop(others);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while connect().await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "no room is made");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    node.stop().await;
}

async fn post(devnet: &Devnet, body: &[u8]) -> String {
    let address = devnet.url().replace("ws://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}
