//! Pulses on their way into blocks: those of the chain's own beacon, and those that somebody feeds.

use crate::{
    executor::{self, CallError},
    state::{self, item_key},
    store::{State, StoreError},
};
use assay_timelock::{Beacon, Round, SecretKey, Signature};
use codec::Encode;
use node_subtensor_runtime::{
    RuntimeCall, UncheckedExtrinsic,
    own_beacon::{OwnBeacon, awaited_rounds},
    pallets::drand::{Call, MAX_PULSES, Pulse, PulsesPayload},
};
use sp_core::{Pair, sr25519};
use sp_runtime::{MultiSignature, MultiSigner};
use std::{collections::BTreeSet, fmt};

/// Rounds that a block publishes at most beside those that something waits for. With 1 a block that is a slot late
/// would leave a hole in the list of rounds; many more would cost the first block after a pause a signature and a
/// pairing each.
const RECENT_ROUNDS: u64 = 8;

/// Why a block has no pulses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeaconError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The chain's own beacon at work.
pub(crate) struct Publisher {
    beacon: Beacon,
    secret: SecretKey,
}

impl Publisher {
    pub(crate) fn new(own: &OwnBeacon) -> Self {
        Self {
            beacon: own.beacon(),
            secret: own.secret(),
        }
    }

    pub(crate) fn beacon(&self) -> &Beacon {
        &self.beacon
    }

    /// The transactions that bring the rounds up to this time into block `number` on top of a state.
    pub(crate) fn transactions(
        &self,
        state: &State,
        number: u32,
        time_ms: u64,
    ) -> Result<Vec<Vec<u8>>, BeaconError> {
        let pulses: Vec<Pulse> = self
            .due_rounds(state, time_ms)?
            .into_iter()
            .map(|round| Pulse::new(round, &self.secret.sign(Round(round))))
            .collect();
        Ok(pulses
            .chunks(MAX_PULSES)
            .map(|pulses| transaction(number, pulses.to_vec()))
            .collect())
    }

    /// The newest rounds, and before them those that something waits for. What nobody asked for is left out: a leap of
    /// the clock may pass over millions.
    fn due_rounds(&self, state: &State, time_ms: u64) -> Result<BTreeSet<u64>, BeaconError> {
        let first = last_stored_round(state)?.saturating_add(1);
        let latest = self.beacon.latest(time_ms).0;
        let recent = latest.saturating_add(1).saturating_sub(RECENT_ROUNDS).max(first);
        let mut rounds = match first < recent {
            true => executor::look(state, || awaited_rounds(&(first..=recent - 1)))?,
            false => BTreeSet::new(),
        };
        rounds.extend(recent..=latest);
        Ok(rounds)
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Publisher")
            .field("beacon", &self.beacon)
            .finish_non_exhaustive()
    }
}

/// `Drand.LastStoredRound`.
pub(crate) fn last_stored_round(state: &State) -> Result<u64, StoreError> {
    Ok(state::read(state, &item_key("Drand", "LastStoredRound"))?.unwrap_or(0))
}

/// The transaction that brings one round into block `number`.
pub(crate) fn fed(number: u32, round: u64, signature: &Signature) -> Vec<u8> {
    transaction(number, vec![Pulse::new(round, signature)])
}

/// An unsigned transaction with pulses. The chain wants a proof of whose it is, though not who that may be.
fn transaction(block_number: u32, pulses: Vec<Pulse>) -> Vec<u8> {
    let sender = sr25519::Pair::from_seed(&sp_crypto_hashing::blake2_256(b"assay devnet pulses"));
    let pulses_payload = PulsesPayload {
        block_number,
        pulses,
        public: MultiSigner::Sr25519(sender.public()),
    };
    let signature = MultiSignature::Sr25519(sender.sign(&pulses_payload.encode()));
    let call = RuntimeCall::Drand(Call::write_pulse {
        pulses_payload,
        signature: Some(signature),
    });
    UncheckedExtrinsic::new_bare(call).encode()
}
