//! fiber, which axons here do not speak (`vectors/wire/fiber.json`): its formulas hold with our keys, and a request in it
//! is refused by name, in every mode of it and in every manner of the axon's.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[allow(dead_code, reason = "other tests stream")]
mod echo;

use assay_axon::{
    BodyDigest, Dialect, DialectError,
    server::{Asked, Axon, AxonConfig, Route, Synapse},
};
use assay_keys::{AccountId, DEV_PHRASE, Pair, Scheme, Signature, verify};
use echo::Echo;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/wire/fiber.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}

fn headers(row: &Value) -> HeaderMap {
    let pairs = row["headers"].as_object().unwrap().iter();
    pairs
        .map(|(name, value)| -> (HeaderName, HeaderValue) {
            (name.parse().unwrap(), text(value).parse().unwrap())
        })
        .collect()
}

#[test]
fn recorded_requests_have_the_texts_that_are_described_and_verify() {
    let vector = vector();
    let signer: AccountId = text(&vector["signer"]).parse().unwrap();
    assert_eq!(text(&vector["signer_mnemonic"]), DEV_PHRASE);
    let pair = Pair::from_mnemonic(DEV_PHRASE, Scheme::Sr25519, None).unwrap();
    assert_eq!(pair.account(), signer);

    let rows = vector["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let said = |name: &str| text(&row["headers"][name]);
        assert_eq!(said("validator-hotkey"), text(&vector["signer"]));
        assert_eq!(said("miner-hotkey"), text(&vector["receiver"]));
        let (time, random) = said("nonce").split_once('_').unwrap();
        assert!(
            time.parse::<u64>()
                .is_ok_and(|time| time > 1_700_000_000_000_000_000)
        );
        assert!(random.len() == 10 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()));

        // Plain, the signature covers the body; encrypted, the name of the key in its place.
        let last = match text(&row["mode"]) {
            "plain" => BodyDigest::of(text(&row["body_utf8"]).as_bytes()).to_string(),
            "encrypted" => said("symmetric-key-uuid").to_owned(),
            other => panic!("{other}"),
        };
        let message = format!("{}:{}:{last}", said("nonce"), said("miner-hotkey"));
        assert_eq!(message, text(&row["signed_message"]));
        let signature: Signature = said("signature").parse().unwrap();
        let holds = |message: &str| verify(&signer, Scheme::Sr25519, message.as_bytes(), &signature);
        assert!(holds(&message));
        assert!(!holds(&message.replace(random, "0000000000")));
    }
}

#[test]
fn it_is_known_by_its_headers_and_never_taken_for_unsigned() {
    for row in vector()["rows"].as_array().unwrap() {
        let mut headers = headers(row);
        assert_eq!(Dialect::of(&headers), Err(DialectError::Fiber));
        // A dialect that is spoken counts, whatever stands beside it.
        headers.insert("epistula-version", HeaderValue::from_static("2"));
        assert_eq!(Dialect::of(&headers), Ok(Dialect::Epistula));
    }
}

/// The first answer to a head whose body never comes.
async fn answer_to_head(address: SocketAddr, headers: &HeaderMap) -> String {
    let mut head = format!(
        "POST /{} HTTP/1.1\r\nhost: axon\r\ncontent-length: 16\r\n",
        Echo::NAME
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}

#[tokio::test]
async fn an_axon_refuses_it_by_name_before_it_reads_the_body() {
    for config in [AxonConfig::default(), AxonConfig::bittensor10()] {
        let axon = Axon::build(Pair::from_uri("//Bob", Scheme::Sr25519).unwrap(), config)
            .route(Route::new(async |asked: Asked<Echo>| Ok(asked.synapse)))
            .listen(&["127.0.0.1:0".parse().unwrap()])
            .await
            .unwrap();
        for row in vector()["rows"].as_array().unwrap() {
            let answer = answer_to_head(axon.addresses()[0], &headers(row)).await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
            assert!(
                answer.contains("fiber") && answer.contains("Epistula"),
                "{answer}"
            );
            assert!(!answer.contains("not signed"), "{answer}");
        }
        axon.stop().await;
    }
}
