//! Heads of requests that real peers sent, and what the real axon made of hand-made ones.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

use assay_axon::{
    UnixNanos,
    synapse::{Freshness, HeadError, RequestText, ResponseText, Rules, SynapseHead, SynapseRefusal, verify},
};
use assay_keys::{AccountId, Scheme};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::time::Duration;

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn exchanges() -> Value {
    vectors(include_str!("../../../../vectors/wire/exchanges.json"))
}

fn rejections() -> Value {
    vectors(include_str!("../../../../vectors/wire/rejections.json"))
}

fn header_map<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    headers
        .into_iter()
        .map(|(name, value)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        })
        .collect()
}

/// A list of pairs, as captures have it.
fn captured(headers: &Value) -> HeaderMap {
    let pairs = headers.as_array().unwrap().iter();
    header_map(pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())))
}

/// An object, as hand-made requests have it.
fn described(headers: &Value) -> HeaderMap {
    let pairs = headers.as_object().unwrap().iter();
    header_map(pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap())))
}

fn account(text: &Value) -> AccountId {
    text.as_str().unwrap().parse().unwrap()
}

#[test]
fn every_captured_request_is_signed_over_the_text_that_its_head_says() {
    let exchanges = exchanges();
    let rules = Rules {
        receiver: account(&exchanges["axon_hotkey"]),
        freshness: Freshness::STRICT,
    };
    let mut verified = 0;
    for exchange in exchanges["exchanges"].as_array().unwrap() {
        let Some(headers) = exchange["request"].get("headers") else {
            continue;
        };
        let head = SynapseHead::from_headers(&captured(headers)).unwrap();
        let now = head.dendrite.signed_at().unwrap().plus(Duration::from_millis(20));
        let name = exchange["name"].as_str().unwrap();
        // A check of the miner's own refused one of them.
        let refused_by_python =
            exchange["result"]["axon"]["status_code"] == 401 && name != "verify_fn_rejects";
        match verify(&head, &rules, now) {
            Ok(caller) => {
                assert!(!refused_by_python, "{name}");
                assert_eq!(caller.hotkey, account(&exchanges["dendrite_hotkey"]), "{name}");
                verified += 1;
            }
            Err(refusal) => {
                assert!(refused_by_python, "{name}: {refusal}");
                assert_eq!(refusal, SynapseRefusal::Mismatch, "{name}");
            }
        }
    }
    assert!(verified >= 15, "{verified}");
}

#[test]
fn a_head_is_written_as_it_was_read() {
    let exchanges = exchanges();
    for exchange in exchanges["exchanges"].as_array().unwrap() {
        let Some(headers) = exchange["request"].get("headers") else {
            continue;
        };
        let theirs = captured(headers);
        let ours = SynapseHead::from_headers(&theirs).unwrap().to_headers();
        for (name, value) in &theirs {
            let told_by_http = [
                "host",
                "accept",
                "accept-encoding",
                "user-agent",
                "content-length",
                "content-type",
            ];
            let only_pythons = ["header_size", "total_size"];
            if !told_by_http.contains(&name.as_str()) && !only_pythons.contains(&name.as_str()) {
                assert_eq!(ours.get(name), Some(value), "{name} of {}", exchange["name"]);
            }
        }
    }
}

#[test]
fn stand_ins_are_the_empty_values_that_python_sends() {
    let vector = vectors(include_str!("../../../../vectors/wire/header_encoding.json"));
    let theirs = described(&vector["to_headers"]);
    let head = SynapseHead::from_headers(&theirs).unwrap();
    for object in &head.input_objects {
        assert_eq!(
            vector["decoded_input_objs"][&object.field],
            Value::String(object.empty.clone())
        );
        let made = assay_axon::synapse::InputObject::of(&object.field, &vector["synapse"][&object.field]);
        assert_eq!(made.as_ref(), Some(object));
        let header = theirs
            .get(format!("bt_header_input_obj_{}", object.field))
            .unwrap();
        assert_eq!(header.as_bytes(), STANDARD.encode(&object.empty).as_bytes());
    }
    assert_eq!(head.input_objects.len(), 6);
    let read = &vector["from_headers"];
    assert_eq!(serde_json::to_value(&head.dendrite).unwrap(), read["dendrite"]);
    assert_eq!(serde_json::to_value(&head.axon).unwrap(), read["axon"]);
    assert_eq!(head.timeout, read["timeout"].as_f64());
    assert_eq!(head.body_hash, read["computed_body_hash"].as_str().unwrap());
    assert_eq!(head.name.as_deref(), read["name"].as_str());
}

/// What the axon's clock showed, by the age that a case's name tells.
fn clock_of(case: &str, nonce: Option<u64>) -> UnixNanos {
    let nonce = UnixNanos(nonce.unwrap_or(1_795_162_185_389_590_148));
    let hour = Duration::from_secs(3_600);
    let age = match case {
        "nonce_1h_future" => return nonce.minus(hour),
        _ if case.starts_with("nonce_1h_old") => hour,
        _ if case.starts_with("nonce_17s_old") => Duration::from_secs(17),
        _ if case.starts_with("nonce_15s_old") => Duration::from_secs(15),
        "timeout_header_missing_5s_old" => Duration::from_secs(5),
        "timeout_header_missing_3s_old" => Duration::from_secs(3),
        _ => Duration::from_millis(1),
    };
    nonce.plus(age)
}

/// Cases that the original lets in, and that a strict axon does not: their age is unknown, far, or yet to come.
const UNSAFE: [&str; 4] = [
    "nonce_1h_old_timeout_1e9",
    "nonce_1h_old_version_7001999",
    "nonce_1h_old_no_version",
    "nonce_1h_future",
];

#[test]
fn heads_are_refused_for_the_reasons_of_the_original_and_strictly_for_more() {
    let rejections = rejections();
    let receiver = account(&rejections["axon_hotkey"]);
    let judged = |head: &SynapseHead, freshness, now| verify(head, &Rules { receiver, freshness }, now);
    let mut seen = 0;
    for case in rejections["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        // Of these the head is not what is wrong: replays need a memory, and hooks their own tests.
        if name.starts_with("seq_") || name.starts_with("blacklist") || name == "verify_fn_raises" {
            continue;
        }
        let (request, response) = (&case["request"], &case["response"]);
        let head = match SynapseHead::from_headers(&described(&request["headers"])) {
            Ok(head) => head,
            Err(error) => {
                assert!(matches!(error, HeadError::Number { .. }), "{name}: {error}");
                assert!(
                    ["bad_timeout_header", "bad_nonce_header", "bad_port_header"].contains(&name),
                    "{name}"
                );
                continue;
            }
        };
        let now = clock_of(name, head.dendrite.nonce);
        let told = response["body"].as_str().unwrap_or_default();
        let compatible = judged(&head, Freshness::COMPATIBLE, now);
        let strict = judged(&head, Freshness::STRICT, now);
        if response["status"] == 401 {
            let refusal = compatible.unwrap_err();
            let words: Value = serde_json::from_str(told).unwrap();
            let theirs = words["message"].as_str().unwrap();
            match &refusal {
                // Python's own words for what stands in another library's error.
                SynapseRefusal::Hotkey(_) | SynapseRefusal::Signature(_) => {}
                refusal => assert!(
                    theirs.contains(&refusal.to_string()),
                    "{name}: {refusal}; they: {theirs}"
                ),
            }
            assert!(strict.is_err(), "{name}");
        } else {
            assert!(compatible.is_ok(), "{name}: {compatible:?}, they: {told}");
            assert_eq!(strict.is_err(), UNSAFE.contains(&name), "{name}: {strict:?}");
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_window_is_the_originals() {
    let vector = vectors(include_str!("../../../../vectors/wire/nonce.json"));
    let now = UnixNanos(vector["now_ns"].as_u64().unwrap());
    let version = Some(assay_axon::synapse::PeerVersion::OURS);
    for row in vector["rows"].as_array().unwrap() {
        let last_refused = row["oldest_rejected_ns"].as_u64().unwrap();
        let check =
            |nonce| Freshness::COMPATIBLE.check(now, UnixNanos(nonce), row["timeout"].as_f64(), version);
        assert!(check(last_refused).is_err(), "{row}");
        // Python counts in doubles, whose steps are 256 nanoseconds today.
        assert_eq!(check(last_refused + 256), Ok(()), "{row}");
        // A strict axon has the same window, but for a timeout beyond its cap.
        let strict = |nonce| Freshness::STRICT.check(now, UnixNanos(nonce), row["timeout"].as_f64(), version);
        if row["timeout"].as_f64().unwrap_or_default() <= 60.0 {
            assert!(strict(last_refused).is_err(), "{row}");
            assert_eq!(strict(last_refused + 256), Ok(()), "{row}");
        } else {
            assert!(strict(now.minus(Duration::from_secs(64)).0).is_err(), "{row}");
            assert_eq!(strict(now.minus(Duration::from_secs(63)).0), Ok(()), "{row}");
        }
        let old = check(now.minus(Duration::from_secs(20)).0);
        let allowed = row["diff_and_allowed_for_20s_old"][1].as_f64().unwrap();
        if allowed <= 20.0 {
            let words = format!("acceptable delta is {allowed:.2} seconds but request was 20.00 seconds old");
            assert!(old.unwrap_err().to_string().contains(&words), "{row}");
        } else {
            assert_eq!(old, Ok(()), "{row}");
        }
    }
}

#[test]
fn a_header_that_is_there_twice_is_refused_and_the_first_is_what_python_reads() {
    for name in ["bt_header_dendrite_hotkey", "timeout", "computed_body_hash"] {
        let once = header_map([(name, "1.5"), ("x-other", "a"), ("x-other", "b")]);
        assert!(SynapseHead::from_headers(&once).is_ok());
        let mut twice = once.clone();
        twice.append(HeaderName::from_static(name), HeaderValue::from_static("2.5"));
        let header = name.to_owned();
        assert_eq!(
            SynapseHead::from_headers(&twice),
            Err(HeadError::Repeated { header })
        );
        assert_eq!(
            SynapseHead::from_first_headers(&twice),
            SynapseHead::from_headers(&once)
        );
    }
}

#[test]
fn an_answers_signature_covers_who_asked_and_who_answered() {
    let rejections = rejections();
    let axon = account(&rejections["axon_hotkey"]);
    let mut seen = 0;
    for case in rejections["cases"].as_array().unwrap() {
        let headers = described(&case["response"]["headers"]);
        let Ok(head) = SynapseHead::from_headers(&headers) else {
            continue;
        };
        let (Some(nonce), Some(signature), Some(uuid)) =
            (head.axon.nonce, &head.axon.signature, &head.axon.uuid)
        else {
            continue;
        };
        let text = ResponseText {
            nonce,
            dendrite: head.dendrite.hotkey.as_deref(),
            axon: head.axon.hotkey.as_deref(),
            uuid,
        };
        let signature = signature.parse().unwrap();
        assert!(
            assay_keys::verify(&axon, Scheme::Sr25519, text.to_string().as_bytes(), &signature),
            "{}",
            case["name"]
        );
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn an_address_under_another_prefix_is_the_same_caller() {
    let pair = assay_keys::Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let receiver = assay_keys::Pair::from_uri("//Bob", Scheme::Sr25519)
        .unwrap()
        .account();
    let now = UnixNanos(1_795_162_185_389_590_148);
    for prefix in [0u16, 2, 42] {
        let sender = pair
            .account()
            .to_ss58(assay_keys::Ss58Prefix::new(prefix).unwrap());
        let mut head = SynapseHead::default();
        head.dendrite.version = Some(10_005_000);
        head.dendrite.nonce = Some(now.0);
        let text = RequestText {
            nonce: now.0,
            sender: &sender,
            receiver,
            uuid: None,
            body_hash: "",
        };
        head.dendrite.signature = Some(pair.sign(text.to_string().as_bytes()).to_string());
        head.dendrite.hotkey = Some(sender);
        let rules = Rules {
            receiver,
            freshness: Freshness::STRICT,
        };
        assert_eq!(verify(&head, &rules, now).unwrap().hotkey, pair.account());
    }
}
