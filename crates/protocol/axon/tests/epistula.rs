//! Epistula v2 as its Python implementations speak it (`vectors/wire/epistula.json`), every row.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::{
    BodyDigest, EpistulaClaim, EpistulaError, EpistulaPolicy, FreshnessWindow, HeaderProblem,
    ReceiverProblem, ReplayLimits, ReplayStore, RequestUuid, Stale, UnixNanos,
    epistula::{SecretSpelling, UnixMillis, secret_messages},
    sign_epistula,
};
use assay_keys::{AccountId, Pair, Scheme, verify};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use std::time::Duration;

/// The timestamp of every row.
const SIGNED: UnixNanos = UnixNanos(1_732_089_592_345_000_000);
const BODY: &[u8] = b"{\"test\": \"value\"}";

fn vectors() -> Value {
    serde_json::from_str(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../vectors/wire/epistula.json"
    )))
    .unwrap()
}

fn rows() -> Vec<Value> {
    let rows = vectors()["rows"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 5);
    rows
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

/// Takes requests that name nobody too.
fn open_policy() -> EpistulaPolicy {
    EpistulaPolicy {
        require_receiver: false,
        ..EpistulaPolicy::default()
    }
}

fn strict_policy() -> EpistulaPolicy {
    EpistulaPolicy {
        require_secret_signature: true,
        ..EpistulaPolicy::default()
    }
}

fn receive(
    headers: &HeaderMap,
    policy: &EpistulaPolicy,
    body: &[u8],
    store: &mut ReplayStore,
    now: UnixNanos,
) -> Result<AccountId, EpistulaError> {
    EpistulaClaim::parse(headers)?
        .check(policy, &own(), now)?
        .verify(&BodyDigest::of(body))?
        .accept(store, now)
}

#[test]
fn recorded_requests_have_our_messages_and_verify() {
    let vectors = vectors();
    let (signer, receiver) = (text(&vectors["signer"]), text(&vectors["receiver"]));
    assert_eq!(sender().account().to_string(), signer);
    assert_eq!(own().to_string(), receiver);
    for (index, row) in rows().iter().enumerate() {
        let recorded = headers(&row["headers"]);
        let body = text(&row["body_utf8"]).as_bytes();
        let digest = BodyDigest::of(body);
        assert_eq!(digest.to_string(), text(&row["body_sha256"]), "row {index}");
        let claim = EpistulaClaim::parse(&recorded).unwrap();
        assert_eq!(claim.time(), UnixMillis::of(SIGNED), "row {index}");
        assert_eq!(
            claim.message(&digest),
            text(&row["request_message"]),
            "row {index}"
        );

        let spelled = |name: &str| -> Vec<String> {
            let messages = row[name].as_array().unwrap().iter();
            messages.map(|message| text(message).to_owned()).collect()
        };
        let python = spelled("secret_messages_python");
        if claim.receiver().is_some() {
            let ours = secret_messages(SecretSpelling::Python, claim.time(), receiver);
            assert_eq!(ours.as_slice(), python, "row {index}");
            for (message, signature) in ours.iter().zip(claim.secret_signatures()) {
                let signature = signature.as_ref().unwrap();
                assert!(verify(
                    claim.sender(),
                    Scheme::Sr25519,
                    message.as_bytes(),
                    signature
                ));
            }
            // The file leaves open whom the Go messages name.
            let placeholder = "<receiver or signer ss58, differs per implementation>";
            let ours = secret_messages(SecretSpelling::Go, claim.time(), placeholder);
            assert_eq!(
                ours.as_slice(),
                spelled("secret_messages_go_targon"),
                "row {index}"
            );
        } else {
            assert_eq!(python, Vec::<String>::new());
            assert_eq!(*claim.secret_signatures(), [None; 3]);
        }
        let receiver = claim.receiver().copied();
        let uuid = claim.uuid().clone();
        let policy = match receiver {
            Some(_) => strict_policy(),
            None => open_policy(),
        };
        let caller = receive(&recorded, &policy, body, &mut store(), SIGNED).unwrap();
        assert_eq!(caller.to_string(), signer, "row {index}");

        // Ours has the same headers but for the signatures, which are others each time.
        let signed = sign_epistula(&sender(), &digest, receiver, &uuid, SIGNED);
        receive(&signed, &policy, body, &mut store(), SIGNED).unwrap();
        let without_signatures = |headers: &HeaderMap| -> HeaderMap {
            let pairs = headers.iter();
            let mut kept: HeaderMap = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
            for (name, value) in &mut kept {
                if name.as_str().contains("signature") {
                    *value = HeaderValue::from_static("");
                }
            }
            kept
        };
        assert_eq!(
            without_signatures(&signed),
            without_signatures(&recorded),
            "row {index}"
        );
    }
}

#[test]
fn a_changed_part_breaks_the_signature() {
    let good = headers(&rows()[0]["headers"]);
    let policy = EpistulaPolicy::default();
    receive(&good, &policy, BODY, &mut store(), SIGNED).unwrap();
    let refused = |headers: &HeaderMap, body: &[u8]| {
        let error = receive(headers, &policy, body, &mut store(), SIGNED).unwrap_err();
        assert!(matches!(error, EpistulaError::BadSignature), "{error}");
        assert_eq!(error.status(), 400);
        assert!(!error.to_string().contains("71e1ec59"), "{error}");
    };
    refused(&good, b"{}");
    for (name, value) in [
        ("epistula-uuid", "0b6a9c9e-3c0f-4d0e-9e53-3f5d3f0c1a12"),
        // The same uuid in another spelling would be another entry in the store.
        ("epistula-uuid", "0B6A9C9E-3C0F-4D0E-9E53-3F5D3F0C1A11"),
        ("epistula-timestamp", "1732089592346"),
        (
            "epistula-signed-by",
            "5EPCUjPxiHAcNooYipQFWr9NmmXJKpNG5RhcntXwbtUySrgH",
        ),
        // The same key with prefix 0.
        (
            "epistula-signed-for",
            &own().to_ss58(assay_keys::Ss58Prefix::new(0).unwrap()),
        ),
    ] {
        let mut headers = good.clone();
        headers.insert(name, value.parse().unwrap());
        refused(&headers, BODY);
    }
}

#[test]
fn the_receiver_must_be_this_axon() {
    let (bound, unbound) = (headers(&rows()[0]["headers"]), headers(&rows()[1]["headers"]));
    let other = AccountId([7; 32]);
    for policy in [EpistulaPolicy::default(), open_policy()] {
        let claim = EpistulaClaim::parse(&bound).unwrap();
        let error = claim.check(&policy, &other, SIGNED).unwrap_err();
        assert!(matches!(
            error,
            EpistulaError::WrongReceiver(ReceiverProblem::Other)
        ));
    }
    let mut empty = unbound.clone();
    empty.insert("epistula-signed-for", "".parse().unwrap());
    for headers in [unbound, empty] {
        let error = receive(&headers, &EpistulaPolicy::default(), BODY, &mut store(), SIGNED).unwrap_err();
        assert!(matches!(
            error,
            EpistulaError::WrongReceiver(ReceiverProblem::Absent)
        ));
        receive(&headers, &open_policy(), BODY, &mut store(), SIGNED).unwrap();
    }
}

#[test]
fn the_window_is_eight_seconds_back_and_two_ahead() {
    let good = headers(&rows()[0]["headers"]);
    let policy = EpistulaPolicy::default();
    let seconds = Duration::from_secs;
    let at = |now| receive(&good, &policy, BODY, &mut store(), now);
    let nanosecond = Duration::from_nanos(1);
    at(SIGNED.plus(seconds(8))).unwrap();
    at(SIGNED.minus(seconds(2))).unwrap();
    assert!(matches!(
        at(SIGNED.plus(seconds(8) + nanosecond)),
        Err(EpistulaError::StaleRequest(Stale::Old { .. }))
    ));
    assert!(matches!(
        at(SIGNED.minus(seconds(2) + nanosecond)),
        Err(EpistulaError::StaleRequest(Stale::Future { .. }))
    ));
    let window = FreshnessWindow::new(seconds(8), seconds(2), seconds(60));
    assert_eq!(policy.window, window.unwrap());
}

#[test]
fn a_uuid_is_accepted_once_and_only_when_the_request_is_good() {
    let good = headers(&rows()[0]["headers"]);
    let policy = EpistulaPolicy::default();
    let mut store = store();
    // A forged one with the same uuid takes nothing from the good one.
    receive(&good, &policy, b"{}", &mut store, SIGNED).unwrap_err();
    assert!(store.is_empty());
    receive(&good, &policy, BODY, &mut store, SIGNED).unwrap();
    let again = receive(
        &good,
        &policy,
        BODY,
        &mut store,
        SIGNED.plus(Duration::from_secs(8)),
    );
    assert!(matches!(again, Err(EpistulaError::ReplayedRequest)));
    let slow = EpistulaClaim::parse(&good)
        .unwrap()
        .check(&policy, &own(), SIGNED)
        .unwrap()
        .verify(&BodyDigest::of(BODY))
        .unwrap()
        .accept(&mut store, SIGNED.plus(Duration::from_secs(61)));
    assert!(matches!(
        slow,
        Err(EpistulaError::StaleRequest(Stale::SlowBody { .. }))
    ));
}

#[test]
fn secret_signatures_are_taken_in_both_spellings() {
    let (pair, body) = (sender(), BodyDigest::of(BODY));
    let good = sign_epistula(&pair, &body, Some(own()), &RequestUuid::random(), SIGNED);
    let spelling = |headers: &HeaderMap| {
        EpistulaClaim::parse(headers)
            .unwrap()
            .secret_spelling(Scheme::Sr25519)
    };
    assert_eq!(spelling(&good), Some(SecretSpelling::Python));
    for named in [own(), pair.account()] {
        let mut headers = good.clone();
        let [_, message, _] = secret_messages(SecretSpelling::Go, UnixMillis::of(SIGNED), &named.to_string());
        let signature = pair.sign(message.as_bytes()).to_string();
        headers.insert("epistula-secret-signature-1", signature.parse().unwrap());
        assert_eq!(spelling(&headers), Some(SecretSpelling::Go));
        receive(&headers, &strict_policy(), BODY, &mut store(), SIGNED).unwrap();
    }
    let mut neighbour = good.clone();
    neighbour.insert(
        "epistula-secret-signature-1",
        good["epistula-secret-signature-0"].clone(),
    );
    let mut unreadable = good.clone();
    unreadable.insert("epistula-secret-signature-1", "0x00".parse().unwrap());
    let mut missing = good.clone();
    missing.remove("epistula-secret-signature-1");
    for headers in [neighbour, unreadable, missing] {
        assert_eq!(spelling(&headers), None);
        let error = receive(&headers, &strict_policy(), BODY, &mut store(), SIGNED).unwrap_err();
        assert!(matches!(error, EpistulaError::BadSecretSignature), "{error}");
        // Who does not ask for them does not miss them.
        receive(&headers, &EpistulaPolicy::default(), BODY, &mut store(), SIGNED).unwrap();
    }
}

#[test]
fn a_time_on_the_border_of_an_interval_belongs_to_it() {
    for (millis, python, go) in [
        (1_732_089_600_000, "1732089600000.0.x", "173208960.x"),
        (1_732_089_600_001, "1732089610000.0.x", "173208961.x"),
        (0, "0.0.x", "0.x"),
    ] {
        let time = UnixMillis(millis);
        assert_eq!(secret_messages(SecretSpelling::Python, time, "x")[1], python);
        assert_eq!(secret_messages(SecretSpelling::Go, time, "x")[1], go);
    }
}

#[test]
fn ed25519_callers_need_a_policy_that_says_so() {
    let pair = Pair::from_uri("//Alice", Scheme::Ed25519).unwrap();
    let body = BodyDigest::of(BODY);
    let headers = sign_epistula(&pair, &body, Some(own()), &RequestUuid::random(), SIGNED);
    let policy = EpistulaPolicy {
        scheme: Scheme::Ed25519,
        ..strict_policy()
    };
    receive(&headers, &policy, BODY, &mut store(), SIGNED).unwrap();
    let error = receive(&headers, &EpistulaPolicy::default(), BODY, &mut store(), SIGNED).unwrap_err();
    assert!(matches!(error, EpistulaError::BadSignature));
}

#[test]
fn malformed_headers_are_named() {
    let good = headers(&rows()[0]["headers"]);
    for (header, value, problem) in [
        ("epistula-version", "1", HeaderProblem::Unsupported),
        ("epistula-timestamp", "1732089592345.0", HeaderProblem::Number),
        (
            "epistula-uuid",
            "0b6a9c9e3c0f4d0e9e533f5d3f0c1a11",
            HeaderProblem::Uuid,
        ),
        (
            "epistula-uuid",
            "0b6a9c9e-3c0f-4d0e-9e53-3f5d3f0c1a1.",
            HeaderProblem::Uuid,
        ),
        ("epistula-signed-by", "nobody", HeaderProblem::Address),
        ("epistula-signed-for", "nobody", HeaderProblem::Address),
        ("epistula-request-signature", "0x00", HeaderProblem::Signature),
    ] {
        let mut headers = good.clone();
        headers.insert(header, value.parse().unwrap());
        let error = EpistulaClaim::parse(&headers).unwrap_err();
        assert_eq!((error.header, error.problem), (header, problem));
        headers.append(header, value.parse().unwrap());
        let error = EpistulaClaim::parse(&headers).unwrap_err();
        assert_eq!((error.header, error.problem), (header, HeaderProblem::Repeated));
        headers.remove(header);
        if header != "epistula-signed-for" {
            let error = EpistulaClaim::parse(&headers).unwrap_err();
            assert_eq!((error.header, error.problem), (header, HeaderProblem::Missing));
        }
    }
}

proptest! {
    #[test]
    fn no_header_makes_the_reader_panic(
        changes in vec((0_usize..9, vec(prop_oneof![any::<u8>(), b'0'..=b'9'], 0..70), any::<bool>()), 0..6),
        now in any::<u64>(),
    ) {
        let mut headers = headers(&rows()[0]["headers"]);
        let names: Vec<HeaderName> = headers.keys().cloned().collect();
        for (name, value, append) in changes {
            let name = names[name].clone();
            match HeaderValue::from_bytes(&value) {
                Ok(value) if append => { headers.append(name, value); }
                Ok(value) => { headers.insert(name, value); }
                Err(_) => { headers.remove(name); }
            }
        }
        let _ = receive(&headers, &strict_policy(), BODY, &mut store(), UnixNanos(now));
    }

    #[test]
    fn no_time_makes_the_secret_messages_panic(millis in any::<u64>()) {
        for spelling in [SecretSpelling::Python, SecretSpelling::Go] {
            let _ = secret_messages(spelling, UnixMillis(millis), "x");
        }
        let _ = UnixMillis(millis).moment();
    }
}
