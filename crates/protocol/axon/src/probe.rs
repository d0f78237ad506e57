//! Whether an axon can be reached where it says that it is, and why it refuses.
//!
//! [`probe`] connects as a stranger does, challenges whoever answers to prove its hotkey, and then asks as a signed caller
//! in each dialect. A neuron probes itself before it publishes its address on chain; a miner's operator probes it when
//! validators do not come through.
//!
//! The challenge is a request in synapse-v10 from a key that was made for it, with a signature that cannot hold. Every
//! axon of bittensor, and ours, refuses it and signs the refusal over that key, so the proof is fresh. A stranger in
//! between could pass both on: what is proven is that the hotkey answers through this address.

mod exchange;
mod report;

pub use report::{DialectAnswer, Finding, Identity, Report, Said, Unreachable};

use crate::{
    BodyDigest, Dialect, RequestUuid, SynapseRequest, Target, UnixNanos,
    dendrite::{RawRequest, raw_message, refusal_message, synapse_message},
    sign_btauth, sign_epistula,
    synapse::{ResponseText, SynapseHead, Terminal},
};
use assay_keys::{AccountId, Pair, Scheme};
use bytes::Bytes;
use exchange::{Came, Missed, exchange};
use http::{HeaderValue, Method, Request, uri::PathAndQuery};
use http_body_util::Full;
use std::time::Duration;
use tokio::time::Instant;

/// Where every axon answers.
const PING: &str = "Synapse";

/// How to probe.
#[derive(Clone, Debug)]
pub struct Probe {
    /// How long each connection may take to come about. Four are made at most, one after the other.
    pub connect: Duration,
    /// How long each answer may take from then on.
    pub answer: Duration,
    /// What the signed caller asks in synapse-v10; a ping when there is nothing.
    pub request: Option<SynapseRequest>,
}

impl Default for Probe {
    /// 4 s for each connection, 12 s for each answer: what a dendrite of bittensor allows.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(4),
            answer: Duration::from_secs(12),
            request: None,
        }
    }
}

/// Probes an axon, also as `caller` where there is one. It takes four times both deadlines together at most.
pub async fn probe(target: &Target, caller: Option<&Pair>, how: &Probe) -> Report {
    let began = Instant::now();
    let mut report = Report {
        target: *target,
        finding: Finding::NotServing,
        identity: Identity::Unproven,
        connected_in: None,
        answered_in: None,
        dialects: Vec::new(),
        took: Duration::ZERO,
    };
    if target.is_serving() {
        report.finding = examine(target, caller, how, &mut report).await;
    }
    report.took = began.elapsed();
    report
}

async fn examine(target: &Target, caller: Option<&Pair>, how: &Probe, report: &mut Report) -> Finding {
    let stranger = Pair::from_seed(&rand::random(), Scheme::Sr25519);
    let challenge = match challenge(target, &stranger, how.answer) {
        Ok(challenge) => challenge,
        Err(reason) => return Finding::OwnFault { reason },
    };
    let came = match exchange(target, challenge, how).await {
        Ok(came) => came,
        Err(missed) => {
            report.connected_in = missed.connected_in;
            return missed.finding;
        }
    };
    report.connected_in = Some(came.connected_in);
    report.answered_in = Some(came.answered_in);
    report.identity = identity(target, &stranger.account(), &came);
    if let Identity::Other { hotkey } = report.identity {
        return Finding::OtherHotkey { hotkey };
    }
    let to_stranger = said(&came);
    let speaks_synapse = came.head().is_some_and(|head| head.axon.status_code.is_some());

    let Some(caller) = caller else {
        return match report.identity {
            Identity::Proven => Finding::Fine,
            _ if speaks_synapse => Finding::Unproven { said: to_stranger },
            _ => Finding::NotAnAxon { said: to_stranger },
        };
    };
    for dialect in [Dialect::SynapseV10, Dialect::Btauth, Dialect::Epistula] {
        let answer = ask(target, caller, dialect, how).await;
        report.dialects.push((dialect, answer));
    }
    if report.speaks().next().is_some() {
        return match report.identity {
            Identity::Proven => Finding::Fine,
            _ => Finding::Unproven { said: to_stranger },
        };
    }
    if speaks_synapse || report.identity == Identity::Proven {
        unanswered(&report.dialects)
    } else {
        Finding::NotAnAxon { said: to_stranger }
    }
}

/// What it comes to when an axon answers the signed caller in no dialect: what it said, or else what came instead of
/// words. That it is an axon is known, whatever it does to the caller.
fn unanswered(dialects: &[(Dialect, DialectAnswer)]) -> Finding {
    let refused = dialects.iter().find_map(|(dialect, answer)| match answer {
        DialectAnswer::Refused(said) => Some(Finding::RefusesSigned {
            dialect: *dialect,
            said: said.clone(),
        }),
        _ => None,
    });
    let missed = || {
        dialects.iter().find_map(|(_, answer)| match answer {
            DialectAnswer::Missed(finding) => Some(Finding::clone(finding)),
            _ => None,
        })
    };
    let not_asked = || {
        dialects.iter().find_map(|(_, answer)| match answer {
            DialectAnswer::NotAsked { reason } => Some(reason.clone()),
            _ => None,
        })
    };
    refused.or_else(missed).unwrap_or_else(|| Finding::OwnFault {
        reason: not_asked().unwrap_or_else(|| "it was asked in no dialect".to_owned()),
    })
}

/// A request whose signature is another text's, from a key that nobody knows.
fn challenge(target: &Target, stranger: &Pair, timeout: Duration) -> Result<Request<Full<Bytes>>, String> {
    let request = ping(timeout)?;
    let uuid = RequestUuid::random();
    let mut message = synapse_message(stranger, &uuid, UnixNanos::now(), target, &request)
        .map_err(|fault| fault.to_string())?;
    let signature = stranger.sign(b"a challenge, not a request").to_string();
    let value = HeaderValue::try_from(signature).map_err(|error| error.to_string())?;
    message
        .headers_mut()
        .insert("bt_header_dendrite_signature", value);
    Ok(message)
}

fn ping(timeout: Duration) -> Result<SynapseRequest, String> {
    SynapseRequest::new(PING, &serde_json::json!({}), timeout).map_err(|error| error.to_string())
}

/// Whose signature the refusal of a challenge carries.
fn identity(target: &Target, stranger: &AccountId, came: &Came) -> Identity {
    let Some(Terminal {
        nonce: Some(nonce),
        uuid: Some(uuid),
        signature: Some(signature),
        hotkey,
        ..
    }) = came.head().map(|head| head.axon)
    else {
        return Identity::Unproven;
    };
    // What we have sent: what it says of us would prove another's question.
    let (dendrite, own) = (stranger.to_string(), target.hotkey.to_string());
    let text = ResponseText {
        nonce,
        dendrite: Some(&dendrite),
        axon: Some(&own),
        uuid: &uuid,
    };
    let text = text.to_string();
    let holds = |key: &AccountId| {
        signature
            .parse()
            .is_ok_and(|signature| assay_keys::verify(key, Scheme::Sr25519, text.as_bytes(), &signature))
    };
    if holds(&target.hotkey) {
        return Identity::Proven;
    }
    // bittensor tells the text that should have been signed, and with it its own hotkey; some say it in the head.
    let told = refusal_message(&came.body);
    let named = told
        .split_once("Signature mismatch with ")
        .and_then(|(_, text)| text.split('.').nth(2))
        .or(hotkey.as_deref())
        .and_then(|text| text.parse().ok())
        .filter(|named| *named != target.hotkey && holds(named));
    Identity::Other { hotkey: named }
}

async fn ask(target: &Target, caller: &Pair, dialect: Dialect, how: &Probe) -> DialectAnswer {
    let message = match signed(target, caller, dialect, how) {
        Ok(message) => message,
        Err(reason) => return DialectAnswer::NotAsked { reason },
    };
    match exchange(target, message, how).await {
        Ok(came) if came.status.is_success() => DialectAnswer::Answered {
            within: came.answered_in,
        },
        Ok(came) => DialectAnswer::Refused(said(&came)),
        Err(Missed { finding, .. }) => DialectAnswer::Missed(Box::new(finding)),
    }
}

fn signed(
    target: &Target,
    caller: &Pair,
    dialect: Dialect,
    how: &Probe,
) -> Result<Request<Full<Bytes>>, String> {
    let now = UnixNanos::now();
    let path = PathAndQuery::try_from(format!("/{PING}")).map_err(|error| error.to_string())?;
    let raw = RawRequest {
        method: Method::POST,
        path,
        content_type: Some(HeaderValue::from_static("application/json")),
        body: Bytes::from_static(b"{}"),
        timeout: how.answer,
    };
    let (digest, uuid) = (BodyDigest::of(&raw.body), RequestUuid::random());
    let headers = match dialect {
        Dialect::SynapseV10 => {
            let request = how.request.clone().map_or_else(|| ping(how.answer), Ok)?;
            return synapse_message(caller, &uuid, now, target, &request).map_err(|fault| fault.to_string());
        }
        Dialect::Btauth => sign_btauth(caller, &raw.method, &raw.path, &digest, Some(target.hotkey), now),
        Dialect::Epistula => sign_epistula(caller, &digest, Some(target.hotkey), &uuid, now),
        Dialect::Operator => return Err("a token is nothing to probe with".to_owned()),
    };
    raw_message(target, &raw, headers).map_err(|fault| fault.to_string())
}

fn said(came: &Came) -> Said {
    Said {
        status: came.status,
        words: refusal_message(&came.body),
    }
}

impl Came {
    fn head(&self) -> Option<SynapseHead> {
        SynapseHead::from_headers(&self.headers).ok()
    }
}
