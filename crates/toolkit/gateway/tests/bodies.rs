//! Requests that no good client sends.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use subnet::{Bench, PATIENCE, Step, answered, miner};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn every_refusal_has_the_shape_that_clients_look_for() {
    let miner = miner(0, vec![Step::Say("answer")]).await;
    let bench = Bench::open(&[&miner.listed], |config| {
        config.limits.body_bytes = 4_096;
        config.limits.prompt_tokens = 100;
    })
    .await;
    let post = |body: &'static str| {
        let request = bench.client.post(bench.url("/v1/chat/completions"));
        request.header("content-type", "application/json").body(body)
    };
    let streamed = |body: String| {
        let request = bench.client.post(bench.url("/v1/chat/completions"));
        let parts = futures::stream::iter([Ok::<_, std::io::Error>(body)]);
        request
            .header("content-type", "application/json")
            .body(reqwest::Body::wrap_stream(parts))
    };
    let long = "x".repeat(401);
    let too_large = "x".repeat(5_000);
    for (request, status, code, param) in [
        (post("{"), 400, json!(null), json!(null)),
        (post("[]"), 400, json!(null), json!(null)),
        (post("\u{0}"), 400, json!(null), json!(null)),
        (
            post("{}"),
            400,
            json!("missing_required_parameter"),
            json!("model"),
        ),
        (
            bench.chat(json!({"n": 3})),
            400,
            json!("unsupported_parameter"),
            json!("n"),
        ),
        (
            bench.chat(json!({"model": "gpt-9"})),
            404,
            json!("model_not_found"),
            json!("model"),
        ),
        (
            bench.chat(json!({"messages": [{"role": "user", "content": long}]})),
            400,
            json!("context_length_exceeded"),
            json!("messages"),
        ),
        (
            bench.chat(json!({"messages": [{"role": "user", "content": too_large}]})),
            413,
            json!(null),
            json!(null),
        ),
        // Its length is not said before.
        (streamed("x".repeat(5_000)), 413, json!(null), json!(null)),
        (
            bench.client.get(bench.url("/v1/chat/completions")),
            405,
            json!(null),
            json!(null),
        ),
        (
            bench.client.post(bench.url("/v1/models")),
            405,
            json!(null),
            json!(null),
        ),
        (
            bench.client.get(bench.url("/v1/embeddings")),
            404,
            json!("unknown_url"),
            json!(null),
        ),
        (
            bench.client.get(bench.url("/v1/models/none")),
            404,
            json!("model_not_found"),
            json!("model"),
        ),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(
            response.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .starts_with("req_")
        );
        let body: Value = response.json().await.unwrap();
        let error = &body["error"];
        assert_eq!((&error["code"], &error["param"]), (&code, &param), "{error}");
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["message"].as_str().unwrap().ends_with('.'), "{error}");
    }
    // And it still answers.
    let (status, _) = answered(bench.chat(json!({}))).await;
    assert_eq!(status, StatusCode::OK);
    let stats = bench.stats.snapshot();
    assert_eq!((stats.requests, stats.by_status[&404]), (14, 3));
    bench.end().await;
}

#[tokio::test]
async fn models_are_listed_and_found_with_slashes_in_their_names() {
    let bench = Bench::open(&[], |config| config.models.push("org/chat".to_owned())).await;
    let (_, list) = answered(bench.client.get(bench.url("/v1/models"))).await;
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| &model["id"])
        .collect();
    assert_eq!(
        (&list["object"], names),
        (&json!("list"), vec![&json!("subnet"), &json!("org/chat")])
    );
    for path in ["/v1/models/org/chat", "/v1/models/org%2Fchat"] {
        let (status, model) = answered(bench.client.get(bench.url(path))).await;
        assert_eq!(
            (status, &model["id"], &model["object"]),
            (StatusCode::OK, &json!("org/chat"), &json!("model"))
        );
    }
    bench.end().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_the_connection() {
    let bench = Bench::open(&[], |config| config.times.body = Duration::from_millis(200)).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    bench.end().await;
}

#[tokio::test]
async fn a_body_said_to_be_too_large_is_refused_before_it_comes() {
    let bench = Bench::open(&[], |_| {}).await;
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 1000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    bench.end().await;
}

#[tokio::test]
async fn no_body_brings_the_gateway_down() {
    let miner = miner(0, vec![Step::Say("answer")]).await;
    let bench = Bench::open(&[&miner.listed], |_| {}).await;
    let good = json!({
        "model": "subnet", "stream": true, "stop": ["END"], "temperature": 0.5, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    })
    .to_string()
    .into_bytes();
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..300 {
        // A good body with some bytes changed, and sometimes cut off.
        let mut body = good.clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..body.len());
            body[at] = random.random();
        }
        if random.random_bool(0.2) {
            body.truncate(random.random_range(0..body.len()));
        }
        let request = bench.client.post(bench.url("/v1/chat/completions"));
        let sent = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        let status = sent.unwrap().status();
        assert!(status == StatusCode::OK || status.is_client_error(), "{status}");
    }
    // Nesting that a careless parser follows to the end of its stack.
    let deep = "[".repeat(100_000);
    let request = bench
        .client
        .post(bench.url("/v1/chat/completions"))
        .header("content-type", "application/json");
    assert_eq!(
        request.body(deep).send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    let (status, _) = answered(bench.chat(json!({}))).await;
    assert_eq!(status, StatusCode::OK);
    bench.end().await;
}
