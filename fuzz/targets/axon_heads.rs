//! Any headers as those of a request to an axon, in every dialect: read and judged, or refused.
#![no_main]

use assay_axon::{
    BtauthClaim, BtauthPolicy, Dialect, EpistulaClaim, EpistulaPolicy, OperatorTokens, UnixNanos,
    synapse::{Freshness, Rules, SynapseHead, verify},
};
use assay_keys::AccountId;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

/// What the first byte of a line stands for; any other begins a name of its own.
const NAMES: [&str; 36] = [
    "timeout",
    "name",
    "computed_body_hash",
    "header_size",
    "total_size",
    "bt_header_input_obj_text",
    "bt_header_dendrite_hotkey",
    "bt_header_dendrite_nonce",
    "bt_header_dendrite_uuid",
    "bt_header_dendrite_signature",
    "bt_header_dendrite_version",
    "bt_header_dendrite_ip",
    "bt_header_dendrite_port",
    "bt_header_dendrite_process_time",
    "bt_header_dendrite_status_code",
    "bt_header_dendrite_status_message",
    "bt_header_axon_hotkey",
    "bt_header_axon_nonce",
    "bt_header_axon_port",
    "bt_header_axon_process_time",
    "bt_header_axon_signature",
    "x-bittensor-version",
    "x-bittensor-hotkey",
    "x-bittensor-nonce",
    "x-bittensor-signature",
    "x-bittensor-receiver",
    "x-bittensor-crypto",
    "epistula-version",
    "epistula-timestamp",
    "epistula-uuid",
    "epistula-signed-by",
    "epistula-signed-for",
    "epistula-request-signature",
    "epistula-secret-signature-0",
    "epistula-secret-signature-1",
    "authorization",
];

fn headers(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(100) {
        let Some((first, rest)) = line.split_first() else {
            continue;
        };
        let known = usize::from(*first)
            .checked_sub(usize::from(b'0'))
            .and_then(|at| NAMES.get(at));
        let (name, value) = match known {
            Some(name) => (HeaderName::from_static(name), rest),
            None => {
                let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
                let (name, value) = line.split_at(colon);
                let Ok(name) = HeaderName::from_bytes(name) else {
                    continue;
                };
                (name, value.get(1..).unwrap_or_default())
            }
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    headers
}

fuzz_target!(|bytes: &[u8]| {
    let headers = headers(bytes);
    let _ = Dialect::of(&headers);
    let (own, now) = (AccountId([7; 32]), UnixNanos(1_795_162_185_389_590_148));
    if let Ok(head) = SynapseHead::from_headers(&headers) {
        assert_eq!(
            format!("{:?}", SynapseHead::from_first_headers(&headers)),
            format!("{:?}", Ok::<_, ()>(&head))
        );
        let again = SynapseHead::from_headers(&head.to_headers()).expect("what was written is read");
        assert_eq!(again.dendrite.nonce, head.dendrite.nonce);
        assert_eq!(again.timeout.map(f64::to_bits), head.timeout.map(f64::to_bits));
        for freshness in [Freshness::STRICT, Freshness::COMPATIBLE] {
            let rules = Rules {
                receiver: own,
                freshness,
            };
            assert!(
                verify(&head, &rules, now).is_err(),
                "nobody can sign for this key"
            );
        }
    }
    if let Ok(claim) = BtauthClaim::parse(&headers) {
        let _ = claim.check(&BtauthPolicy::default(), &own, now);
    }
    if let Ok(claim) = EpistulaClaim::parse(&headers) {
        let _ = claim.check(&EpistulaPolicy::default(), &own, now);
    }
    let tokens = OperatorTokens::new([("ada", "9f86d081884c7d659a2feaa0c55ad015")]).expect("a token");
    let _ = tokens.holder(&headers);
});
