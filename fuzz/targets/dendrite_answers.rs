//! Any bytes as what a peer answers: the dendrite and the probe make something of it in time, and never our own fault.
#![no_main]

use assay_axon::{
    Dendrite, DendriteConfig, Probe, SynapseRequest, Target,
    dendrite::{RawRequest, Verdict},
    probe,
};
use assay_keys::{AccountId, Pair, Scheme};
use bytes::Bytes;
use http::{Method, uri::PathAndQuery};
use libfuzzer_sys::fuzz_target;
use std::{cell::RefCell, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Longer than anything on this machine takes.
const PATIENCE: Duration = Duration::from_secs(10);

struct Peers {
    runtime: tokio::runtime::Runtime,
    dendrite: Dendrite,
    target: Target,
    answer: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Peers {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let answer = Arc::new(std::sync::Mutex::new(Vec::new()));
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let saying = Arc::clone(&answer);
        runtime.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = saying.lock().expect("an answer").clone();
                let mut request = [0; 8_192];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
            }
        });
        let pair = Pair::from_uri("//Alice", Scheme::Sr25519).expect("a key");
        let config = DendriteConfig {
            idle_per_target: 0,
            ..DendriteConfig::default()
        };
        Self {
            dendrite: Dendrite::new(pair, config),
            target: Target {
                hotkey: AccountId([7; 32]),
                address,
            },
            runtime,
            answer,
        }
    }
}

std::thread_local! {
    static PEERS: RefCell<Peers> = RefCell::new(Peers::new());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    // As it is, or after a head that is in order.
    let answer = match how & 4 {
        0 => rest.to_vec(),
        _ => [
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", rest.len()).as_bytes(),
            rest,
        ]
        .concat(),
    };
    PEERS.with_borrow(|peers| {
        *peers.answer.lock().expect("an answer") = answer;
        let fields = serde_json::json!({"text": "hello", "reply": null});
        let request = SynapseRequest::new("Echo", &fields, PATIENCE).expect("a request");
        let verdict = peers.runtime.block_on(async {
            match how & 3 {
                0 => {
                    let reply = peers.dendrite.call(&peers.target, &request).await;
                    if let Some(answer) = reply.outcome.answer() {
                        let _ = answer.fields.python("reply");
                    }
                    reply.outcome.verdict()
                }
                1 => {
                    let reply = peers.dendrite.stream(&peers.target, &request).await;
                    let verdict = reply.outcome.verdict();
                    if let Some(mut stream) = reply.outcome.into_answer() {
                        while let Some(piece) = stream.next().await {
                            drop(piece);
                        }
                    }
                    verdict
                }
                2 => {
                    let request = RawRequest {
                        method: Method::POST,
                        path: PathAndQuery::from_static("/"),
                        content_type: None,
                        body: Bytes::new(),
                        timeout: PATIENCE,
                    };
                    peers
                        .dendrite
                        .call_btauth(&peers.target, &request)
                        .await
                        .outcome
                        .verdict()
                }
                _ => {
                    let report = probe(&peers.target, None, &Probe::default()).await;
                    assert!(!report.is_fine(), "nobody can sign for this key");
                    assert!(!report.finding.to_string().is_empty());
                    Verdict::NoAnswer
                }
            }
        });
        assert_ne!(verdict, Verdict::OwnFault);
    });
});
