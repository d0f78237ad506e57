//! `assay devnet` as a process: what it prints, what it answers, how it stops, and that it goes on.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Nothing here takes long; a test that waits this long has hung.
const PATIENCE: Duration = Duration::from_secs(60);

struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    fn start(arguments: &[&str], home: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command.args(["devnet", "--json", "--port", "0"]).args(arguments);
        match home {
            Some(home) => command.arg("--home").arg(home),
            None => command.arg("--ephemeral"),
        };
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, ready }
    }

    fn ask(&self, method: &str, params: Value) -> Value {
        let address = self.ready["http_url"].as_str().unwrap().replace("http://", "");
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        let answer: Value = serde_json::from_str(body).unwrap();
        answer["result"].clone()
    }

    fn height(&self) -> u32 {
        let header = self.ask("chain_getHeader", json!([]));
        let number = header["number"].as_str().unwrap();
        u32::from_str_radix(number.strip_prefix("0x").unwrap(), 16).unwrap()
    }

    /// Asks the process to end and returns its exit code.
    fn stop(mut self, signal: &str) -> Option<i32> {
        let asked = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(asked.unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().unwrap();
        panic!("the devnet does not stop on {signal}");
    }
}

#[test]
fn it_says_where_it_is_makes_blocks_and_stops_when_asked() {
    let devnet = Process::start(&["--block-time", "50ms", "--seed", "5"], None);
    let ready = &devnet.ready;
    assert_eq!(ready["block_time_ms"], json!(50));
    assert_eq!(ready["seed"], json!(5));
    assert_eq!(
        ready["genesis_hash"],
        devnet.ask("chain_getBlockHash", json!([0]))
    );
    assert_eq!(ready["chain"], devnet.ask("system_chain", json!([])));
    assert_eq!(ready["accounts"][0]["uri"], json!("//Alice"));
    assert_eq!(
        ready["accounts"][0]["address"],
        json!("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")
    );
    assert!(!ready["simplified"].as_array().unwrap().is_empty());
    let deadline = Instant::now() + PATIENCE;
    while devnet.height() < 3 {
        assert!(Instant::now() < deadline, "there are no blocks");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(devnet.stop("-TERM"), Some(0));
}

#[test]
fn commit_reveal_is_off_unless_asked_for() {
    let devnet = Process::start(&["--manual"], None);
    assert_eq!(devnet.ready["commit_reveal"], "off");
    assert_eq!(devnet.ask("devnet_beacon", json!([]))["own"], false);
    assert_eq!(devnet.stop("-TERM"), Some(0));

    let devnet = Process::start(&["--commit-reveal", "--block-time", "250ms"], None);
    assert_eq!(devnet.ready["commit_reveal"], "own_beacon");
    devnet.ask("devnet_produce", json!([1]));
    let beacon = devnet.ask("devnet_beacon", json!([]));
    assert_eq!((&beacon["own"], &beacon["periodMs"]), (&json!(true), &json!(250)));
    assert!(beacon["lastStoredRound"].as_u64() > Some(0), "{beacon}");
    assert_eq!(devnet.stop("-TERM"), Some(0));

    let devnet = Process::start(&["--commit-reveal", "public", "--manual"], None);
    assert_eq!(devnet.ready["commit_reveal"], "public_beacon");
    assert_eq!(devnet.stop("-TERM"), Some(0));
}

#[test]
fn a_chain_goes_on_at_its_own_pace_and_leaves_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("end.snapshot");
    let devnet = Process::start(
        &["--block-time", "250ms", "--snapshot", snapshot.to_str().unwrap()],
        Some(folder.path()),
    );
    devnet.ask("devnet_setBlockTime", json!(["manual"]));
    devnet.ask("devnet_produce", json!([7]));
    let height = devnet.height();
    let genesis = devnet.ready["genesis_hash"].clone();
    assert_eq!(devnet.stop("-INT"), Some(0));

    let devnet = Process::start(&[], Some(folder.path()));
    assert_eq!(devnet.ready["block_time_ms"], json!(250), "as the chain began");
    assert_eq!(devnet.ready["block"], json!(height));
    assert_eq!(devnet.stop("-TERM"), Some(0));

    let copy = Process::start(&["--manual", "--restore", snapshot.to_str().unwrap()], None);
    assert_eq!(copy.ready["block"], json!(height));
    assert_eq!(copy.ready["genesis_hash"], genesis);
    assert_eq!(copy.ready["block_time_ms"], Value::Null);
    assert_eq!(copy.stop("-TERM"), Some(0));
}

#[test]
fn a_seed_that_is_not_the_chains_is_a_failure_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        Process::start(&["--manual"], Some(folder.path())).stop("-TERM"),
        Some(0)
    );
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["devnet", "--json", "--port", "0", "--seed", "77", "--home"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("another seed") && text.contains("use another folder"),
        "{text}"
    );
    assert!(output.stdout.is_empty());
}
