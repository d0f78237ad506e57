//! Requests in synapse-v10 that are signed before the first is sent, so that the axon is what is measured.

use crate::{Load, Measured, cost::Process};
use assay_axon::{
    RequestUuid, UnixNanos,
    synapse::{InputObject, PeerVersion, PythonValue, RequestText, SynapseHead, Terminal, body_hash},
};
use assay_keys::{AccountId, Pair, Scheme};
use bytes::{Buf, Bytes};
use futures::future::{join_all, try_join_all};
use serde::{Deserialize, Serialize};
use std::{
    io,
    net::Ipv4Addr,
    slice::SliceIndex,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What the sender waits. Also how old a request may be, besides four seconds: those sent last were signed first.
const TIMEOUT: f64 = 60.0;

/// Hashed beside the text.
const NUMBER: i64 = 1;

/// The part of a body that is the same in each.
struct Question {
    hash: String,
    /// From the first field of the class to the end of the body.
    tail: Bytes,
    reply: String,
}

impl Question {
    fn of(load: &Load) -> Self {
        let text = load.text();
        let values = [PythonValue::from(text.as_str()), PythonValue::from(NUMBER)];
        Self {
            hash: body_hash(&values).to_string(),
            tail: format!(r#","text":"{text}","n":{NUMBER},"tags":[],"reply":null}}"#).into(),
            reply: text.chars().rev().collect(),
        }
    }
}

/// The part that stands before it.
#[derive(Serialize)]
struct Envelope<'a> {
    name: &'static str,
    timeout: f64,
    total_size: u32,
    header_size: u32,
    dendrite: &'a Terminal,
    axon: &'a Terminal,
    computed_body_hash: &'static str,
}

/// Signs the requests of one connection, which share a uuid: an old axon takes them only in the order of their nonces.
struct Sender<'a> {
    pair: &'a Pair,
    hotkey: String,
    uuid: String,
    load: &'a Load,
    question: &'a Question,
}

impl Sender<'_> {
    /// Head, and body as far as it is this request's alone.
    fn signed(&self, nonce: u64, receiver: AccountId) -> Bytes {
        let text = RequestText {
            nonce,
            sender: &self.hotkey,
            receiver,
            uuid: Some(&self.uuid),
            body_hash: &self.question.hash,
        };
        let dendrite = Terminal {
            version: Some(PeerVersion::OURS.0),
            nonce: Some(nonce),
            uuid: Some(self.uuid.clone()),
            hotkey: Some(self.hotkey.clone()),
            signature: Some(self.pair.sign(text.to_string().as_bytes()).to_string()),
            ..Terminal::default()
        };
        let axon = Terminal {
            ip: Some(Ipv4Addr::LOCALHOST.to_string()),
            port: Some(self.load.port.into()),
            hotkey: Some(self.load.hotkey.to_string()),
            ..Terminal::default()
        };
        let mut envelope = serde_json::to_string(&Envelope {
            name: "Echo",
            timeout: TIMEOUT,
            total_size: 0,
            header_size: 0,
            dendrite: &dendrite,
            axon: &axon,
            computed_body_hash: "",
        })
        .unwrap();
        // The fields of the class follow.
        assert_eq!(envelope.pop(), Some('}'));
        let head = SynapseHead {
            name: Some("Echo".to_owned()),
            timeout: Some(TIMEOUT),
            dendrite,
            axon,
            input_objects: vec![InputObject {
                field: "text".to_owned(),
                empty: "\"\"".to_owned(),
            }],
            body_hash: self.question.hash.clone(),
        };
        let mut message = format!(
            "POST /Echo HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            self.load.port,
            envelope.len() + self.question.tail.len()
        );
        for (name, value) in &head.to_headers() {
            message.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        message.push_str("\r\n");
        message.push_str(&envelope);
        message.into()
    }
}

/// The end of what comes back.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    reply: &'a str,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Status and body of the answer, and how long they took.
    async fn ask(&mut self, request: &Bytes, tail: &Bytes) -> (u16, &[u8], Duration) {
        let began = Instant::now();
        let mut whole = request.clone().chain(tail.clone());
        self.stream.write_all_buf(&mut whole).await.unwrap();
        self.buffer.clear();
        let end = loop {
            let before = self.buffer.len().saturating_sub(3);
            assert_ne!(
                self.stream.read_buf(&mut self.buffer).await.unwrap(),
                0,
                "cut off"
            );
            let fresh = &self.buffer[before..];
            if let Some(found) = fresh.windows(4).position(|window| window == b"\r\n\r\n") {
                break before + found + 4;
            }
        };
        let head = String::from_utf8(self.buffer[..end].to_vec())
            .unwrap()
            .to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, length) = head.split_once("\r\ncontent-length:").unwrap();
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        let already = self.buffer.len();
        self.buffer.resize(end + length, 0);
        self.stream.read_exact(&mut self.buffer[already..]).await.unwrap();
        (status, &self.buffer[end..], began.elapsed())
    }

    async fn replay(&mut self, requests: &[Bytes], question: &Question) -> Vec<Duration> {
        let mut latencies = Vec::with_capacity(requests.len());
        for request in requests {
            let (status, body, took) = self.ask(request, &question.tail).await;
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
            let answer: Answer<'_> = serde_json::from_slice(body).unwrap();
            assert!(answer.reply == question.reply, "another reply");
            latencies.push(took);
        }
        latencies
    }
}

pub(crate) async fn run(load: &Load, process: &Process) -> Measured {
    let pair = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let question = Question::of(load);
    let sender = || Sender {
        pair: &pair,
        hotkey: pair.account().to_string(),
        uuid: RequestUuid::random().to_string(),
        load,
        question: &question,
    };
    let of_a_connection = || {
        let (sender, now) = (sender(), UnixNanos::now().0);
        let nonces = (now..).take(load.each() + 1);
        let requests: Vec<Bytes> = nonces.map(|nonce| sender.signed(nonce, load.hotkey)).collect();
        requests
    };
    let requests: Vec<Vec<Bytes>> = (0..load.concurrency).map(|_| of_a_connection()).collect();

    // An axon that does not look at signatures is not worth measuring.
    let forged = sender().signed(UnixNanos::now().0, pair.account());
    let mut stranger = Connection::open(load.port).await.unwrap();
    let (status, _, _) = stranger.ask(&forged, &question.tail).await;
    assert_eq!(status, 401, "a request that was signed for another axon");

    let opening = (0..load.concurrency).map(|_| Connection::open(load.port));
    let mut connections = try_join_all(opening).await.unwrap();
    let warm = replay_all(&mut connections, &requests, ..1, &question).await;
    assert_eq!(warm.len(), load.concurrency);
    let (before, began) = (process.cpu(), Instant::now());
    let latencies = replay_all(&mut connections, &requests, 1.., &question).await;
    Measured {
        latencies,
        elapsed: began.elapsed(),
        cpu: process.cpu().saturating_sub(before),
        peak_kib: process.peak_kib(),
    }
}

/// Some of each connection's requests, all connections at one time.
async fn replay_all<R>(
    connections: &mut [Connection],
    requests: &[Vec<Bytes>],
    which: R,
    question: &Question,
) -> Vec<Duration>
where
    R: SliceIndex<[Bytes], Output = [Bytes]> + Clone,
{
    let replaying = connections
        .iter_mut()
        .zip(requests)
        .map(|(connection, requests)| connection.replay(&requests[which.clone()], question));
    join_all(replaying).await.concat()
}
