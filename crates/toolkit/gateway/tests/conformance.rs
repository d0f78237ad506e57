//! OpenAI's own Python client, unmodified, against the gateway.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_gateway::{
    Backend, BackendError, Candidate, Gateway, GatewayConfig, Question,
    keys::{KeyStore, NewKey, Quotas},
};
use assay_peers::Python;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::SystemTime};
use subnet::{Forgetful, Step, asking, miner};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Sends the questions for one model to other miners.
struct ByModel {
    good: Arc<dyn Backend>,
    breaking: Arc<dyn Backend>,
}

impl Backend for ByModel {
    fn candidates(
        &self,
        question: Arc<Question>,
        most: usize,
        deadline: tokio::time::Instant,
    ) -> BoxFuture<'_, Result<Vec<Candidate>, BackendError>> {
        let asked = match question.model.as_str() {
            "breaks" => &self.breaking,
            _ => &self.good,
        };
        asked.candidates(question, most, deadline)
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn openais_client_finds_what_it_looks_for() {
    let slow = miner(0, vec![Step::Hang(CancellationToken::new())]).await;
    let fast = miner(1, vec![Step::Say("Hello"), Step::Pause, Step::Say(", wörld")]).await;
    let breaking = miner(2, vec![Step::Say("half"), Step::Pause, Step::Break]).await;
    let backend = ByModel {
        good: Arc::new(asking(&[&slow.listed, &fast.listed])),
        breaking: Arc::new(asking(&[&breaking.listed])),
    };
    let folder = TempDir::new().unwrap();
    let store = KeyStore::at(folder.path());
    let key = |name: &str, requests_per_day: Option<u64>| {
        let quotas = Quotas {
            requests_per_day,
            ..Quotas::default()
        };
        let new = NewKey {
            name: name.to_owned(),
            quotas,
            ..NewKey::default()
        };
        store.create(new, SystemTime::now()).unwrap().1
    };
    let (rich, poor) = (key("rich", None), key("poor", Some(1)));
    let mut config = GatewayConfig::with_keys(folder.path(), "org/chat");
    config.models.push("breaks".to_owned());
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.limits.prompt_tokens = 1_000;
    config.times.collecting = std::time::Duration::ZERO;
    let gateway = Gateway::bind(config, Arc::new(backend), Arc::new(Forgetful))
        .await
        .unwrap();
    let (address, stop) = (gateway.local_addr(), CancellationToken::new());
    let serving = tokio::spawn(gateway.serve(stop.clone().cancelled_owned()));

    let script = Python::venv("openai")
        .script("conformance/openai/chat.py")
        .env("GATEWAY_URL", format!("http://{address}"))
        .env("GATEWAY_KEY", rich.reveal())
        .env("POOR_KEY", poor.reveal());
    let lines = tokio::task::spawn_blocking(move || script.run()).await.unwrap();
    let facts: Map<String, Value> = lines
        .into_iter()
        .filter_map(|line| line.as_object().cloned())
        .flatten()
        .collect();

    for (fact, expected) in [
        ("models", json!(["org/chat", "breaks"])),
        ("one", json!("org/chat")),
        ("whole", json!("Hello, wörld")),
        ("role", json!("assistant")),
        ("finish", json!("stop")),
        (
            "usage",
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}),
        ),
        ("object", json!("chat.completion")),
        ("has_id", json!(true)),
        ("uid", json!("1")),
        ("has_request_id", json!(true)),
        ("streamed", json!("Hello, wörld")),
        ("streamed_finish", json!("stop")),
        ("streamed_usage", json!(7)),
        ("one_id", json!(true)),
        ("gathered", json!("Hello, wörld")),
        ("asynchronous", json!("Hello, wörld")),
        ("seen", json!("half")),
    ] {
        assert_eq!(facts[fact], expected, "{fact}");
    }
    for (fact, class, code, param) in [
        (
            "bad_key",
            "AuthenticationError",
            json!("invalid_api_key"),
            Value::Null,
        ),
        (
            "unknown_model",
            "NotFoundError",
            json!("model_not_found"),
            json!("model"),
        ),
        (
            "no_such_model",
            "NotFoundError",
            json!("model_not_found"),
            json!("model"),
        ),
        (
            "quota",
            "RateLimitError",
            json!("rate_limit_exceeded"),
            Value::Null,
        ),
        (
            "too_long",
            "BadRequestError",
            json!("context_length_exceeded"),
            json!("messages"),
        ),
        (
            "tools",
            "BadRequestError",
            json!("unsupported_parameter"),
            json!("tools"),
        ),
        ("embeddings", "NotFoundError", json!("unknown_url"), Value::Null),
        ("broken", "APIError", json!("incomplete_answer"), Value::Null),
        (
            "broken_whole",
            "InternalServerError",
            json!("no_answer"),
            Value::Null,
        ),
    ] {
        let error = &facts[fact];
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!(class), &code),
            "{fact}: {error}"
        );
        assert_eq!(
            error.get("param").unwrap_or(&Value::Null),
            &param,
            "{fact}: {error}"
        );
        assert_ne!(error["request_id"], false, "{fact}: {error}");
    }
    stop.cancel();
    serving.await.unwrap();
}
