//! The randomness beacon: which one the chain believes, and its pulses, with which timelocked things are opened.
//!
//! Pulses come in unsigned transactions and are verified against the beacon's key, so it does not matter who sends
//! them. On the public chain that is each node's off-chain worker; here it is this node with the chain's own beacon, or
//! anybody who feeds those of the public one.
//!
//! The secret of the chain's own beacon is no secret, so anybody can sign any of its rounds. A round whose time has not
//! come is therefore refused: rounds only go on, and one of the far future would be the last.

use crate::hex_literal::hex_literal;
use assay_timelock::{Beacon, InvalidPoint, PublicKey, Round, Signature};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, dispatch::DispatchResult, ensure, storage::unhashed, traits::ConstU32};
use scale_info::TypeInfo;
use sp_runtime::{
    MultiSignature, MultiSigner, SaturatedConversion,
    traits::{IdentifyAccount, Verify},
    transaction_validity::{InvalidTransaction, TransactionValidity, ValidTransaction},
};

pub use pallet::*;

/// The randomness of one round.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Pulse {
    /// The round, counted from 1.
    pub round: u64,
    /// The digest of the signature.
    pub randomness: BoundedVec<u8, ConstU32<32>>,
    /// The beacon's signature of the round.
    pub signature: BoundedVec<u8, ConstU32<144>>,
}

/// Which beacon it is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct BeaconConfiguration {
    /// The key its signatures are checked with.
    pub public_key: BoundedVec<u8, ConstU32<96>>,
    /// Seconds between rounds.
    pub period: u32,
    /// The Unix second of round 1.
    pub genesis_time: u32,
    /// The digest of all this.
    pub hash: BoundedVec<u8, ConstU32<32>>,
    /// The digest of its group of signers.
    pub group_hash: BoundedVec<u8, ConstU32<32>>,
    /// How it signs.
    pub scheme_id: BoundedVec<u8, ConstU32<32>>,
    /// Its name.
    pub metadata: Metadata,
}

/// The name of a beacon.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Metadata {
    /// The name.
    pub beacon_id: BoundedVec<u8, ConstU32<32>>,
}

/// Pulses on their way into the state.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct PulsesPayload<Public, BlockNumber> {
    /// The height of the chain for the sender.
    pub block_number: BlockNumber,
    /// The pulses, in the order of their rounds.
    pub pulses: Vec<Pulse>,
    /// Who sends them.
    pub public: Public,
}

/// Another beacon, on its way into the state.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct BeaconConfigurationPayload<Public, BlockNumber> {
    /// The height of the chain for the sender.
    pub block_number: BlockNumber,
    /// The beacon.
    pub config: BeaconConfiguration,
    /// Who sends it.
    pub public: Public,
}

/// Rounds whose pulses stay in the state: a week of the public beacon's.
const KEPT_ROUNDS: u64 = 216_000;

/// The most old rounds that one call removes, so that no single one does much work.
const REMOVED_A_CALL: u64 = 100;

/// The most pulses of a transaction. Each costs a pairing, some milliseconds; many more would hold up a block.
pub const MAX_PULSES: usize = 64;

/// Blocks for which a transaction with pulses stays in a pool.
const LONGEVITY: u64 = 64;

/// The state key of the chain's own beacon as clients know it: its key and, in milliseconds, its beginning and its
/// period. `BeaconConfig` has only whole seconds. It is part of no pallet; clients do not look for it.
const OWN_BEACON_KEY: &[u8] = b":assay:own-beacon";

impl Pulse {
    /// The pulse of a round as the beacon publishes it.
    #[must_use]
    pub fn new(round: u64, signature: &Signature) -> Self {
        Self {
            round,
            randomness: BoundedVec::truncate_from(signature.randomness().to_vec()),
            signature: BoundedVec::truncate_from(signature.to_bytes().to_vec()),
        }
    }

    /// The beacon's signature. Some senders write an ASCII `0x` before it.
    ///
    /// # Errors
    /// When the bytes are no signature.
    pub fn signature(&self) -> Result<Signature, InvalidPoint> {
        let bytes = &self.signature[..];
        Signature::from_bytes(bytes.strip_prefix(b"0x").unwrap_or(bytes))
    }
}

impl BeaconConfiguration {
    /// Whether the pulse is this beacon's.
    ///
    /// # Errors
    /// When the key or the signature is no point of its group.
    pub fn verify(&self, pulse: &Pulse) -> Result<bool, InvalidPoint> {
        let key = PublicKey::from_bytes(&self.public_key)?;
        Ok(key.verify(Round(pulse.round), &pulse.signature()?))
    }

    /// The public beacon that stock clients encrypt to.
    #[must_use]
    pub fn quicknet() -> Self {
        const PUBLIC_KEY: [u8; 96] = hex_literal(
            "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451\
             0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
        );
        const HASH: [u8; 32] =
            hex_literal("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971");
        const GROUP: [u8; 32] =
            hex_literal("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e");
        Self {
            public_key: BoundedVec::truncate_from(PUBLIC_KEY.to_vec()),
            period: 3,
            genesis_time: 1_692_803_367,
            hash: BoundedVec::truncate_from(HASH.to_vec()),
            group_hash: BoundedVec::truncate_from(GROUP.to_vec()),
            scheme_id: BoundedVec::truncate_from(b"bls-unchained-g1-rfc9380".to_vec()),
            metadata: Metadata {
                beacon_id: BoundedVec::truncate_from(b"quicknet".to_vec()),
            },
        }
    }
}

/// Keeps what the chain's own beacon is.
fn remember_own(beacon: &Beacon) {
    let own = (beacon.public_key, beacon.genesis_ms, beacon.period_ms);
    unhashed::put(OWN_BEACON_KEY, &own);
}

/// The chain's own beacon, if it has one.
fn own_beacon() -> Option<Beacon> {
    unhashed::get(OWN_BEACON_KEY).map(|(public_key, genesis_ms, period_ms)| Beacon {
        public_key,
        genesis_ms,
        period_ms,
    })
}

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use super::{BeaconConfiguration, BeaconConfigurationPayload, Pulse, PulsesPayload, remember_own};
    use crate::{NOMINAL_CALL_WEIGHT, own_beacon::OwnBeacon};
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_runtime::{MultiSignature, MultiSigner};

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>> + pallet_timestamp::Config<Moment = u64>
    {
    }

    /// The public beacon.
    #[derive(Debug)]
    pub struct Quicknet;
    impl Get<BeaconConfiguration> for Quicknet {
        fn get() -> BeaconConfiguration {
            BeaconConfiguration::quicknet()
        }
    }

    /// The beacon whose pulses are stored.
    #[pallet::storage]
    pub type BeaconConfig<T: Config> = StorageValue<_, BeaconConfiguration, ValueQuery, Quicknet>;

    /// The pulses, by round.
    #[pallet::storage]
    pub type Pulses<T: Config> = StorageMap<_, Blake2_128Concat, u64, Pulse, OptionQuery>;

    /// The latest stored round.
    #[pallet::storage]
    pub type LastStoredRound<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The earliest stored round.
    #[pallet::storage]
    pub type OldestStoredRound<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The block at which the next pulse may be submitted without a signature.
    #[pallet::storage]
    pub type NextUnsignedAt<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    /// Which migrations of the chain have run; none here.
    #[pallet::storage]
    pub type HasMigrationRun<T: Config> =
        StorageMap<_, Identity, BoundedVec<u8, ConstU32<128>>, bool, ValueQuery>;

    /// Whose pulses the chain believes.
    #[pallet::genesis_config]
    #[derive(Debug, frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The chain's own beacon; without one it is the public beacon.
        pub own: Option<OwnBeacon>,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            if let Some(own) = &self.own {
                BeaconConfig::<T>::put(own.configuration());
                remember_own(&own.beacon());
            }
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The beacon was changed.
        BeaconConfigChanged,
        /// Pulses were stored.
        NewPulse {
            /// Their rounds.
            rounds: Vec<u64>,
        },
        /// The earliest stored round was set.
        SetOldestStoredRound(u64),
    }

    /// Why a pulse was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no value.
        NoneValue,
        /// The number of a round overflowed.
        StorageOverflow,
        /// The beacon could not be reached.
        DrandConnectionFailure,
        /// The pulse is not verified.
        UnverifiedPulse,
        /// The round does not follow the last one.
        InvalidRoundNumber,
        /// The pulse's signature does not verify.
        PulseVerificationError,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Stores pulses of later rounds than those there are; sent unsigned, by anybody who has them.
        #[pallet::call_index(0)]
        #[pallet::weight((
            NOMINAL_CALL_WEIGHT.saturating_mul(pulses_payload.pulses.len().saturating_add(1) as u64),
            DispatchClass::Operational,
            Pays::No,
        ))]
        pub fn write_pulse(
            origin: OriginFor<T>,
            pulses_payload: PulsesPayload<MultiSigner, BlockNumberFor<T>>,
            _signature: Option<MultiSignature>,
        ) -> DispatchResult {
            ensure_none(origin)?;
            Self::store_pulses(pulses_payload.pulses)
        }

        /// Changes the beacon whose pulses are believed; root only.
        #[pallet::call_index(1)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn set_beacon_config(
            origin: OriginFor<T>,
            config_payload: BeaconConfigurationPayload<MultiSigner, BlockNumberFor<T>>,
            _signature: Option<MultiSignature>,
        ) -> DispatchResult {
            ensure_root(origin)?;
            Self::believe(config_payload.config);
            Self::deposit_event(Event::BeaconConfigChanged);
            Ok(())
        }

        /// Says from which round on pulses are stored, for the removal of old ones; root only.
        #[pallet::call_index(2)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn set_oldest_stored_round(origin: OriginFor<T>, oldest_round: u64) -> DispatchResult {
            ensure_root(origin)?;
            OldestStoredRound::<T>::put(oldest_round);
            Self::deposit_event(Event::SetOldestStoredRound(oldest_round));
            Ok(())
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The beacon's signature of a round; `None` while its pulse has not come.
    #[must_use]
    pub fn signature(round: u64) -> Option<Result<Signature, InvalidPoint>> {
        Pulses::<T>::get(round).map(|pulse| pulse.signature())
    }

    /// Changes the beacon. Rounds of another one say nothing about it: they are forgotten, and its own begin anew.
    fn believe(beacon: BeaconConfiguration) {
        if beacon.public_key != BeaconConfig::<T>::get().public_key {
            // A week of rounds at most, and only root does this.
            let _ = Pulses::<T>::clear(u32::MAX, None);
            LastStoredRound::<T>::kill();
            OldestStoredRound::<T>::kill();
        }
        BeaconConfig::<T>::put(beacon);
    }

    /// The latest round that the chain's own beacon can have published by the time of this block. There is no bound for
    /// another beacon: nobody but itself can sign its rounds, and its clock need not be this chain's.
    fn latest_round(beacon: &BeaconConfiguration) -> u64 {
        match own_beacon() {
            Some(own) if own.public_key[..] == beacon.public_key[..] => {
                own.latest(pallet_timestamp::Pallet::<T>::get()).0
            }
            _ => u64::MAX,
        }
    }

    fn store_pulses(pulses: Vec<Pulse>) -> DispatchResult {
        let beacon = BeaconConfig::<T>::get();
        let latest = Self::latest_round(&beacon);
        let mut last = LastStoredRound::<T>::get();
        let is_first = last == 0 && OldestStoredRound::<T>::get() == 0;
        let mut rounds = Vec::new();
        for pulse in pulses {
            let verified = beacon
                .verify(&pulse)
                .map_err(|_| Error::<T>::PulseVerificationError)?;
            ensure!(verified, Error::<T>::UnverifiedPulse);
            ensure!(
                pulse.round > last && pulse.round <= latest,
                Error::<T>::InvalidRoundNumber
            );
            last = pulse.round;
            rounds.push(last);
            Pulses::<T>::insert(last, pulse);
        }
        if let Some(first) = rounds.first()
            && is_first
        {
            OldestStoredRound::<T>::put(first);
        }
        LastStoredRound::<T>::put(last);
        NextUnsignedAt::<T>::put(frame_system::Pallet::<T>::block_number());
        Self::remove_old_pulses(last);
        if !rounds.is_empty() {
            Self::deposit_event(Event::NewPulse { rounds });
        }
        Ok(())
    }

    fn remove_old_pulses(last: u64) {
        let oldest = OldestStoredRound::<T>::get();
        let kept_from = last.saturating_add(1).saturating_sub(KEPT_ROUNDS);
        let removed_to = kept_from.min(oldest.saturating_add(REMOVED_A_CALL));
        if oldest == 0 || removed_to <= oldest {
            return;
        }
        for round in oldest..removed_to {
            Pulses::<T>::remove(round);
        }
        OldestStoredRound::<T>::put(removed_to);
    }

    /// Whether an unsigned call may enter a block: pulses, not too many, signed by the key that they come with, at a
    /// height between the last pulses' and now.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn validate_unsigned_call(call: &Call<T>) -> TransactionValidity {
        let Call::write_pulse {
            pulses_payload: payload,
            signature,
        } = call
        else {
            return InvalidTransaction::Call.into();
        };
        let last = payload.pulses.last().map(|pulse| pulse.round);
        let (Some(last), true) = (last, payload.pulses.len() <= MAX_PULSES) else {
            return InvalidTransaction::Call.into();
        };
        let signature: &MultiSignature = signature.as_ref().ok_or(InvalidTransaction::BadSigner)?;
        let signer: MultiSigner = payload.public.clone();
        if !signature.verify(&payload.encode()[..], &signer.into_account()) {
            return InvalidTransaction::BadProof.into();
        }
        if payload.block_number < NextUnsignedAt::<T>::get() {
            return InvalidTransaction::Stale.into();
        }
        if payload.block_number > frame_system::Pallet::<T>::block_number() {
            return InvalidTransaction::Future.into();
        }
        ValidTransaction::with_tag_prefix("DrandPulses")
            .and_provides(last)
            .longevity(LONGEVITY.saturated_into())
            .propagate(true)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::BeaconConfiguration;
    use codec::Encode;

    #[test]
    fn the_public_beacon_has_the_size_of_the_originals_default() {
        assert_eq!(BeaconConfiguration::quicknet().encode().len(), 206);
    }
}
