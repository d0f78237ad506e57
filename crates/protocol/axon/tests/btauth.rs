//! btauth/1 as bittensor 11 speaks it (`vectors/wire/btauth.json`), every row.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::{
    BodyDigest, BtauthClaim, BtauthError, BtauthPolicy, FreshnessWindow, HeaderProblem, MalformedHeader,
    ReceiverProblem, ReplayLimits, ReplayStore, Stale, UnixNanos, sign_btauth,
};
use assay_keys::{AccountId, Pair, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, uri::PathAndQuery};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use std::time::Duration;

const NOW: UnixNanos = UnixNanos(1_732_089_592_345_678_901);

fn vectors() -> Value {
    serde_json::from_str(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../vectors/wire/btauth.json"
    )))
    .unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}

fn headers(value: &Value) -> HeaderMap {
    let pairs = value.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| -> (HeaderName, HeaderValue) {
            (name.parse().unwrap(), text(value).parse().unwrap())
        })
        .collect()
}

fn target(text: &str) -> PathAndQuery {
    text.parse().unwrap()
}

fn store() -> ReplayStore {
    ReplayStore::in_memory(ReplayLimits::default())
}

fn sender() -> Pair {
    Pair::from_mnemonic(assay_keys::DEV_PHRASE, Scheme::Sr25519, None).unwrap()
}

fn own() -> AccountId {
    "5EPCUjPxiHAcNooYipQFWr9NmmXJKpNG5RhcntXwbtUySrgH"
        .parse()
        .unwrap()
}

/// The whole way of a request.
fn receive(
    headers: &HeaderMap,
    policy: &BtauthPolicy,
    own: &AccountId,
    request: (&Method, &PathAndQuery, &[u8]),
    store: &mut ReplayStore,
    now: UnixNanos,
) -> Result<AccountId, BtauthError> {
    let (method, target, body) = request;
    BtauthClaim::parse(headers)?
        .check(policy, own, now)?
        .verify(method, target, &BodyDigest::of(body))?
        .accept(store, now)
}

#[test]
fn recorded_requests_have_our_message_and_verify() {
    let vectors = vectors();
    assert_eq!(
        sender().account().to_string(),
        text(&vectors["signer"]),
        "the signer's phrase"
    );
    let rows = vectors["signed"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let name = text(&row["name"]);
        let claim = BtauthClaim::parse(&headers(&row["headers"])).unwrap();
        let method: Method = text(&row["method"]).parse().unwrap();
        let target = target(text(&row["path"]));
        let body = BodyDigest::of(text(&row["body_utf8"]).as_bytes());
        let message = claim.message(&method, &target, &body);
        assert_eq!(message, text(&row["payload_utf8"]), "{name}");
        assert_eq!(hex::encode(&message), text(&row["payload_hex"]), "{name}");
        let policy = BtauthPolicy {
            require_receiver: false,
            ..BtauthPolicy::default()
        };
        let receiver = claim.receiver().copied();
        let proven = claim
            .check(&policy, &own(), NOW)
            .unwrap()
            .verify(&method, &target, &body)
            .unwrap();
        assert_eq!(proven.sender().to_string(), text(&vectors["signer"]), "{name}");

        // Ours has the same headers but for the signature, which is another each time.
        let signed = sign_btauth(&sender(), &method, &target, &body, receiver, NOW);
        let mut expected = headers(&row["headers"]);
        let mut without = signed.clone();
        expected.remove("x-bittensor-signature");
        without.remove("x-bittensor-signature");
        assert_eq!(without, expected, "{name}");
        let request = (&method, &target, text(&row["body_utf8"]).as_bytes());
        receive(&signed, &policy, &own(), request, &mut store(), NOW).unwrap();
    }
}

#[test]
fn verify_cases_end_as_in_bittensor() {
    let vectors = vectors();
    let rows = vectors["verify_cases"].as_array().unwrap();
    assert_eq!(rows.len(), 27);
    let mut kept = store();
    for row in rows {
        let name = text(&row["name"]);
        let args = &row["args"];
        let policy = BtauthPolicy {
            require_receiver: args
                .get("require_receiver")
                .is_none_or(|value| text(value) != "False"),
            ..BtauthPolicy::default()
        };
        let own: AccountId = text(&args["self_hotkey_ss58"]).parse().unwrap();
        let method: Method = text(&args["method"]).parse().unwrap();
        let target = target(text(&args["path"]));
        let body = text(&row["body_utf8"]).as_bytes();
        let now = UnixNanos(text(&args["now_ns"]).parse().unwrap());
        // Only these two share a store.
        let mut fresh = store();
        let store = if name.starts_with("replay_") {
            &mut kept
        } else {
            &mut fresh
        };
        let outcome = receive(
            &headers(&row["headers"]),
            &policy,
            &own,
            (&method, &target, body),
            store,
            now,
        );
        let wanted = text(&row["result"]);
        let class = match outcome {
            Ok(caller) => format!("ok {caller}"),
            Err(error) => {
                assert_eq!(
                    error.status() == StatusCode::FORBIDDEN,
                    wanted.starts_with("WrongReceiver"),
                    "{name}"
                );
                match error {
                    BtauthError::MalformedAuth(_) => "MalformedAuth",
                    BtauthError::WrongReceiver(_) => "WrongReceiver",
                    BtauthError::StaleRequest(_) => "StaleRequest",
                    BtauthError::BadSignature => "BadSignature",
                    BtauthError::ReplayedRequest => "ReplayedRequest",
                    other => panic!("{name}: {other}"),
                }
                .to_owned()
            }
        };
        assert_eq!(class, wanted.split(':').next().unwrap(), "{name}");
    }
}

#[test]
fn the_defaults_are_bittensors() {
    let defaults = &vectors()["defaults"];
    let seconds = |name: &str| Duration::from_secs_f64(defaults[name].as_f64().unwrap());
    let window = FreshnessWindow::new(
        seconds("max_age_s"),
        seconds("allowed_skew_s"),
        seconds("store_retention_s"),
    );
    assert_eq!(BtauthPolicy::default().window, window.unwrap());
    assert!(BtauthPolicy::default().require_receiver);
}

#[test]
fn a_window_longer_than_the_memory_is_refused() {
    let seconds = Duration::from_secs;
    assert!(FreshnessWindow::new(seconds(58), seconds(2), seconds(60)).is_ok());
    assert!(FreshnessWindow::new(seconds(59), seconds(2), seconds(60)).is_err());
    assert!(FreshnessWindow::new(Duration::MAX, seconds(2), seconds(60)).is_err());
}

#[test]
fn a_slow_body_cannot_outlive_the_memory_of_its_twin() {
    let (method, target) = (Method::POST, target("/x"));
    let body = BodyDigest::of(b"x");
    let headers = sign_btauth(&sender(), &method, &target, &body, Some(own()), NOW);
    let policy = BtauthPolicy::default();
    let mut store = store();
    let at = |seconds| NOW.plus(Duration::from_secs(seconds));
    receive(
        &headers,
        &policy,
        &own(),
        (&method, &target, b"x"),
        &mut store,
        NOW,
    )
    .unwrap();
    // The copy's headers come in time, and its body when the store has forgotten.
    let copy = BtauthClaim::parse(&headers)
        .unwrap()
        .check(&policy, &own(), at(10))
        .unwrap()
        .verify(&method, &target, &body)
        .unwrap();
    assert!(matches!(
        copy.clone().accept(&mut store, at(60)),
        Err(BtauthError::ReplayedRequest)
    ));
    assert!(matches!(
        copy.accept(&mut store, at(61)),
        Err(BtauthError::StaleRequest(Stale::SlowBody { .. }))
    ));
}

#[test]
fn ed25519_is_announced_and_verified() {
    let pair = Pair::from_uri("//Alice", Scheme::Ed25519).unwrap();
    let (method, target) = (Method::GET, target("/status?a=1"));
    let headers = sign_btauth(&pair, &method, &target, &BodyDigest::of(b""), Some(own()), NOW);
    assert_eq!(headers["x-bittensor-crypto"], "ed25519");
    let request = (&method, &target, b"".as_slice());
    let caller = receive(
        &headers,
        &BtauthPolicy::default(),
        &own(),
        request,
        &mut store(),
        NOW,
    );
    assert_eq!(caller.unwrap(), pair.account());
}

#[test]
fn another_address_of_the_same_key_is_the_same_caller() {
    let pair = sender();
    let address = pair.account().to_ss58(assay_keys::Ss58Prefix::new(0).unwrap());
    let (method, target) = (Method::POST, target("/x"));
    let body = BodyDigest::of(b"x");
    let mut headers = sign_btauth(&pair, &method, &target, &body, Some(own()), NOW);
    let mut store = store();
    let request = (&method, &target, b"x".as_slice());
    let policy = BtauthPolicy::default();
    receive(&headers, &policy, &own(), request, &mut store, NOW).unwrap();

    headers.insert("x-bittensor-hotkey", address.parse().unwrap());
    let claim = BtauthClaim::parse(&headers).unwrap();
    assert_eq!(*claim.sender(), pair.account());
    // The address is part of what is signed.
    let error = receive(&headers, &policy, &own(), request, &mut store, NOW).unwrap_err();
    assert!(matches!(error, BtauthError::BadSignature));
    let signature = pair.sign(claim.message(&method, &target, &body).as_bytes());
    headers.insert("x-bittensor-signature", signature.to_string().parse().unwrap());
    let error = receive(&headers, &policy, &own(), request, &mut store, NOW).unwrap_err();
    assert!(matches!(error, BtauthError::ReplayedRequest));
}

#[test]
fn doubtful_headers_are_refused() {
    let good = headers(&vectors()["signed"][0]["headers"]);
    let problem = |change: &dyn Fn(&mut HeaderMap)| {
        let mut headers = good.clone();
        change(&mut headers);
        BtauthClaim::parse(&headers).unwrap_err()
    };
    let refused = |header, problem| MalformedHeader { header, problem };
    assert_eq!(
        problem(&|headers| assert!(headers.append("x-bittensor-nonce", "1".parse().unwrap()))),
        refused("x-bittensor-nonce", HeaderProblem::Repeated)
    );
    for nonce in ["", "+5", "-5", "007", "1.0", "18446744073709551616", " 5", "٣"] {
        let value = HeaderValue::from_bytes(nonce.as_bytes()).unwrap();
        let found = problem(&|headers| drop(headers.insert("x-bittensor-nonce", value.clone())));
        assert_eq!(found.header, "x-bittensor-nonce", "{nonce}");
    }
    let key = format!("0x{}", hex::encode(own().0));
    for address in ["-", "", &key] {
        assert_eq!(
            problem(&|headers| drop(headers.insert("x-bittensor-receiver", address.parse().unwrap()))),
            refused("x-bittensor-receiver", HeaderProblem::Address)
        );
    }
}

#[test]
fn the_receiver_is_looked_at_before_the_time() {
    let claim = BtauthClaim::parse(&headers(&vectors()["signed"][0]["headers"])).unwrap();
    let other = AccountId([7; 32]);
    let error = claim
        .check(&BtauthPolicy::default(), &other, UnixNanos(0))
        .unwrap_err();
    assert!(matches!(
        error,
        BtauthError::WrongReceiver(ReceiverProblem::Other)
    ));
}

proptest! {
    #[test]
    fn no_header_makes_the_reader_panic(
        changes in vec((0_usize..6, vec(prop_oneof![any::<u8>(), b'0'..=b'9'], 0..70), any::<bool>()), 0..6),
        now in any::<u64>(),
    ) {
        let names = ["version", "hotkey", "nonce", "signature", "receiver", "crypto"];
        let mut headers = headers(&vectors()["signed"][0]["headers"]);
        for (name, value, append) in changes {
            let name: HeaderName = format!("x-bittensor-{}", names[name]).parse().unwrap();
            match HeaderValue::from_bytes(&value) {
                Ok(value) if append => { headers.append(name, value); }
                Ok(value) => { headers.insert(name, value); }
                Err(_) => { headers.remove(name); }
            }
        }
        let request = (&Method::POST, &PathAndQuery::from_static("/"), b"".as_slice());
        let _ = receive(&headers, &BtauthPolicy::default(), &own(), request, &mut store(), UnixNanos(now));
    }
}
