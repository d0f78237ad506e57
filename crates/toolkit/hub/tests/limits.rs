//! What the server does not take, and that nothing of it stays.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bench;

use assay_hub::{HubClient, HubError, HubServerConfig, Quota, Quotas, RepoId, RepoType, Retry};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bench::{Bench, MINER, adding, clock::SetClock, head, main, names_in, noise, path};
use reqwest::{Client, Response, StatusCode, header::CONTENT_LENGTH};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{sync::Arc, time::Duration};

const KIND: RepoType = RepoType::Dataset;

/// A repository to be abused.
struct Victim {
    bench: Bench,
    client: HubClient,
    repo: RepoId,
}

impl Victim {
    async fn new() -> Self {
        let bench = Bench::with(|mut config: HubServerConfig| {
            config.limits.inline_bytes = 1000;
            config.limits.commit_bytes = 20_000;
            config.limits.commit_operations = 10;
            config.limits.file_bytes = 100_000;
            config.limits.part_bytes = 50_000;
            config.limits.repo_files = 15;
            config
        })
        .await;
        let (client, repo) = bench.with_repo("miner/ore").await;
        Self { bench, client, repo }
    }

    async fn post(&self, rest: &str, body: impl Into<reqwest::Body>) -> Response {
        let url = format!("{}/{rest}", self.bench.hub.url());
        Client::new()
            .post(url)
            .bearer_auth(MINER)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    async fn send_commit(&self, lines: impl IntoIterator<Item = Value>) -> Response {
        let header = json!({ "key": "header", "value": { "summary": "Abuse" } });
        let body: String = [header]
            .into_iter()
            .chain(lines)
            .map(|line| format!("{line}\n"))
            .collect();
        self.post("api/datasets/miner/ore/commit/main", body).await
    }

    async fn batch(&self, objects: Value) -> Value {
        let body = json!({ "operation": "upload", "transfers": ["basic", "multipart"], "objects": objects });
        let answer = self
            .post("datasets/miner/ore.git/info/lfs/objects/batch", body.to_string())
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }
}

fn file(path: &str, content: &[u8]) -> Value {
    json!({ "key": "file", "value": { "path": path, "content": STANDARD.encode(content), "encoding": "base64" } })
}

#[tokio::test]
async fn a_commit_that_is_not_taken_changes_nothing() {
    let victim = Victim::new().await;
    let before = head(&victim.client, &victim.repo).await;
    let oid = hex::encode(Sha256::digest(b"never sent"));
    let good = || file("good", b"good");
    let cases = [
        (
            "leaves the repository",
            vec![good(), file("../../etc/passwd", b"x")],
            400,
        ),
        ("is absolute", vec![good(), file("/etc/passwd", b"x")], 400),
        ("hides in the middle", vec![good(), file("a/../../b", b"x")], 400),
        ("is Git's own", vec![good(), file(".git/config", b"x")], 400),
        ("has a backslash", vec![good(), file("a\\b", b"x")], 400),
        ("has an empty name", vec![good(), file("", b"x")], 400),
        (
            "removes outside",
            vec![
                good(),
                json!({ "key": "deletedFolder", "value": { "path": "../" } }),
            ],
            400,
        ),
        (
            "removes what is not there",
            vec![good(), json!({ "key": "deletedFile", "value": { "path": "no" } })],
            404,
        ),
        (
            "is a file and a folder",
            vec![good(), file("good/inside", b"x")],
            400,
        ),
        (
            "is a folder and a file",
            vec![file("x/y", b"x"), file("x", b"x")],
            400,
        ),
        (
            "is too large for a line",
            vec![good(), file("big", &noise(1001, 1))],
            413,
        ),
        (
            "is far too large for a line",
            vec![good(), file("big", &noise(19_000, 1))],
            413,
        ),
        (
            "has too many operations",
            (0..11).map(|n| file(&format!("f{n}"), b"x")).collect(),
            413,
        ),
        (
            "is no base64",
            vec![
                good(),
                json!({ "key": "file", "value": { "path": "f", "content": "?", "encoding": "base64" } }),
            ],
            400,
        ),
        (
            "is of no kind",
            vec![good(), json!({ "key": "explode", "value": {} })],
            400,
        ),
        ("is no object", vec![good(), json!(5)], 400),
        (
            "was never sent",
            vec![
                good(),
                json!({ "key": "lfsFile", "value": { "path": "l", "algo": "sha256", "oid": oid, "size": 10 } }),
            ],
            400,
        ),
        (
            "has a long hash",
            vec![
                good(),
                json!({ "key": "lfsFile", "value": { "path": "l", "oid": format!("{oid}/../x") } }),
            ],
            400,
        ),
    ];
    for (what, lines, status) in cases {
        let answer = victim.send_commit(lines).await;
        let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(got, status, "a commit that {what}: {text}");
    }
    let headless = format!("{}\n", file("f", b"x"));
    assert_eq!(
        victim
            .post("api/datasets/miner/ore/commit/main", headless)
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
    let silent = json!({ "key": "header", "value": { "summary": " " } }).to_string();
    assert_eq!(
        victim
            .post("api/datasets/miner/ore/commit/main", silent)
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
    // Twenty lines that are each allowed, and together are not.
    let whole: Vec<_> = (0..9)
        .map(|_| file("same", &noise(1000, 1)))
        .chain((0..900).map(|_| json!({})))
        .collect();
    let padded: String = whole
        .iter()
        .map(|line| format!("{line}{}\n", " ".repeat(20)))
        .collect();
    let header = json!({ "key": "header", "value": { "summary": "Abuse" } });
    let answer = victim
        .post(
            "api/datasets/miner/ore/commit/main",
            format!("{header}\n{padded}"),
        )
        .await;
    assert!(answer.status().is_client_error(), "{}", answer.status());

    assert_eq!(head(&victim.client, &victim.repo).await, before);
    assert_eq!(names_in(&victim.bench.path("hub/scratch")), [""; 0]);
    // The same repository still takes what is right.
    assert_eq!(victim.send_commit([good()]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_repository_takes_so_many_files() {
    let victim = Victim::new().await;
    for start in [0, 7] {
        let lines = (start..start + 7).map(|n| file(&format!("f{n}"), b"x"));
        assert_eq!(victim.send_commit(lines).await.status(), StatusCode::OK);
    }
    let full = victim.send_commit([file("one more", b"x")]).await;
    assert_eq!(full.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        victim.send_commit([file("f3", b"replaced")]).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn addresses_cannot_leave_the_repository() {
    let victim = Victim::new().await;
    let url = victim.bench.hub.url();
    for address in [
        "datasets/miner/ore/resolve/main/..%2F..%2Fassay-hub.json",
        "datasets/miner/ore/resolve/main/%2Fetc%2Fpasswd",
        "datasets/miner/ore/resolve/..%2F..%2Fheads%2Fmain/f",
        "datasets/miner/..%2F..%2Flink.key/resolve/main/f",
        "api/datasets/miner/ore/tree/main/..%2F..",
        "api/datasets/..%2F../ore",
        "_hub/objects/datasets/miner/ore/..%2F..%2Flink.key?size=1&expires=1&signature=00",
    ] {
        let answer = Client::new()
            .get(format!("{url}/{address}"))
            .bearer_auth(MINER)
            .send()
            .await
            .unwrap();
        assert!(
            matches!(answer.status().as_u16(), 400 | 404),
            "{address}: {}",
            answer.status()
        );
    }
}

#[tokio::test]
async fn an_upload_is_what_was_announced_or_nothing() {
    let victim = Victim::new().await;
    let content = noise(40_000, 5);
    let oid = hex::encode(Sha256::digest(&content));
    let answer = victim
        .batch(json!([{ "oid": oid, "size": content.len() }, { "oid": oid, "size": 100_001 }]))
        .await;
    assert_eq!(
        answer["objects"][1]["error"]["code"], 422,
        "larger than this hub takes"
    );
    let href = answer["objects"][0]["actions"]["upload"]["href"]
        .as_str()
        .unwrap();
    let put =
        |bytes: Vec<u8>| async move { Client::new().put(href).body(bytes).send().await.unwrap().status() };
    let mut wrong = content.clone();
    wrong[0] ^= 1;
    assert_eq!(put(wrong).await, StatusCode::BAD_REQUEST);
    assert_eq!(put(content[1..].to_vec()).await, StatusCode::BAD_REQUEST);
    let longer = [content.clone(), vec![0]].concat();
    assert_eq!(put(longer).await, StatusCode::PAYLOAD_TOO_LARGE);
    let again = victim.batch(json!([{ "oid": oid, "size": content.len() }])).await;
    assert!(
        again["objects"][0]["actions"].is_object(),
        "the hub does not have it"
    );

    assert_eq!(put(content.clone()).await, StatusCode::OK);
    let there = victim.batch(json!([{ "oid": oid, "size": content.len() }])).await;
    assert!(there["objects"][0].get("actions").is_none(), "the hub has it");
    assert_eq!(names_in(&victim.bench.path("hub/scratch")), [""; 0]);
}

#[tokio::test]
async fn parts_must_be_there_and_fit_before_they_are_joined() {
    let victim = Victim::new().await;
    let content = noise(90_000, 6);
    let oid = hex::encode(Sha256::digest(&content));
    let answer = victim.batch(json!([{ "oid": oid, "size": content.len() }])).await;
    assert_eq!(answer["transfer"], "multipart");
    let upload = &answer["objects"][0]["actions"]["upload"];
    assert_eq!(upload["header"]["chunk_size"], "50000");
    let link = |name: &str| upload["header"][name].as_str().unwrap().to_owned();
    let put =
        |url: String, bytes: Vec<u8>| async move { Client::new().put(url).body(bytes).send().await.unwrap() };
    let complete = || async {
        let body = json!({ "oid": oid, "parts": [{ "partNumber": 1, "etag": "x" }, { "partNumber": 2, "etag": "y" }] });
        Client::new()
            .post(upload["href"].as_str().unwrap())
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        put(link("1"), content[..50_000].to_vec()).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        put(link("1"), content[..49_999].to_vec()).await.status(),
        StatusCode::BAD_REQUEST,
        "too short"
    );
    assert_eq!(
        complete().await,
        StatusCode::BAD_REQUEST,
        "the second part is missing"
    );
    let beyond = link("2").replace("/2?", "/3?");
    assert_eq!(
        put(beyond, vec![0]).await.status(),
        StatusCode::FORBIDDEN,
        "there is no third part"
    );
    assert_eq!(put(link("2"), vec![0; 40_000]).await.status(), StatusCode::OK);
    assert_eq!(
        complete().await,
        StatusCode::BAD_REQUEST,
        "the parts are not the content"
    );
    assert_eq!(
        put(link("2"), content[50_000..].to_vec()).await.status(),
        StatusCode::OK
    );
    assert_eq!(complete().await, StatusCode::OK);
    assert_eq!(complete().await, StatusCode::OK, "an answer may have been lost");
    assert_eq!(names_in(&victim.bench.path("hub/parts")), [""; 0]);
}

#[tokio::test]
async fn a_body_that_is_announced_and_does_not_come_is_given_up() {
    let bench = Bench::with(|mut config| {
        config.limits.idle = Duration::from_millis(200);
        config
    })
    .await;
    bench.with_repo("miner/ore").await;
    let silent = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let url = format!("{}/api/datasets/miner/ore/commit/main", bench.hub.url());
    let request = Client::new()
        .post(url)
        .bearer_auth(MINER)
        .header(CONTENT_LENGTH, 1000);
    let answer = request.body(reqwest::Body::wrap_stream(silent)).send();
    let answer = tokio::time::timeout(Duration::from_secs(30), answer)
        .await
        .expect("the hub waits for ever");
    assert!(answer.is_err() || answer.unwrap().status().is_client_error());
}

#[tokio::test]
async fn callers_that_ask_too_often_are_told_when_to_come_back() {
    let clock = SetClock::new();
    let hands = Arc::clone(&clock);
    let quota = Quota {
        count: 2,
        window: Duration::from_secs(3600),
    };
    let bench = Bench::with(|config| HubServerConfig {
        clock,
        quotas: Quotas {
            requests: None,
            commits: Some(quota),
        },
        ..config
    })
    .await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    hands.advance(Duration::from_secs(1000));
    for n in 0..2 {
        client
            .commit(&repo, KIND, adding([("f", vec![n])]))
            .await
            .unwrap();
    }
    hands.advance(Duration::from_secs(600));
    let refused = client
        .commit(&repo, KIND, adding([("f", vec![9])]))
        .await
        .unwrap_err();
    assert_eq!(
        refused.retry(),
        Retry::After(Duration::from_secs(3000)),
        "{refused}"
    );
    hands.advance(Duration::from_secs(3000));
    client
        .commit(&repo, KIND, adding([("f", vec![9])]))
        .await
        .unwrap();

    let strict = Bench::with(|config| HubServerConfig {
        quotas: Quotas {
            requests: Some(Quota {
                count: 1,
                window: Duration::from_secs(300),
            }),
            commits: None,
        },
        ..config
    })
    .await;
    let anonymous = strict.client(None);
    assert!(matches!(
        anonymous.repo_info(&repo, KIND, &main()).await,
        Err(HubError::RepoNotFound { .. })
    ));
    assert!(matches!(
        anonymous.repo_info(&repo, KIND, &main()).await,
        Err(HubError::RateLimited { .. })
    ));
    assert!(
        strict.client(Some(MINER)).whoami().await.is_ok(),
        "each caller has its own count"
    );
}

#[tokio::test]
async fn an_expired_link_is_no_link() {
    let clock = SetClock::new();
    let hands = Arc::clone(&clock);
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 100;
        HubServerConfig { clock, ..config }
    })
    .await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    client
        .upload_file(&repo, KIND, &path("f"), noise(1000, 1).into(), "Add")
        .await
        .unwrap();
    let http = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = http
        .get(format!("{}/datasets/miner/ore/resolve/main/f", bench.hub.url()))
        .send()
        .await
        .unwrap();
    let link = format!(
        "{}{}",
        bench.hub.url(),
        answer.headers()["location"].to_str().unwrap()
    );
    assert_eq!(http.get(&link).send().await.unwrap().status(), StatusCode::OK);
    hands.advance(Duration::from_secs(3601));
    assert_eq!(
        http.get(&link).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn chunks_are_taken_with_a_token_for_them_and_checked() {
    let victim = Victim::new().await;
    let url = victim.bench.hub.url();
    let http = Client::new();
    let address = format!("{url}/api/datasets/miner/ore/xet-write-token/main");
    assert_eq!(
        http.get(&address).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let stranger = http
        .get(&address)
        .bearer_auth(bench::STRANGER)
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
    let answer: Value = http
        .get(&address)
        .bearer_auth(MINER)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let (cas, token) = (
        answer["casUrl"].as_str().unwrap(),
        answer["accessToken"].as_str().unwrap(),
    );

    let post = |rest: &str, token: Option<&str>, body: Vec<u8>| {
        let request = http.post(format!("{cas}/v1/{rest}")).body(body);
        let request = token
            .into_iter()
            .fold(request, |request, token| request.bearer_auth(token));
        async move { request.send().await.unwrap().status().as_u16() }
    };
    // A plain chunk of three bytes, under the hash of another.
    let xorb = [&[0, 3, 0, 0, 0, 3, 0, 0][..], b"ore"].concat();
    let wrong = format!("xorbs/default/{}", "0".repeat(64));
    assert_eq!(post(&wrong, Some(token), xorb.clone()).await, 400, "not its hash");
    for token in [
        None,
        Some(MINER),
        Some("bm8gdG9rZW4"),
        Some(&token[..token.len() - 4]),
    ] {
        assert_eq!(post(&wrong, token, xorb.clone()).await, 401, "{token:?}");
        assert_eq!(post("shards", token, Vec::new()).await, 401, "{token:?}");
    }
    assert_eq!(post("xorbs/default/short", Some(token), xorb).await, 400);
    for body in [Vec::new(), b"no shard".to_vec(), noise(480, 4)] {
        assert_eq!(post("shards", Some(token), body).await, 400);
    }
    assert_eq!(names_in(&victim.bench.path("hub/scratch")), [""; 0]);
    assert!(!victim.bench.path("hub/xorbs").exists(), "something was kept");
}
