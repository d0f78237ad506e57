//! What the fuzz targets share: a node that lives as long as the fuzzer, and a connection to its socket.
//!
//! The node is asked through HTTP on the loopback interface, as anybody asks it, so that the server's own reading of
//! requests is part of what is tried. Every request must get an answer: a connection that ends without one means that
//! the node has died.

use assay_devnet::{BlockProduction, Clock, Devnet, DevnetConfig};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::OnceLock,
    time::Duration,
};

/// No request of the targets takes longer; one that does has hung.
const PATIENCE: Duration = Duration::from_secs(60);

struct Node {
    address: String,
    // What drives the node.
    _runtime: tokio::runtime::Runtime,
    _devnet: Devnet,
}

fn node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let devnet = runtime.block_on(async {
            let devnet = Devnet::start(DevnetConfig {
                blocks: BlockProduction::Manual,
                clock: Clock::Steady {
                    start_ms: 1_700_000_000_000,
                },
                ..DevnetConfig::default()
            })
            .await
            .expect("a devnet");
            devnet.produce(3).await.expect("blocks");
            devnet
        });
        let address = devnet.url().trim_start_matches("ws://").to_owned();
        Node {
            address,
            _runtime: runtime,
            _devnet: devnet,
        }
    })
}

/// The answer to a request of the node, whatever it is.
pub fn ask(method: &str, params: &Value) -> Value {
    send(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string())
}

/// The answer to the text of a request; null when the node refuses to read it.
pub fn send(body: &str) -> Value {
    thread_local! {
        static CONNECTION: RefCell<Option<BufReader<TcpStream>>> = const { RefCell::new(None) };
    }
    CONNECTION.with_borrow_mut(|connection| {
        let stream = connection.get_or_insert_with(|| {
            let stream = TcpStream::connect(&node().address).expect("the node listens");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            BufReader::new(stream)
        });
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            node().address,
            body.len()
        );
        stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("the node takes requests");
        let (mut length, mut closes) = (0, false);
        loop {
            let mut line = String::new();
            let read = stream.read_line(&mut line).expect("the node answers in time");
            assert!(read > 0, "the node closed the connection without an answer");
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            closes |= line == "connection: close";
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).expect("the whole answer");
        if closes {
            *connection = None;
        }
        serde_json::from_slice(&answer).unwrap_or_default()
    })
}

/// The names of the node's methods.
pub fn methods() -> &'static [String] {
    static METHODS: OnceLock<Vec<String>> = OnceLock::new();
    METHODS.get_or_init(|| {
        let answer = ask("rpc_methods", &json!([]));
        let names = answer["result"]["methods"].as_array().expect("a list of methods");
        names
            .iter()
            .filter_map(|name| name.as_str())
            // These make blocks by the thousand, write files, or end or hold up the answers on purpose.
            .filter(|name| {
                !(name.starts_with("devnet_") && *name != "devnet_info")
                    && !name.contains("subscribe")
                    && !name.contains("atch")
                    && !name.contains("follow")
            })
            .map(str::to_owned)
            .collect()
    })
}

/// Panics unless the node still makes sense: it answers, and it makes blocks.
pub fn check_alive() {
    let header = ask("chain_getHeader", &json!([]));
    assert!(header["result"]["number"].is_string(), "no head: {header}");
}

/// Bytes as the RPC takes them.
pub fn hexed(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
