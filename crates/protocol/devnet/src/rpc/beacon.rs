//! `devnet_beacon`, `devnet_feedPulse`, `devnet_failedReveals`: whose rounds open what is timelocked, and what they did
//! not open.

use super::{Arguments, Methods, Node, RpcError, node::in_hex};
use crate::{beacon, executor, state, store::State};
use assay_timelock::{Beacon, PublicKey, Round, Signature};
use codec::DecodeAll;
use node_subtensor_runtime::{
    Runtime,
    pallets::{
        devnet::{FailedReveal, FailedReveals, RevealFailure, RevealKind},
        drand::BeaconConfig,
        subtensor,
    },
};
use serde_json::{Value, json};
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
use sp_runtime::{DispatchError, ModuleError};

/// The pallet whose errors the checks of weights give.
const SUBNETS: u8 = 7;

pub(super) fn register(methods: &mut Methods) {
    methods.reading("devnet_beacon", &[], |node, _| {
        let state = node.state(None)?;
        let beacon = believed(node, &state)?;
        Ok(json!({
            "own": node.chain.own_beacon() == Some(&beacon),
            "publicKey": in_hex(beacon.public_key),
            "genesisMs": beacon.genesis_ms,
            "periodMs": beacon.period_ms,
            "latestRound": beacon.latest(state::time_ms(&state)?).0,
            "lastStoredRound": beacon::last_stored_round(&state)?,
        }))
    });
    methods.reading("devnet_feedPulse", &["round", "signature"], |node, arguments| {
        feed(node, arguments).map(in_hex)
    });
    methods.reading("devnet_failedReveals", &["netuid"], |node, arguments| {
        let netuid = arguments.number_in::<u16>(0)?;
        let mut failures = executor::look(&node.state(None)?, || {
            FailedReveals::<Runtime>::iter()
                .filter(|(index, _)| netuid.is_none_or(|netuid| index % subtensor::NETUID_LIMIT == netuid))
                .flat_map(|(index, failures)| failures.into_iter().map(move |failure| (index, failure)))
                .collect::<Vec<_>>()
        })?;
        failures.sort_by_key(|(_, failure)| failure.failed_at);
        Ok(failures
            .iter()
            .map(|(index, failure)| failure_json(*index, failure))
            .collect::<Vec<Value>>())
    });
}

/// The beacon whose pulses the chain believes. The state has its period in seconds; the chain's own knows better.
fn believed(node: &Node, state: &State) -> Result<Beacon, RpcError> {
    let config = executor::look(state, BeaconConfig::<Runtime>::get)?;
    if let Some(own) = node.chain.own_beacon()
        && own.public_key[..] == config.public_key[..]
    {
        return Ok(*own);
    }
    let public_key = config.public_key.into_inner();
    Ok(Beacon {
        public_key: public_key.try_into().map_err(|_| RpcError::NoBeacon)?,
        genesis_ms: u64::from(config.genesis_time) * 1_000,
        period_ms: u64::from(config.period) * 1_000,
    })
}

/// Puts a pulse into the pool, which the beacon must have signed.
fn feed(node: &Node, arguments: &Arguments) -> Result<sp_core::H256, RpcError> {
    let round = arguments
        .number(0)?
        .ok_or_else(|| arguments.refuse(0, "the number of a round"))?;
    let signature =
        Signature::from_bytes(&arguments.bytes(1)?).map_err(|error| RpcError::params(error.to_string()))?;
    let head = node.chain.head();
    let state = node.chain.head_state();
    let key = PublicKey::from_bytes(&believed(node, &state)?.public_key).map_err(|_| RpcError::NoBeacon)?;
    if !key.verify(Round(round), &signature) {
        return Err(arguments.refuse(1, "the believed beacon's signature of this round"));
    }
    let last = beacon::last_stored_round(&state)?;
    if round <= last {
        return Err(arguments.refuse(0, &format!("later than round {last}, which is stored")));
    }
    Ok(node
        .chain
        .submit(&beacon::fed(head.number + 1, round, &signature), None)?)
}

fn failure_json(index: u16, failure: &FailedReveal) -> Value {
    let (reason, says) = reason(&failure.reason);
    json!({
        "kind": match failure.kind {
            RevealKind::Weights => "weights",
            RevealKind::Commitment => "commitment",
        },
        "netuid": index % subtensor::NETUID_LIMIT,
        "mechanism": index / subtensor::NETUID_LIMIT,
        "hotkey": failure.who.to_ss58check_with_version(Ss58AddressFormat::custom(42)),
        "committedAt": failure.committed_at,
        "round": failure.round,
        "failedAt": failure.failed_at,
        "reason": reason,
        "error": refusal(&failure.reason),
        "says": says,
    })
}

/// A name for programs and a sentence for people.
fn reason(reason: &RevealFailure) -> (&'static str, &'static str) {
    match reason {
        RevealFailure::Expired => ("expired", "the epoch ended before the pulse of the round came"),
        RevealFailure::BadPulse => ("badPulse", "the stored pulse is no signature"),
        RevealFailure::MalformedCiphertext => (
            "malformedCiphertext",
            "the bytes are no ciphertext, or name another cipher",
        ),
        RevealFailure::OtherRoundOrBeacon => (
            "otherRoundOrBeacon",
            "it was encrypted to another round or to another beacon; devnet_beacon tells this chain's",
        ),
        RevealFailure::Altered => ("altered", "the encrypted text was altered"),
        RevealFailure::MalformedPayload => ("malformedPayload", "the text is no row of weights"),
        RevealFailure::NoHotkey => (
            "noHotkey",
            "the text does not say whose it is; older clients leave the hotkey out",
        ),
        RevealFailure::OtherHotkey => ("otherHotkey", "the text is another hotkey's"),
        RevealFailure::Refused(_) => ("refused", "a check of weights refused the row"),
        RevealFailure::Empty => ("empty", "the text is empty"),
    }
}

/// The name of the chain error with which a row was refused.
fn refusal(reason: &RevealFailure) -> Option<String> {
    let RevealFailure::Refused(error) = reason else {
        return None;
    };
    Some(match error {
        DispatchError::Module(ModuleError {
            index: SUBNETS,
            error,
            ..
        }) => subtensor::Error::<Runtime>::decode_all(&mut &error[..1])
            .map_or_else(|_| format!("{error:?}"), |error| format!("{error:?}")),
        other => format!("{other:?}"),
    })
}
