//! Thousands of subscribers, some of which do not listen.

use crate::node::{Client, Node, PATIENCE, hexed, manual, next, number, storage_key};
use assay_devnet::Devnet;
use futures::future::join_all;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const SOCKETS: usize = 200;
const HEADS_A_SOCKET: usize = 8;
const VALUES_A_SOCKET: usize = 2;
const BLOCKS: u32 = 20;

/// Tells the process to be a node.
const APART: &str = "ASSAY_DEVNET_APART";

const DEAF_SOCKETS: usize = 20;
const SUBSCRIPTIONS_OF_THE_DEAF: usize = 20;
const UNHEARD_BLOCKS: u32 = 500;

/// What a node may grow by while its subscriptions wait to be heard. Kept for later, the messages of this test would be
/// some eighty megabytes.
const ROOM: u64 = 40 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_subscribers_hear_of_every_block_in_order() {
    let node = Node::manual().await;
    let time = hexed(&storage_key("Timestamp", "Now"));
    let clients = join_all((0..SOCKETS).map(async |_| Client::connect(&node.devnet.url()).await)).await;
    let mut heads = Vec::new();
    let mut values = Vec::new();
    for client in &clients {
        for _ in 0..HEADS_A_SOCKET {
            heads.push(client.heads().await);
        }
        for _ in 0..VALUES_A_SOCKET {
            let subscribed = client.subscribe(
                "state_subscribeStorage",
                json!([[time]]),
                "state_unsubscribeStorage",
            );
            values.push(subscribed.await);
        }
    }
    assert_eq!(heads.len() + values.len(), 2_000);
    node.devnet.produce(BLOCKS).await.unwrap();
    let mut expected = Vec::new();
    for number in 0..=BLOCKS {
        expected.push(node.ask("chain_getBlockHash", json!([number])).await);
    }
    for heads in &mut heads {
        for expected in 0..=BLOCKS {
            assert_eq!(number(&next(heads).await), expected);
        }
    }
    for values in &mut values {
        for block in &expected {
            assert_eq!(next(values).await["block"], *block);
        }
    }
    node.stop().await;
}

/// Not a test by itself: a node in a process of its own, so that its memory is nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn node_apart() {
    if std::env::var_os(APART).is_none() {
        return;
    }
    let devnet = Devnet::start(manual()).await.unwrap();
    println!("\nlistening on {}", devnet.url());
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_listen_costs_little_and_hears_everything_later() {
    let node = Apart::start();
    let client = Client::connect(&node.url).await;
    let mut deaf = Vec::new();
    for _ in 0..DEAF_SOCKETS {
        let mut socket = Socket::connect(&node.url).await;
        for id in 0..SUBSCRIPTIONS_OF_THE_DEAF {
            socket
                .send(
                    &json!({ "jsonrpc": "2.0", "id": id, "method": "chain_subscribeNewHeads", "params": [] }),
                )
                .await;
        }
        deaf.push(socket);
    }
    let mut heads = client.heads().await;
    next(&mut heads).await;
    let before = node.resident();
    client.ask("devnet_produce", json!([UNHEARD_BLOCKS])).await;
    for expected in 1..=UNHEARD_BLOCKS {
        assert_eq!(
            number(&next(&mut heads).await),
            expected,
            "who listens is not held up"
        );
    }
    let grown = node.resident().saturating_sub(before);
    assert!(grown < ROOM, "{grown} bytes more");

    let mut socket = deaf.pop().unwrap();
    let mut last: HashMap<String, u32> = HashMap::new();
    while last.len() < SUBSCRIPTIONS_OF_THE_DEAF || last.values().any(|number| *number < UNHEARD_BLOCKS) {
        let message = timeout(PATIENCE, socket.receive()).await.expect("a message");
        let Some(subscription) = message["params"]["subscription"].as_str() else {
            assert!(message["result"].is_string(), "{message}");
            continue;
        };
        let heard = number(&message["params"]["result"]);
        let before = last.insert(subscription.to_owned(), heard);
        assert!(
            before.is_none_or(|before| heard == before + 1),
            "{before:?} then {heard}"
        );
    }
}

/// A node in a process of its own, which ends with this.
struct Apart {
    child: Child,
    url: String,
    /// Held open: the harness ends when it cannot say that a test takes long.
    _output: BufReader<ChildStdout>,
}

impl Apart {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crowd::node_apart", "--exact", "--nocapture"])
            .env(APART, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let url = (&mut output)
            .lines()
            .find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned));
        let url = url.expect("the node says where it listens");
        Self {
            child,
            url,
            _output: output,
        }
    }

    /// Bytes that it has in memory.
    fn resident(&self) -> u64 {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A WebSocket that reads only when told to.
struct Socket(tokio::io::BufReader<TcpStream>);

impl Socket {
    async fn connect(url: &str) -> Self {
        let address = url.replace("ws://", "");
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut stream = tokio::io::BufReader::new(stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        Self(stream)
    }

    /// Sends a text of less than 126 bytes, masked with zeros.
    async fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.0.write_all(&frame).await.unwrap();
    }

    /// The next text, pings passed over.
    async fn receive(&mut self) -> Value {
        loop {
            let kind = self.0.read_u8().await.unwrap() & 0x0f;
            let length = match self.0.read_u8().await.unwrap() {
                126 => usize::from(self.0.read_u16().await.unwrap()),
                127 => usize::try_from(self.0.read_u64().await.unwrap()).unwrap(),
                length => usize::from(length),
            };
            let mut bytes = vec![0; length];
            self.0.read_exact(&mut bytes).await.unwrap();
            if kind == 1 {
                return serde_json::from_slice(&bytes).unwrap();
            }
        }
    }
}
