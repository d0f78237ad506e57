//! `assay dashboard` as a process: pages about a chain that may come later, and a clean end.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_devnet::{BlockProduction, Devnet, DevnetConfig};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Nothing here takes long; a test that waits this long has hung.
const PATIENCE: Duration = Duration::from_secs(60);

struct Dashboard {
    child: Child,
    ready: Value,
}

impl Dashboard {
    fn start(network: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(["dashboard", "--json", "--port", "0", "--network", network])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, ready }
    }

    /// The status and the text of a page.
    fn get(&self, path: &str) -> (u16, String) {
        let url = self.ready["url"].as_str().unwrap();
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let status = response.split(' ').nth(1).unwrap().parse().unwrap();
        (status, response)
    }

    fn wait_for(&self, path: &str, wanted: u16) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, page) = self.get(path);
            if status == wanted {
                return page;
            }
            assert!(Instant::now() < deadline, "{path} stays {status}: {page}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_its_chain_shows_it_and_ends_when_asked() {
    // A place where nobody listens yet.
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen: SocketAddr = place.local_addr().unwrap();
    drop(place);
    let mut dashboard = Dashboard::start(&format!("ws://{listen}"));
    let page = dashboard.wait_for("/blocks", 503);
    assert!(page.contains("is not connected yet"), "{page}");

    let devnet = Devnet::start(DevnetConfig {
        listen,
        blocks: BlockProduction::Manual,
        ..DevnetConfig::default()
    })
    .await
    .unwrap();
    devnet.produce(3).await.unwrap();
    let page = dashboard.wait_for("/block/3", 200);
    assert!(page.contains("Timestamp.set"), "{page}");
    dashboard.wait_for("/healthz", 200);
    assert!(dashboard.wait_for("/subnets", 200).contains("/subnet/1"));

    let asked = Command::new("kill")
        .args(["-TERM", &dashboard.child.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    assert_eq!(dashboard.child.wait().unwrap().code(), Some(0));
    devnet.stop().await;
}

#[test]
fn a_place_that_cannot_be_listened_on_is_told_with_what_helps() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let start = |arguments: &[&str]| -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(["dashboard", "--network", "local"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = start(&["--port", &port]);
    assert!(said.contains("choose another port"), "{said}");
    // An address of nobody: no port of it is any better.
    let said = start(&["--port", "0", "--host", "203.0.113.1"]);
    assert!(
        !said.contains("another port") && said.contains("address of this machine"),
        "{said}"
    );
}

#[test]
fn a_network_that_is_none_is_refused_with_the_choices() {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["dashboard", "--port", "0", "--network", "finny"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("finny") && said.contains("finney"), "{said}");
}
