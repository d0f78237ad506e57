//! Keys and quotas, through the gateway and across its restarts.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_gateway::{
    Backend, BackendError, Candidate, Gateway, GatewayConfig, GatewayError, Question,
    keys::{Collection, KeyStore, KeyStoreError, LedgerError, NewKey, Privacy, Quotas},
};
use futures::future::BoxFuture;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};
use subnet::{Bench, Forgetful, Miner, PATIENCE, Step, TestClock, answered, miner};
use tempfile::TempDir;

async fn answering() -> Miner {
    miner(0, vec![Step::Say("twelve bytes")]).await
}

fn named(name: &str, quotas: Quotas) -> NewKey {
    NewKey {
        name: name.to_owned(),
        quotas,
        ..NewKey::default()
    }
}

async fn open(miner: &Miner, folder: &Path, clock: &Arc<TestClock>) -> Bench {
    let mut config = GatewayConfig::with_keys(folder, "subnet");
    config.clock = clock.clone();
    let bench = Bench::with(&[&miner.listed], config).await;
    bench.sink.cancel();
    bench
}

#[tokio::test]
async fn only_whoever_has_a_key_is_served_and_only_until_it_is_revoked() {
    let (miner, folder, clock) = (answering().await, TempDir::new().unwrap(), TestClock::at_noon());
    let store = KeyStore::at(folder.path());
    let mut bench = open(&miner, folder.path(), &clock).await;

    let (status, body) = answered(bench.chat(json!({}))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("Authorization: Bearer"), "{message}");
    let wrong = "sk-assay-wrongwrongwrong";
    for request in [bench.chat(json!({})), bench.client.get(bench.url("/v1/models"))] {
        let (status, body) = answered(request.bearer_auth(wrong)).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_api_key"))
        );
        assert!(!body.to_string().contains(wrong));
    }
    // Whoever watches over the gateway needs none.
    let (status, _) = answered(bench.client.get(bench.url("/healthz"))).await;
    assert_eq!(status, StatusCode::OK);

    // A running gateway notices a new key, and one that is revoked.
    let private = NewKey {
        privacy: Privacy::Private,
        collection: Collection::RelayedOnly,
        ..named("ada", Quotas::default())
    };
    let (record, key) = store.create(private, SystemTime::now()).unwrap();
    until(&bench, key.reveal(), StatusCode::OK).await;
    let exchange = bench.exchange().await;
    assert_eq!(
        (exchange.key.as_deref(), exchange.privacy),
        (Some("ada"), Privacy::Private)
    );
    // A request cannot be less private than its key.
    let asked = bench
        .chat(json!({}))
        .bearer_auth(key.reveal())
        .header("x-assay-private", "false");
    assert_eq!(answered(asked).await.0, StatusCode::OK);
    assert_eq!(bench.exchange().await.privacy, Privacy::Private);
    store.revoke(&record.id.0, SystemTime::now()).unwrap();
    until(&bench, key.reveal(), StatusCode::UNAUTHORIZED).await;

    let file = fs_err::read_to_string(store.path()).unwrap();
    assert!(!file.contains(key.reveal()) && !file.contains(&key.reveal()[9..]));
    assert!(!format!("{key:?}").contains(&key.reveal()[9..]));
    bench.end().await;
}

/// Asks until the status is this one.
async fn until(bench: &Bench, key: &str, status: StatusCode) {
    let asking = async {
        while answered(bench.chat(json!({})).bearer_auth(key)).await.0 != status {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap();
}

#[test]
fn names_tell_keys_apart_and_errors_say_what_to_do() {
    let folder = TempDir::new().unwrap();
    let store = KeyStore::at(&folder.path().join("not yet there"));
    assert_eq!(store.list().unwrap(), []);
    let now = SystemTime::now();
    let (first, secret) = store.create(named("ada", Quotas::default()), now).unwrap();
    let (second, other) = store.create(named("bob", Quotas::default()), now).unwrap();
    assert!(first.id != second.id && secret.reveal() != other.reveal());
    assert_eq!(store.list().unwrap(), [first, second]);
    let taken = store.create(named("ada", Quotas::default()), now).unwrap_err();
    assert!(matches!(taken, KeyStoreError::Taken { .. }));
    for name in ["", "a\nb", &"x".repeat(65)] {
        let refused = store.create(named(name, Quotas::default()), now).unwrap_err();
        assert!(matches!(refused, KeyStoreError::Name));
    }
    assert!(matches!(
        store.revoke("eve", now).unwrap_err(),
        KeyStoreError::Unknown { .. }
    ));
    store.revoke("ada", now).unwrap();
    assert!(store.list().unwrap()[0].revoked.is_some());
    // A name is free again once its key is revoked.
    store.create(named("ada", Quotas::default()), now).unwrap();

    fs_err::write(store.path(), r#"{"schema": 1, "keys": [{"id": "#).unwrap();
    assert!(matches!(
        store.list().unwrap_err(),
        KeyStoreError::Malformed { .. }
    ));
    fs_err::write(store.path(), r#"{"schema": 2, "vaults": []}"#).unwrap();
    assert!(matches!(
        store.list().unwrap_err(),
        KeyStoreError::Schema { found: 2, .. }
    ));
}

#[tokio::test]
async fn quotas_bind_across_restarts_and_end_with_their_time() {
    let (miner, folder, clock) = (answering().await, TempDir::new().unwrap(), TestClock::at_noon());
    let quotas = Quotas {
        requests_per_minute: Some(2),
        requests_per_day: Some(4),
        ..Quotas::default()
    };
    let store = KeyStore::at(folder.path());
    let (_, key) = store.create(named("ada", quotas), SystemTime::now()).unwrap();
    let (_, free) = store
        .create(named("bob", Quotas::default()), SystemTime::now())
        .unwrap();
    let bench = open(&miner, folder.path(), &clock).await;
    let ask = |bench: &Bench| bench.chat(json!({})).bearer_auth(key.reveal()).send();

    let first = ask(&bench).await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()["x-ratelimit-limit-requests"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining-requests"], "1");
    assert_eq!(first.headers()["x-ratelimit-reset-requests"], "1m0s");
    assert_eq!(ask(&bench).await.unwrap().status(), StatusCode::OK);
    bench.end().await;

    let bench = open(&miner, folder.path(), &clock).await;
    clock.advance(Duration::from_secs(10));
    let refused = ask(&bench).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "50");
    assert_eq!(refused.headers()["x-ratelimit-remaining-requests"], "0");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(
        (&body["error"]["type"], &body["error"]["code"]),
        (&json!("requests"), &json!("rate_limit_exceeded"))
    );
    // Nobody pays for another.
    let (status, _) = answered(bench.chat(json!({})).bearer_auth(free.reveal())).await;
    assert_eq!(status, StatusCode::OK);

    clock.advance(Duration::from_secs(50));
    for _ in 0..2 {
        assert_eq!(ask(&bench).await.unwrap().status(), StatusCode::OK);
    }
    clock.advance(Duration::from_secs(60));
    let refused = ask(&bench).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    // Hours away: libraries are told not to try.
    assert_eq!(refused.headers()["x-should-retry"], "false");
    clock.advance(Duration::from_secs(43_200));
    assert_eq!(ask(&bench).await.unwrap().status(), StatusCode::OK);
    bench.end().await;
}

#[tokio::test]
async fn tokens_are_counted_when_an_answer_is_over_and_places_given_back() {
    let (miner, folder, clock) = (answering().await, TempDir::new().unwrap(), TestClock::at_noon());
    let quotas = Quotas {
        // A question of one token and an answer of three.
        tokens_per_day: Some(8),
        concurrent: Some(1),
        ..Quotas::default()
    };
    let (_, key) = KeyStore::at(folder.path())
        .create(named("ada", quotas), SystemTime::now())
        .unwrap();
    let mut bench = open(&miner, folder.path(), &clock).await;
    for remaining in ["8", "4"] {
        let response = bench
            .chat(json!({}))
            .bearer_auth(key.reveal())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-ratelimit-remaining-tokens"], remaining);
        bench.exchange().await;
    }
    let (status, body) = answered(bench.chat(json!({})).bearer_auth(key.reveal())).await;
    assert_eq!(
        (status, &body["error"]["type"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("tokens"))
    );
    bench.end().await;
}

#[tokio::test]
async fn a_key_may_ask_only_so_much_at_the_same_time() {
    let gone = tokio_util::sync::CancellationToken::new();
    let miner = miner(0, vec![Step::Say("begun"), Step::Hang(gone)]).await;
    let (folder, clock) = (TempDir::new().unwrap(), TestClock::at_noon());
    let quotas = Quotas {
        concurrent: Some(1),
        ..Quotas::default()
    };
    let (_, key) = KeyStore::at(folder.path())
        .create(named("ada", quotas), SystemTime::now())
        .unwrap();
    let mut bench = open(&miner, folder.path(), &clock).await;
    let ask = |bench: &Bench| {
        bench
            .chat(json!({"stream": true}))
            .bearer_auth(key.reveal())
            .send()
    };
    let first = ask(&bench).await.unwrap();
    assert_eq!(ask(&bench).await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    drop(first);
    bench.exchange().await;
    assert_eq!(ask(&bench).await.unwrap().status(), StatusCode::OK);
    bench.stop.cancel();
}

/// Nobody to ask.
struct Nobody;

impl Backend for Nobody {
    fn candidates(
        &self,
        _: Arc<Question>,
        _: usize,
        _: tokio::time::Instant,
    ) -> BoxFuture<'_, Result<Vec<Candidate>, BackendError>> {
        Box::pin(std::future::ready(Err(BackendError::NoMiners)))
    }
}

#[tokio::test]
async fn a_gateway_that_would_be_unsafe_does_not_start() {
    let bind = |config| Gateway::bind(config, Arc::new(Nobody), Arc::new(Forgetful));
    let mut config = GatewayConfig::without_keys("subnet");
    config.listen = "0.0.0.0:0".parse().unwrap();
    assert!(matches!(
        bind(config).await.unwrap_err(),
        GatewayError::Open { .. }
    ));

    let folder = TempDir::new().unwrap();
    let mut config = GatewayConfig::with_keys(folder.path(), "subnet");
    config.listen = "127.0.0.1:0".parse().unwrap();
    let first = bind(config.clone()).await.unwrap();
    let second = bind(config.clone()).await.unwrap_err();
    assert!(
        matches!(second, GatewayError::Ledger(LedgerError::InUse { .. })),
        "{second}"
    );
    drop(first);
    config.models.clear();
    assert!(matches!(bind(config).await.unwrap_err(), GatewayError::NoModel));
}

#[tokio::test]
async fn without_keys_only_this_machine_is_served() {
    let miner = answering().await;
    let bench = Bench::open(&[&miner.listed], |_| {}).await;
    let (status, _) = answered(bench.chat(json!({}))).await;
    assert_eq!(status, StatusCode::OK);
    // A page whose name resolves to this machine.
    let (status, _) = answered(bench.chat(json!({})).header("host", "evil.example")).await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    // What a page may send without asking the browser's leave.
    let plain = bench
        .client
        .post(bench.url("/v1/chat/completions"))
        .header("content-type", "text/plain");
    let (status, _) = answered(plain.body("{}")).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    bench.end().await;
}
