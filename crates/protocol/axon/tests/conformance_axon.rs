//! The Python SDKs, unmodified, ask our axon: the dendrite of 10.5, and what 11.3 signs.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod echo;

use assay_axon::{
    BodyDigest, Caller, Identity, UnixNanos,
    server::{Access, Asked, Axon, AxonConfig, Blacklisted, Failure, Route},
    sign_btauth,
};
use assay_keys::{Pair, Scheme};
use assay_peers::Python;
use echo::{Echo, streamed};
use http::{Method, uri::PathAndQuery};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

fn pair(name: &str) -> Pair {
    Pair::from_uri(name, Scheme::Sr25519).unwrap()
}

struct NotEve;

impl Access for NotEve {
    fn admit(&self, caller: &Caller, _route: &str) -> Result<(), Blacklisted> {
        if caller.identity == Identity::Hotkey(pair("//Eve").account()) {
            let reason = "not in metagraph".to_owned();
            return Err(Blacklisted { reason });
        }
        Ok(())
    }
}

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    if echo.text == "sleep" {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

/// An axon of Bob's, and what a script printed about it by the names of its steps.
fn asked(script: impl FnOnce(&Axon) -> Vec<Value>) -> BTreeMap<String, Value> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let axon = runtime.block_on(async {
        Axon::build(pair("//Bob"), AxonConfig::default())
            .access(NotEve)
            .route(Route::new(reversed))
            .route(Route::streaming(streamed))
            .listen(&["127.0.0.1:0".parse().unwrap()])
            .await
            .unwrap()
    });
    let lines = script(&axon);
    runtime.block_on(axon.stop());
    lines
        .into_iter()
        .map(|line| (line["step"].as_str().unwrap().to_owned(), line))
        .collect()
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn the_dendrite_of_bittensor_10_is_answered() {
    let seen = asked(|axon| {
        let address = axon.addresses()[0];
        Python::venv("sdk10")
            .script("conformance/sdk10/dendrite_ask.py")
            .arg(address.ip().to_string())
            .arg(address.port().to_string())
            .arg(pair("//Bob").account().to_string())
            .arg(pair("//Charlie").account().to_string())
            .run()
    });
    for (step, reply) in [
        ("plain", "olleh".to_owned()),
        ("unicode", "𝄞\u{a0}\n\"'→ß".to_owned()),
        ("long", "x".repeat(60_000)),
    ] {
        assert_eq!(seen[step]["status"], 200, "{}", seen[step]);
        assert_eq!(seen[step]["reply"], json!(reply), "{step}");
    }
    for (step, status, message) in [
        (
            "blacklisted",
            403,
            "Forbidden. Key is blacklisted: not in metagraph.",
        ),
        ("other axon", 401, "Not Verified with error: Signature mismatch"),
        ("unknown", 404, "no such route"),
    ] {
        let told = &seen[step];
        assert_eq!(
            (&told["status"], &told["message"]),
            (&json!(status), &json!(message)),
            "{step}"
        );
    }
    let stream = &seen["stream"];
    assert_eq!(
        (&stream["status"], &stream["reply"]),
        (&json!(200), &json!("one two ß"))
    );
    // A broken one must not look like a whole one.
    let broken = &seen["broken stream"];
    assert_ne!(broken["status"], json!(200), "{broken}");
    assert_eq!(seen["slow"]["status"], 408, "{}", seen["slow"]);
    assert_eq!(seen["many"]["right"], 100);
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_11_signs_for_us_and_verifies_what_we_sign() {
    let bob = pair("//Bob").account();
    let signed = |name: &str, path: &'static str, body: &str, scheme: Scheme| {
        let sender = Pair::from_uri("//Alice", scheme).unwrap();
        let target = PathAndQuery::from_static(path);
        let digest = BodyDigest::of(body.as_bytes());
        let headers = sign_btauth(
            &sender,
            &Method::POST,
            &target,
            &digest,
            Some(bob),
            UnixNanos::now(),
        );
        let headers: BTreeMap<_, _> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        json!({"name": name, "method": "POST", "path": path, "body": body, "headers": headers})
    };
    let mut changed = signed("ours, changed", "/generate", "{}", Scheme::Sr25519);
    changed["body"] = json!("{ }");
    let requests = json!([
        signed("ours", "/generate?k=5", "{\"prompt\": \"ß\"}", Scheme::Sr25519),
        signed("ours, ed25519", "/generate", "", Scheme::Ed25519),
        changed,
    ]);
    let seen = asked(|axon| {
        Python::venv("sdk11")
            .script("conformance/sdk11/http_auth_ask.py")
            .arg(format!("http://{}", axon.addresses()[0]))
            .arg(bob.to_string())
            .arg(requests.to_string())
            .run()
    });
    for step in ["bound", "with a query"] {
        assert_eq!(seen[step]["status"], 200, "{}", seen[step]);
        assert_eq!(seen[step]["said"]["reply"], "olleh");
    }
    for step in ["again", "other body", "unbound", "other path"] {
        let status = seen[step]["status"].as_u64().unwrap();
        assert!(status == 401 || status == 403, "{step}: {}", seen[step]);
    }
    assert_eq!(
        seen["ours"]["caller"],
        json!(pair("//Alice").account().to_string())
    );
    let ed25519 = Pair::from_uri("//Alice", Scheme::Ed25519).unwrap().account();
    assert_eq!(seen["ours, ed25519"]["caller"], json!(ed25519.to_string()));
    assert_eq!(seen["ours, changed"]["refused"], "BadSignature");
}
