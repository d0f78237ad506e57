//! Whoever means ill costs little, and the honest are served meanwhile.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

mod echo;

use assay_axon::{
    OperatorTokens,
    server::{Asked, Axon, AxonConfig, BucketSize, Failure, Parts, QueueLimits, Route},
};
use assay_keys::{Pair, Scheme};
use bytes::Bytes;
use echo::{Echo, EchoStream, streamed};
use futures::StreamExt;
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
