//! Pulses of the public beacon and of one whose secret the tests know.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses its own part of this module"
)]
#![allow(
    clippy::unwrap_used,
    reason = "what cannot fail in a test should end it when it does"
)]

use assay_timelock::{Beacon, OsRng, PublicKey, Round, SecretKey, Signature, encrypt};
use frame_support::BoundedVec;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    own_beacon::OwnBeacon,
    pallets::drand::{BeaconConfig, Call, Pulse, PulsesPayload},
};
use sp_runtime::{AccountId32, MultiSigner};

/// The round whose signature the public beacon gave out as below.
pub const ROUND: u64 = 1_000;
const SIGNATURE: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

/// A beacon whose rounds last a slot of 12 seconds.
pub const OWN: OwnBeacon = OwnBeacon {
    seed: 0,
    period_ms: 12_000,
};

/// The public beacon's pulse of [`ROUND`].
pub fn public_pulse() -> Pulse {
    let signature = Signature::from_bytes(&hex::decode(SIGNATURE).unwrap()).unwrap();
    Pulse::new(ROUND, &signature)
}

/// A pulse of [`OWN`].
pub fn own_pulse(round: u64) -> Pulse {
    Pulse::new(round, &OWN.secret().sign(Round(round)))
}

/// Makes [`OWN`] the beacon that is believed; inside externalities.
pub fn believe_own() {
    BeaconConfig::<Runtime>::put(OWN.configuration());
}

/// The call that stores pulses, without the proof that only a pool looks at.
pub fn write(pulses: Vec<Pulse>) -> RuntimeCall {
    RuntimeCall::Drand(Call::write_pulse {
        pulses_payload: PulsesPayload {
            block_number: 0,
            pulses,
            public: MultiSigner::Sr25519(sp_core::sr25519::Public::from_raw([0; 32])),
        },
        signature: None,
    })
}

/// Encrypts to the public beacon's [`ROUND`].
pub fn sealed(text: &[u8]) -> Vec<u8> {
    let key = PublicKey::from_bytes(&Beacon::quicknet().public_key).unwrap();
    encrypt(&key, Round(ROUND), text, &mut OsRng).unwrap()
}

/// Encrypts to a beacon that never publishes.
pub fn sealed_to_nobody(text: &[u8]) -> Vec<u8> {
    let key = SecretKey::from_seed(b"nobody").public();
    encrypt(&key, Round(ROUND), text, &mut OsRng).unwrap()
}

/// Bytes within their bound.
pub fn bounded<S: frame_support::traits::Get<u32>>(bytes: Vec<u8>) -> BoundedVec<u8, S> {
    bytes.try_into().unwrap()
}

/// The bytes of an account.
pub fn bytes(account: &AccountId32) -> [u8; 32] {
    *account.as_ref()
}
