//! Whoever means ill costs little, and the honest are served meanwhile.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

mod echo;

use assay_axon::{
    BodyDigest, OperatorTokens, ReplayLimits, ReplayStore, RequestUuid, UnixNanos,
    server::{Asked, Axon, AxonConfig, BucketSize, Failure, Parts, QueueLimits, Route},
    sign_btauth, sign_epistula,
    synapse::{PythonValue, RequestText, SynapseHead, body_hash},
};
use assay_keys::{Pair, Scheme};
use bytes::Bytes;
use echo::{Echo, EchoStream, streamed};
use futures::StreamExt;
use http::{HeaderMap, Method, uri::PathAndQuery};
use std::{net::SocketAddr, num::NonZeroUsize, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";
/// Longer than every limit below; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

fn config() -> AxonConfig {
    let mut config = AxonConfig {
        operators: OperatorTokens::new([("ada", TOKEN)]).unwrap(),
        ..AxonConfig::default()
    };
    config.connections.head_time = Duration::from_secs(1);
    config.connections.body_time = Duration::from_secs(1);
    config
}

async fn axon(config: AxonConfig) -> Axon {
    Axon::build(Pair::from_uri("//Bob", Scheme::Sr25519).unwrap(), config)
        .route(Route::new(reversed))
        .route(Route::streaming(streamed))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap()
}

fn head(length: usize, more: &str) -> String {
    format!(
        "POST /Echo HTTP/1.1\r\nhost: axon\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {length}\r\n{more}\r\n"
    )
}

/// Sends bytes and reads until the axon closes; its status, or nothing when it said none.
async fn sent(address: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    closed(&mut stream).await
}

async fn closed(stream: &mut TcpStream) -> Option<u16> {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

async fn is_served(address: SocketAddr) -> bool {
    let body = r#"{"text": "hello"}"#;
    let request = format!("{}{body}", head(body.len(), "connection: close\r\n"));
    sent(address, request.as_bytes()).await == Some(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_slow_bodies_and_idle_connections_end_in_time() {
    let axon = axon(config()).await;
    let address = axon.addresses()[0];
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"POST /Echo HTTP/1.1\r\nhost: ax").await.unwrap();
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting.write_all(head(100, "").as_bytes()).await.unwrap();
    assert!(is_served(address).await);
    let body = r#"{"text": "hello"}"#;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(format!("{}{body}", head(body.len(), "")).as_bytes())
        .await
        .unwrap();
    assert_eq!(closed(&mut idle).await, Some(200), "then nothing more is asked");
    // Whoever said half a head may be told so, and whoever said nothing need not be.
    assert!(matches!(closed(&mut silent).await, None | Some(408)));
    assert!(matches!(closed(&mut half).await, None | Some(408)));
    assert_eq!(closed(&mut waiting).await, Some(408));
    axon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_hold_all_connections() {
    let mut config = config();
    config.connections.per_address = 5;
    config.connections.head_time = PATIENCE;
    let axon = axon(config).await;
    let address = axon.addresses()[0];
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    assert!(is_served(address).await, "the fifth");
    held.push(TcpStream::connect(address).await.unwrap());
    let mut one_more = TcpStream::connect(address).await.unwrap();
    assert_eq!(closed(&mut one_more).await, None);
    drop(held);
    // They are counted off as the axon notices that they are closed.
    timeout(PATIENCE, async { while !is_served(address).await {} })
        .await
        .unwrap();
    axon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_are_bombs_are_refused() {
    let axon = axon(config()).await;
    let address = axon.addresses()[0];
    let many = "x-bomb: 1\r\n".repeat(10_000);
    let long = format!("x-bomb: {}\r\n", "x".repeat(100_000));
    for more in [many, long] {
        let status = sent(address, head(0, &more).as_bytes()).await;
        assert!(matches!(status, None | Some(400 | 431)), "{status:?}");
    }
    let deep = format!("{{\"text\": {}", "[".repeat(100_000));
    let garbage = "\u{0}\u{1}not json".to_owned();
    for body in [deep, garbage, String::new(), "[]".to_owned(), "null".to_owned()] {
        let request = format!("{}{body}", head(body.len(), "connection: close\r\n"));
        assert_eq!(sent(address, request.as_bytes()).await, Some(400));
    }
    let large = head(100_000_000, "");
    assert_eq!(sent(address, large.as_bytes()).await, Some(413));
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET / SPDY\r\n\r\n",
        b"\r\n\r\n\r\n",
    ] {
        assert!(matches!(sent(address, garbage).await, None | Some(400)));
    }
    assert!(is_served(address).await);
    axon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_told_when_to_come_again() {
    let mut config = config();
    config.rates.address = BucketSize {
        burst: 20,
        per_second: 0.5,
    };
    let axon = axon(config).await;
    let address = axon.addresses()[0];
    let mut statuses = Vec::new();
    for _ in 0..30 {
        // Unsigned: counted like all others of the address.
        statuses.push(
            sent(
                address,
                b"POST /Echo HTTP/1.1\r\nhost: axon\r\ncontent-length: 0\r\n\r\n",
            )
            .await,
        );
    }
    let refused = |status| statuses.iter().filter(|seen| **seen == Some(status)).count();
    assert_eq!((refused(401), refused(429)), (20, 10));
    axon.stop().await;
}

async fn endless(_asked: Asked<EchoStream>) -> Result<Parts, Failure> {
    Ok(futures::stream::repeat_with(|| Ok(Bytes::from_static(&[b'x'; 65_536]))).boxed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_reads_nothing_holds_neither_a_place_nor_a_connection() {
    let mut config = config();
    config.connections.write_time = Duration::from_secs(1);
    // Nobody else is let in before the connection has ended.
    config.connections.per_address = 1;
    config.answers.usual = Duration::from_secs(1);
    config.queue = QueueLimits {
        workers: NonZeroUsize::MIN,
        waiting: 1,
    };
    let axon = Axon::build(Pair::from_uri("//Bob", Scheme::Sr25519).unwrap(), config)
        .route(Route::new(reversed))
        .route(Route::streaming(endless))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let address = axon.addresses()[0];
    let body = r#"{"prompts": []}"#;
    let request = head(body.len(), "").replace("/Echo", "/EchoStream");
    let mut deaf = TcpStream::connect(address).await.unwrap();
    deaf.write_all(format!("{request}{body}").as_bytes())
        .await
        .unwrap();
    // Its answer has begun, so it has the one place.
    let mut first = [0; 12];
    deaf.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    assert!(!is_served(address).await);
    timeout(PATIENCE, async { while !is_served(address).await {} })
        .await
        .unwrap();
    let status = timeout(PATIENCE, axon.stop()).await;
    assert!(status.is_ok(), "nothing of it is left to wait for");
}

/// Sends a byte every so often until the axon has had enough; its status.
async fn dripped(address: SocketAddr, start: &str, drip: &str) -> Option<u16> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(start.as_bytes()).await.unwrap();
    let drip = drip.to_owned();
    let dripping = tokio::spawn(async move {
        while writing.write_all(drip.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, reading.read_to_end(&mut bytes)).await.unwrap();
    dripping.abort();
    let text = String::from_utf8_lossy(&bytes);
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_or_body_that_drips_wins_no_time_by_each_drop() {
    let axon = axon(config()).await;
    let address = axon.addresses()[0];
    let chunked = format!(
        "POST /Echo HTTP/1.1\r\nhost: axon\r\nauthorization: Bearer {TOKEN}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let drops = [
        ("POST /Echo HTTP/1.1\r\nx: ".to_owned(), "x", None),
        ("POST /Echo HTTP/1.1\r\n".to_owned(), "x: y\r\n", None),
        (head(100_000, ""), "x", Some(408)),
        (chunked, "1\r\nx\r\n", Some(408)),
    ];
    let dripping = drops.map(|(start, drip, status)| {
        tokio::spawn(async move {
            let told = dripped(address, &start, drip).await;
            assert!(told == status || told == Some(408), "{start}: {told:?}");
        })
    });
    assert!(is_served(address).await);
    for drip in dripping {
        drip.await.unwrap();
    }
    axon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_while_it_still_sends_reads_why() {
    let axon = axon(config()).await;
    let address = axon.addresses()[0];
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let unsigned = "POST /Echo HTTP/1.1\r\nhost: axon\r\ncontent-length: 50000\r\n\r\n";
        stream.write_all(unsigned.as_bytes()).await.unwrap();
        // Refused by now, for all that it knows; it sends on all the same.
        for _ in 0..50 {
            stream.write_all(&[b'x'; 1_000]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(closed(&mut stream).await, Some(401));
    }
    axon.stop().await;
}

/// A request of Alice's in each dialect, signed at a moment.
fn signed_at(moment: UnixNanos, body: &str, hash: &str) -> [HeaderMap; 3] {
    let alice = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let bob = Pair::from_uri("//Bob", Scheme::Sr25519).unwrap().account();
    let sender = alice.account().to_string();
    let text = RequestText {
        nonce: moment.0,
        sender: &sender,
        receiver: bob,
        uuid: Some("u"),
        body_hash: hash,
    };
    let mut synapse = SynapseHead {
        timeout: Some(5.0),
        body_hash: hash.to_owned(),
        ..SynapseHead::default()
    };
    synapse.dendrite.version = Some(10_005_000);
    synapse.dendrite.nonce = Some(moment.0);
    synapse.dendrite.uuid = Some("u".to_owned());
    synapse.dendrite.signature = Some(alice.sign(text.to_string().as_bytes()).to_string());
    synapse.dendrite.hotkey = Some(sender);
    let digest = BodyDigest::of(body.as_bytes());
    let path = PathAndQuery::from_static("/Echo");
    [
        synapse.to_headers(),
        sign_btauth(&alice, &Method::POST, &path, &digest, Some(bob), moment),
        sign_epistula(&alice, &digest, Some(bob), &RequestUuid::random(), moment),
    ]
}

async fn asked(address: SocketAddr, headers: &HeaderMap, body: &str) -> Option<u16> {
    let mut request = format!(
        "POST /Echo HTTP/1.1\r\nhost: axon\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    sent(address, format!("{request}\r\n{body}").as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stale_early_or_was_taken_before_a_restart_is_refused_in_every_dialect() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("accepted");
    let start = async || {
        let store = ReplayStore::open(&journal, ReplayLimits::default(), UnixNanos::now()).unwrap();
        Axon::build(Pair::from_uri("//Bob", Scheme::Sr25519).unwrap(), config())
            .replay(store)
            .route(Route::new(reversed))
            .listen(&["127.0.0.1:0".parse().unwrap()])
            .await
            .unwrap()
    };
    let body = r#"{"text": "hello"}"#;
    let hash = body_hash(&[PythonValue::from("hello"), PythonValue::from(0i64)]).to_string();
    let refused = |status: Option<u16>| matches!(status, Some(400 | 401 | 403));

    let first = start().await;
    let now = UnixNanos::now();
    for moment in [
        now.minus(Duration::from_secs(30)),
        now.plus(Duration::from_secs(30)),
    ] {
        for headers in signed_at(moment, body, &hash) {
            let status = asked(first.addresses()[0], &headers, body).await;
            assert!(refused(status), "{headers:?}: {status:?}");
        }
    }
    let good = signed_at(UnixNanos::now(), body, &hash);
    for headers in &good {
        assert_eq!(
            asked(first.addresses()[0], headers, body).await,
            Some(200),
            "{headers:?}"
        );
        assert!(refused(asked(first.addresses()[0], headers, body).await));
    }
    first.stop().await;
    let second = start().await;
    for headers in &good {
        let status = asked(second.addresses()[0], headers, body).await;
        assert!(refused(status), "{headers:?}: {status:?}");
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_json_and_repeated_headers_are_refused_whoever_signs_them() {
    let axon = axon(config()).await;
    let address = axon.addresses()[0];
    let deep = format!("{{\"text\": \"hello\", \"tags\": {}", "[".repeat(100_000));
    let hash = body_hash(&[PythonValue::from("hello"), PythonValue::from(0i64)]).to_string();
    for headers in signed_at(UnixNanos::now(), &deep, &hash) {
        assert_eq!(asked(address, &headers, &deep).await, Some(400), "{headers:?}");
    }
    let body = r#"{"text": "hello"}"#;
    for (headers, repeated) in signed_at(UnixNanos::now(), body, &hash).into_iter().zip([
        "bt_header_dendrite_hotkey",
        "x-bittensor-hotkey",
        "epistula-signed-by",
    ]) {
        let mut twice = headers.clone();
        twice.append(repeated, headers[repeated].clone());
        let status = asked(address, &twice, body).await;
        assert!(matches!(status, Some(400 | 401)), "{repeated}: {status:?}");
    }
    assert!(is_served(address).await);
    axon.stop().await;
}
