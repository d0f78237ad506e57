//! The dashboard through a real socket.

use assay_dashboard::state::{
    ChainView, DashboardState, EpochPoint, HISTORY_EPOCHS, LOG_LINES, Level, LogLine, MinerStatus, MinerView,
    Phase, Problem, WeightsStage,
};
use assay_dashboard::{Dashboard, DashboardConfig, DashboardError};
use futures::StreamExt;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine, shorter than a person would wait.
const DEADLINE: Duration = Duration::from_secs(20);

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn serve(watched: watch::Receiver<DashboardState>) -> Serving {
    let config = DashboardConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        allowed_hosts: vec!["assay.lan".to_owned()],
    };
    let dashboard = Dashboard::bind(config, watched).await.expect("a free port");
    let address = dashboard.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(dashboard.serve(async {
        let _ = stopped.await;
    }));
    Serving { address, stop, task }
}

impl Serving {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.url(path)).send().await.expect("an answer")
    }
}

fn client() -> reqwest::Client {
    // Only once a process, and only asked for: nothing here speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(DEADLINE)
        .no_proxy()
        .build()
        .expect("a client")
}

fn running() -> DashboardState {
    DashboardState {
        system: "datasets".to_owned(),
        phase: Phase::Running,
        chain: Some(ChainView {
            endpoint: "ws://127.0.0.1:9944".to_owned(),
            netuid: 1,
            block: 41,
            block_seen_ms: 0,
            finalized: Some(40),
            block_time_ms: 250,
            tempo: 20,
            next_epoch_block: Some(60),
            epochs_done: 2,
            epochs_wanted: None,
        }),
        miners: vec![MinerView {
            name: "<b>clean</b>".to_owned(),
            hotkey: "5GrwvaEF5zXb26Fz9rcQpDWS57CtCoBBrmJAGfTruQ7H9brB".to_owned(),
            uid: Some(3),
            repo: Some("demo/clean".to_owned()),
            rows: Some(240),
            status: MinerStatus::BadAnswer {
                reason: "line 3 is \"no\" JSON & more".to_owned(),
            },
            loss: Some(1.5),
            win_rate: None,
            score: None,
            answers: None,
            weight: None,
            incentive: Some(0.25),
            emission_rao: Some(1_500_000_000),
        }],
        ..DashboardState::default()
    }
}

/// Server-sent events as they come: name and data.
struct Events {
    body: futures::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
}

impl Events {
    async fn of(serving: &Serving, path: &str) -> Events {
        let response = serving.get(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body = response
            .bytes_stream()
            .map(|piece| piece.map(|bytes| bytes.to_vec()))
            .boxed();
        Events {
            body,
            text: String::new(),
        }
    }

    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.map(|line| line.trim_start()).collect::<Vec<_>>().join("\n")
                };
                let event = (field("event:"), field("data:"));
                self.text = rest.to_owned();
                return Some(event);
            }
            let piece = timeout(DEADLINE, self.body.next())
                .await
                .expect("an event in time")?;
            self.text
                .push_str(&String::from_utf8(piece.ok()?).expect("utf-8"));
        }
    }

    /// The next event of this name.
    async fn wait_for(&mut self, name: &str) -> String {
        loop {
            let (event, data) = self.next().await.expect("the stream goes on");
            if event == name {
                return data;
            }
        }
    }
}

#[tokio::test]
async fn the_page_shows_the_state_and_trusts_no_text_in_it() {
    let (_state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    let response = serving.get("/").await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'")
            && policy.contains("frame-ancestors 'none'")
    );
    assert!(!policy.contains("unsafe"));
    let page = response.text().await.expect("a page");
    for shown in [
        "&lt;b&gt;clean&lt;/b&gt;",
        "1.5000",
        "25.0\u{a0}%",
        "1.500\u{a0}α",
        "line 3 is &quot;no&quot; JSON &amp; more",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    // The policy forbids both, so they would silently do nothing.
    assert!(!page.contains("style=") && !page.contains("onclick"));

    // Everything that the page needs is here, and may be kept.
    for address in page.split('"').filter(|part| part.starts_with("/assets/")) {
        let asset = serving.get(address).await;
        assert_eq!(asset.status(), 200, "{address}");
        assert!(
            asset.headers()["cache-control"]
                .to_str()
                .expect("text")
                .contains("immutable")
        );
    }
    assert_eq!(serving.get("/assets/../Cargo.toml").await.status(), 404);
    assert_eq!(serving.get("/assets/%2e%2e%2fCargo.toml").await.status(), 404);
    assert_eq!(serving.get("/nothing").await.status(), 404);
}

#[tokio::test]
async fn programs_read_the_same_as_json() {
    let (state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    let response = serving.get("/api/state").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    let read: DashboardState = response.json().await.expect("a state");
    assert_eq!(read, running());

    let mut events = Events::of(&serving, "/events?format=json").await;
    let first: Value = serde_json::from_str(&events.wait_for("state").await).expect("json");
    assert_eq!(first["chain"]["block"], 41);
    assert_eq!(first["miners"][0]["status"]["status"], "bad_answer");
    state.send_modify(|state| state.phase = Phase::Finished);
    let second: DashboardState = serde_json::from_str(&events.wait_for("state").await).expect("json");
    assert_eq!(second.phase, Phase::Finished);
}

#[tokio::test]
async fn an_open_page_gets_only_what_changed() {
    let (state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    let mut events = Events::of(&serving, "/events").await;
    assert_eq!(events.next().await.expect("an event").0, "hello");
    let first: Value = serde_json::from_str(&events.wait_for("page").await).expect("json");
    assert_eq!(
        first.as_object().expect("sections").len(),
        10,
        "a new page gets everything"
    );

    state.send_modify(|state| state.chain.as_mut().expect("a chain").block = 42);
    let second: Value = serde_json::from_str(&events.wait_for("page").await).expect("json");
    let changed: Vec<&String> = second.as_object().expect("sections").keys().collect();
    assert_eq!(changed, ["chain"]);
    assert!(second["chain"].as_str().expect("html").contains(">42<"));
}

#[tokio::test]
async fn nobody_waits_for_an_update_that_cannot_come() {
    let (state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    let healthy = serving.get("/healthz").await;
    assert_eq!(healthy.status(), 200);
    assert_eq!(healthy.json::<Value>().await.expect("json")["block"], 41);
    let mut page = Events::of(&serving, "/events").await;
    let mut program = Events::of(&serving, "/events?format=json").await;
    page.wait_for("page").await;
    program.wait_for("state").await;

    drop(state);
    let told: Value = serde_json::from_str(&page.wait_for("page").await).expect("json");
    assert!(
        told["status"]
            .as_str()
            .expect("html")
            .contains("what was known last")
    );
    while program.next().await.is_some() {}
    assert_eq!(serving.get("/healthz").await.status(), 503);
    assert_eq!(
        serving.get("/").await.status(),
        200,
        "the last state can still be read"
    );
}

#[tokio::test]
async fn another_hosts_name_is_refused() {
    let (_state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    let status = async |hosts: &[&str], path: &str| {
        let mut socket = TcpStream::connect(serving.address).await.expect("a connection");
        let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        timeout(DEADLINE, socket.read_to_end(&mut answer))
            .await
            .expect("in time")
            .expect("an answer");
        String::from_utf8_lossy(&answer)
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    for path in ["/", "/api/state", "/events", "/healthz", "/assets/dashboard.js"] {
        assert_eq!(status(&["evil.example:8420"], path).await, "421", "{path}");
    }
    assert_eq!(status(&["ASSAY.lan:8420"], "/").await, "200");
    assert_eq!(status(&["localhost"], "/").await, "200");
    assert_eq!(status(&[], "/").await, "400");
    assert_eq!(status(&["localhost", "evil.example"], "/").await, "400");
}

#[tokio::test]
async fn requests_are_bounded() {
    let (_state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    assert_eq!(serving.get(&format!("/?{}", "x".repeat(600))).await.status(), 414);
    let posted = client()
        .post(serving.url("/"))
        .body("x".repeat(100))
        .send()
        .await
        .expect("an answer");
    assert_eq!(posted.status(), 405);
    assert_eq!(serving.get("/events?format=xml").await.status(), 400);

    // A head that never ends is cut off, not collected.
    let mut socket = TcpStream::connect(serving.address).await.expect("a connection");
    socket
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        .await
        .expect("sent");
    // The server may close while this is being written; what counts is the answer.
    let _ = socket.write_all(&vec![b'x'; 64 * 1024]).await;
    let mut answer = Vec::new();
    let _ = timeout(DEADLINE, socket.read_to_end(&mut answer))
        .await
        .expect("in time");
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
}

#[tokio::test]
async fn only_so_many_pages_are_kept_up_to_date() {
    let (_state, watched) = watch::channel(running());
    let serving = serve(watched).await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(Events::of(&serving, "/events").await);
    }
    let refused = serving.get("/events").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "10");
    assert_eq!(
        serving.get("/api/state").await.status(),
        200,
        "everything else still answers"
    );

    // A page that is closed makes room, as soon as the server has noticed.
    open.pop();
    timeout(DEADLINE, async {
        while serving.get("/events").await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("room again");
}

#[tokio::test]
async fn a_stop_ends_open_streams_and_frees_the_port() {
    let (state, watched) = watch::channel(running());
    let serving = serve(watched.clone()).await;
    let mut events = Events::of(&serving, "/events").await;
    events.wait_for("page").await;
    let address = serving.address;
    let taken = DashboardConfig {
        listen: address,
        ..DashboardConfig::default()
    };
    let refused = Dashboard::bind(taken.clone(), watched.clone())
        .await
        .expect_err("the port is taken");
    assert!(
        matches!(refused, DashboardError::Listen { listen, .. } if listen == address),
        "{refused}"
    );

    let _ = serving.stop.send(());
    timeout(DEADLINE, serving.task)
        .await
        .expect("in time")
        .expect("a clean end");
    while events.next().await.is_some() {}
    Dashboard::bind(taken, watched)
        .await
        .expect("the port is free again");
    drop(state);
}

#[test]
fn what_grows_with_time_is_bounded() {
    let mut state = DashboardState::default();
    for index in 0..1_000_u32 {
        state.push_log(LogLine {
            at_ms: index.into(),
            block: None,
            level: Level::Info,
            source: "chain".to_owned(),
            text: String::new(),
        });
        state.push_epoch(EpochPoint {
            epoch: index,
            block: 0,
            miners: Vec::new(),
        });
        state.push_problem(Problem {
            at_ms: index.into(),
            thing: "hub".to_owned(),
            cause: format!("failure {}", index % 3),
            hint: None,
        });
    }
    assert_eq!(
        (state.log.len(), state.log[0].at_ms),
        (LOG_LINES, 1_000 - LOG_LINES as u64)
    );
    assert_eq!((state.history.len(), state.problems.len()), (HISTORY_EPOCHS, 3));
    // An epoch that is told twice is one epoch.
    state.push_epoch(EpochPoint {
        epoch: 999,
        block: 7,
        miners: Vec::new(),
    });
    assert_eq!(
        (state.history.len(), state.history.back().map(|point| point.block)),
        (HISTORY_EPOCHS, Some(7))
    );
    state.solve("hub");
    assert!(state.problems.is_empty());
}

#[test]
fn final_weights_are_paid_by_the_next_epoch_and_not_by_that_of_their_own_block() {
    let mut state = DashboardState::default();
    let weights = WeightsStage::Finalized { block: 40 };
    assert_eq!(weights.after(&state.history), weights);
    for (epoch, block) in [(1, 20), (2, 40)] {
        state.push_epoch(EpochPoint {
            epoch,
            block,
            miners: Vec::new(),
        });
    }
    assert_eq!(weights.after(&state.history), weights);
    for (epoch, block) in [(3, 60), (4, 80)] {
        state.push_epoch(EpochPoint {
            epoch,
            block,
            miners: Vec::new(),
        });
    }
    assert_eq!(weights.after(&state.history), WeightsStage::Applied { block: 60 });
    assert_eq!(
        WeightsStage::Submitted.after(&state.history),
        WeightsStage::Submitted
    );
}
