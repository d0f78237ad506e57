//! What a gateway logs, at the most talkative level, with all the libraries under it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_gateway::{
    GatewayConfig,
    keys::{KeyStore, NewKey},
};
use reqwest::StatusCode;
use serde_json::json;
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::SystemTime,
};
use subnet::{Bench, Step, answered, miner};
use tempfile::TempDir;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_has_a_text_or_a_key() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let good = miner(0, vec![Step::Say("the confidential answer")]).await;
    let breaking = miner(1, vec![Step::Say("confidential too"), Step::Pause, Step::Break]).await;
    let folder = TempDir::new().unwrap();
    let new = NewKey {
        name: "ada".to_owned(),
        ..NewKey::default()
    };
    let (_, key) = KeyStore::at(folder.path())
        .create(new, SystemTime::now())
        .unwrap();
    let mut bench = Bench::with(
        &[&good.listed, &breaking.listed],
        GatewayConfig::with_keys(folder.path(), "subnet"),
    )
    .await;
    bench.sink.cancel();
    let wrong = "sk-assay-nobodyskey";
    let question = json!([{"role": "user", "content": "a confidential question"}]);
    for (key, more, status) in [
        (key.reveal(), json!({"messages": question}), StatusCode::OK),
        (
            key.reveal(),
            json!({"messages": "confidential"}),
            StatusCode::BAD_REQUEST,
        ),
        (key.reveal(), json!({"confidential": 1}), StatusCode::BAD_REQUEST),
        (wrong, json!({"messages": question}), StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(answered(bench.chat(more).bearer_auth(key)).await.0, status);
    }
    bench.exchange().await;
    bench.end().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a chat ended") && log.contains("ada"), "{log}");
    for secret in ["confidential", key.reveal(), wrong] {
        let shown = log.lines().find(|line| line.contains(secret));
        assert_eq!(shown, None);
    }
}
