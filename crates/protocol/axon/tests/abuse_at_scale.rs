//! A gigabyte from strangers and ten thousand connections: the memory that they cost is counted byte for byte.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod echo;

use assay_axon::{
    BodyDigest, OperatorTokens, UnixNanos,
    server::{Asked, Axon, AxonConfig, Failure, Route},
    sign_btauth,
};
use assay_keys::{Pair, Scheme};
use cap::Cap;
use echo::{Echo, streamed};
use http::{HeaderMap, Method, uri::PathAndQuery};
use std::{
    alloc::System,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";
const PATIENCE: Duration = Duration::from_secs(60);
const MIB: usize = 1024 * 1024;

/// Set in the processes that the test starts of itself: who holds the axon, and who floods it.
const ROLE: &str = "ASSAY_TEST_ABUSE_ROLE";
const WHERE: &str = "ASSAY_TEST_ABUSE_AXON";

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

async fn axon(change: impl FnOnce(&mut AxonConfig)) -> Axon {
    let mut config = AxonConfig {
        operators: OperatorTokens::new([("ada", TOKEN)]).unwrap(),
        ..AxonConfig::default()
    };
    change(&mut config);
    Axon::build(Pair::from_uri("//Bob", Scheme::Sr25519).unwrap(), config)
        .route(Route::new(reversed))
        .route(Route::streaming(streamed))
        .listen(&["0.0.0.0:0".parse().unwrap()])
        .await
        .unwrap()
}

async fn is_served(address: SocketAddr) -> bool {
    let body = r#"{"text": "hello"}"#;
    let request = format!(
        "POST /Echo HTTP/1.1\r\nhost: axon\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = String::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut said))
        .await
        .unwrap();
    said.starts_with("HTTP/1.1 200")
}

/// Sends a gigabyte after this head, or as much as is taken. The status that came, and the most memory that was held.
async fn a_gigabyte(address: SocketAddr, head: &str, is_chunked: bool) -> (String, usize) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(head.as_bytes()).await.unwrap();
    let mut piece = vec![b'x'; 64 * 1024];
    if is_chunked {
        piece.splice(0..0, b"10000\r\n".iter().copied());
        piece.extend(b"\r\n");
    }
    let mut most = 0;
    for _ in 0..16 * 1024 {
        if writing.write_all(&piece).await.is_err() {
            break;
        }
        most = most.max(ALLOCATOR.allocated());
    }
    let mut said = vec![0; 12];
    // A reset is an answer too, to whoever does not stop.
    let read = reading.read(&mut said).await.unwrap_or(0);
    (String::from_utf8_lossy(&said[..read]).into_owned(), most)
}

fn of_nobody() -> HeaderMap {
    let eve = Pair::from_uri("//Eve", Scheme::Sr25519).unwrap();
    let bob = Pair::from_uri("//Bob", Scheme::Sr25519).unwrap().account();
    let path = PathAndQuery::from_static("/Echo");
    let digest = BodyDigest::of(b"another body");
    sign_btauth(&eve, &Method::POST, &path, &digest, Some(bob), UnixNanos::now())
}

#[tokio::test]
async fn a_gigabyte_from_a_stranger_costs_no_memory() {
    let axon = axon(|_| {}).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, axon.addresses()[0].port()));
    assert!(is_served(address).await);
    // Claimed by a key that signs something else: the body could prove it, so as much as the route takes is read.
    let claims: String = of_nobody()
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
        .collect();
    let start = "POST /Echo HTTP/1.1\r\nhost: axon\r\n";
    for (head, is_chunked) in [
        (format!("{start}content-length: 1073741824\r\n\r\n"), false),
        (format!("{start}transfer-encoding: chunked\r\n\r\n"), true),
        (
            format!("{start}content-length: 1073741824\r\n{claims}\r\n"),
            false,
        ),
        (format!("{start}transfer-encoding: chunked\r\n{claims}\r\n"), true),
    ] {
        let before = ALLOCATOR.allocated();
        let (said, most) = a_gigabyte(address, &head, is_chunked).await;
        assert!(
            ["", "HTTP/1.1 401", "HTTP/1.1 413"].contains(&said.as_str()),
            "{head}: {said}"
        );
        // A body of the route's greatest size, twice while its buffer grows, beside what is sent.
        let held = most.saturating_sub(before);
        assert!(held < 4 * MIB, "{head}: {} KiB", held / 1024);
    }
    assert!(is_served(address).await);
    axon.stop().await;
}

#[test]
fn ten_thousand_connections_leave_the_honest_served() {
    match std::env::var(ROLE).as_deref() {
        Ok("flood") => return flood(),
        Ok(_) => return hold(),
        Err(_) => {}
    }
    // In a process of its own, which may open as many files as the system ever allows.
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" --exact ten_thousand_connections_leave_the_honest_served \
             --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, "hold")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Ten thousand, or as many as this process may have files for.
fn number() -> usize {
    let limits = fs_err::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let soft = line.split_whitespace().nth(3).unwrap();
    let files: usize = soft.parse().unwrap_or(usize::MAX);
    files.saturating_sub(200).min(10_000)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Holds the axon, and has another process flood it.
fn hold() {
    runtime().block_on(async {
        let axon = axon(|config| {
            config.connections.overall = 12_000;
            config.connections.head_time = PATIENCE;
        })
        .await;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, axon.addresses()[0].port()));
        assert!(is_served(address).await);
        let before = ALLOCATOR.allocated();
        let mut flood = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "ten_thousand_connections_leave_the_honest_served",
                "--nocapture",
            ])
            .env(ROLE, "flood")
            .env(WHERE, address.port().to_string())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = flood.stdout.take().unwrap();
        let mut text = String::new();
        let mut bytes = [0; 256];
        while !text.contains("all connected") {
            let read = tokio::time::timeout(PATIENCE, said.read(&mut bytes))
                .await
                .unwrap()
                .unwrap();
            assert!(read > 0, "the flood ended: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        // They wait with half a head each, and others are served.
        for _ in 0..20 {
            assert!(is_served(address).await);
        }
        let each = ALLOCATOR.allocated().saturating_sub(before) / number();
        assert!((1_000..32 * 1024).contains(&each), "{each} bytes a connection");
        drop(flood.stdin.take());
        flood.wait().await.unwrap();
        // Once they are gone, so is what they cost; what is left is the room of tables.
        tokio::time::timeout(PATIENCE, async {
            while ALLOCATOR.allocated().saturating_sub(before) > number() * 1_000 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                assert!(is_served(address).await);
            }
        })
        .await
        .unwrap();
        axon.stop().await;
    });
}

/// Connects from many addresses, says half a head over each connection, and holds them until its input ends.
fn flood() {
    runtime().block_on(async {
        let port: u16 = std::env::var(WHERE).unwrap().parse().unwrap();
        let mut held = Vec::new();
        for one in 0..number() {
            // Five hundred each, as an axon lets one address have.
            let from = Ipv4Addr::new(127, 0, 1, u8::try_from(one / 500).unwrap());
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((from, 0).into()).unwrap();
            let mut stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.unwrap();
            stream.write_all(b"POST /Echo HTTP/1.1\r\nx: ").await.unwrap();
            held.push(stream);
        }
        tokio::io::stdout().write_all(b"all connected\n").await.unwrap();
        tokio::io::stdout().flush().await.unwrap();
        let mut end = Vec::new();
        let _ = tokio::io::stdin().read_to_end(&mut end).await;
        drop(held);
    });
}
