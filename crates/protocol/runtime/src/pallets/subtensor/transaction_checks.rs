//! What the pool refuses before a transaction gets into a block, with the chain's codes.
//!
//! The same checks run again when the transaction is applied. They cover only what the chain checks there; everything
//! else fails at dispatch with the error's own name. Caveat: code 255 hides every error without a code, as on the
//! chain.
//!
//! On the chain they also run at every dispatch of a call within a call. What they ask is asked by the calls
//! themselves, wherever they are dispatched, but for one thing: that an account which has announced a swap of its
//! coldkey does nothing else. A transaction is therefore looked through for calls that would be such an account's, and
//! refused as a whole, where the chain would fail that one call.

use super::{
    Call, CommitRevealWeightsEnabled, CommittedRow, Config, DuringSwap, Error, MechId, NetUid, Pallet, Uid,
    Uids, pallet, pow_registration::ProofOfWork, take::TakeChange,
};
use crate::{
    Runtime, RuntimeCall, RuntimeOrigin, nested_calls,
    pallets::{drand, mev_shield},
    shield::ShieldError,
};
use codec::{Compact, Decode, DecodeWithMemTracking, Encode};
use frame_support::{ensure, pallet_prelude::Weight, traits::OriginTrait};
use scale_info::TypeInfo;
use sp_runtime::{
    AccountId32, impl_tx_ext_default,
    traits::{DispatchInfoOf, TransactionExtension, ValidateResult},
    transaction_validity::{
        InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
    },
};
use std::marker::PhantomData;

/// The codes of `InvalidTransaction::Custom` that clients map to names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum RejectionCode {
    /// The coldkey has announced a swap.
    ColdkeyInSwapSchedule = 0,
    /// The stake or the amount is too low.
    StakeAmountTooLow = 1,
    /// The subnet does not exist.
    SubnetNotExists = 3,
    /// The hotkey has no owner.
    HotkeyAccountDoesntExist = 4,
    /// Something was done too recently.
    RateLimitExceeded = 6,
    /// The hotkey is not registered where it serves.
    HotKeyNotRegisteredInNetwork = 10,
    /// The address cannot be reached.
    InvalidIpAddress = 11,
    /// The endpoint was announced too recently.
    ServingRateLimitExceeded = 12,
    /// The port is 0.
    InvalidPort = 13,
    /// The round of a timelocked commit has been published already.
    InvalidRevealRound = 15,
    /// There is no commit with the revealed row's hash.
    CommitNotFound = 16,
    /// The commit is not to be revealed in this epoch.
    CommitBlockNotInRevealRange = 17,
    /// Lists differ in length.
    InputLengthsUnequal = 18,
    /// The hotkey has no uid on the subnet.
    UidNotFound = 19,
    /// An EVM address was associated too recently.
    EvmKeyAssociateRateLimitExceeded = 20,
    /// The coldkey's swap is disputed.
    ColdkeySwapDisputed = 21,
    /// The ciphertext has not the parts of a shielded extrinsic.
    FailedShieldedTxParsing = 23,
    /// The ciphertext was made for another key.
    InvalidShieldedTxPubKeyHash = 24,
    /// The hotkey belongs to another coldkey.
    NonAssociatedColdKey = 25,
    /// The take is below its bound.
    DelegateTakeTooLow = 26,
    /// The take is above its bound.
    DelegateTakeTooHigh = 27,
    /// Any other error.
    BadRequest = 255,
}

impl RejectionCode {
    /// The code of an error.
    #[must_use]
    pub fn of<T: Config>(error: &Error<T>) -> Self {
        match error {
            Error::ColdkeySwapAnnounced => Self::ColdkeyInSwapSchedule,
            Error::AmountTooLow | Error::NotEnoughStakeToSetWeights => Self::StakeAmountTooLow,
            Error::SubnetNotExists => Self::SubnetNotExists,
            Error::HotKeyAccountNotExists => Self::HotkeyAccountDoesntExist,
            Error::CommittingWeightsTooFast
            | Error::SettingWeightsTooFast
            | Error::NetworkTxRateLimitExceeded => Self::RateLimitExceeded,
            Error::HotKeyNotRegisteredInNetwork => Self::HotKeyNotRegisteredInNetwork,
            Error::InvalidIpAddress => Self::InvalidIpAddress,
            Error::ServingRateLimitExceeded => Self::ServingRateLimitExceeded,
            Error::InvalidPort => Self::InvalidPort,
            Error::InvalidRevealRound => Self::InvalidRevealRound,
            Error::NoWeightsCommitFound => Self::CommitNotFound,
            Error::RevealTooEarly => Self::CommitBlockNotInRevealRange,
            Error::InputLengthsUnequal => Self::InputLengthsUnequal,
            Error::HotKeyNotRegisteredInSubNet => Self::UidNotFound,
            Error::EvmKeyAssociateRateLimitExceeded => Self::EvmKeyAssociateRateLimitExceeded,
            Error::ColdkeySwapDisputed => Self::ColdkeySwapDisputed,
            Error::NonAssociatedColdKey => Self::NonAssociatedColdKey,
            Error::DelegateTakeTooLow => Self::DelegateTakeTooLow,
            Error::DelegateTakeTooHigh => Self::DelegateTakeTooHigh,
            _ => Self::BadRequest,
        }
    }
}

impl From<ShieldError> for RejectionCode {
    fn from(error: ShieldError) -> Self {
        match error {
            ShieldError::Malformed => Self::FailedShieldedTxParsing,
            ShieldError::OtherKey => Self::InvalidShieldedTxPubKeyHash,
            ShieldError::Unopenable => Self::BadRequest,
        }
    }
}

impl From<RejectionCode> for TransactionValidityError {
    fn from(code: RejectionCode) -> Self {
        InvalidTransaction::Custom(code as u8).into()
    }
}

/// The extension that runs the checks. It occupies no bytes of a transaction.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[scale_info(skip_type_params(T))]
pub struct SubtensorTransactionExtension<T>(PhantomData<T>);

impl<T> SubtensorTransactionExtension<T> {
    /// The extension.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for SubtensorTransactionExtension<T> {
    fn default() -> Self {
        Self::new()
    }
}

// Derives would ask the same of `T`, which is only a name here.
impl<T> Clone for SubtensorTransactionExtension<T> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T> PartialEq for SubtensorTransactionExtension<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for SubtensorTransactionExtension<T> {}

impl<T> std::fmt::Debug for SubtensorTransactionExtension<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SubtensorTransactionExtension")
    }
}

impl TransactionExtension<RuntimeCall> for SubtensorTransactionExtension<Runtime> {
    const IDENTIFIER: &'static str = "SubtensorTransactionExtension";
    type Implicit = ();
    type Val = ();
    type Pre = ();

    fn weight(&self, _call: &RuntimeCall) -> Weight {
        Weight::zero()
    }

    fn validate(
        &self,
        origin: RuntimeOrigin,
        call: &RuntimeCall,
        _info: &DispatchInfoOf<RuntimeCall>,
        _len: usize,
        _implicit: (),
        _implication: &impl Encode,
        _source: TransactionSource,
    ) -> ValidateResult<(), RuntimeCall> {
        let refused = |error: Error<Runtime>| TransactionValidityError::from(RejectionCode::of(&error));
        if let Some(who) = origin.as_signer() {
            nested_calls::visit(who, call, &mut |who, call| {
                Pallet::<Runtime>::check_coldkey_swap(who, DuringSwap::of(call))
            })
            .map_err(refused)?;
            if let RuntimeCall::SubtensorModule(call) = call {
                Pallet::<Runtime>::check_transaction(who, call).map_err(refused)?;
            }
        }
        if let RuntimeCall::MevShield(mev_shield::Call::submit_encrypted { ciphertext }) = call {
            // What the carrier hides is checked when it is opened.
            mev_shield::Pallet::<Runtime>::check_carrier(ciphertext).map_err(RejectionCode::from)?;
        }
        Ok((ValidTransaction::default(), (), origin))
    }

    impl_tx_ext_default!(RuntimeCall; prepare);
}

impl<T: Config> Pallet<T> {
    /// # Errors
    /// The first of the chain's early checks that the call fails.
    pub fn check_transaction(who: &AccountId32, call: &pallet::Call<T>) -> Result<(), Error<T>> {
        match call {
            Call::set_weights { netuid, .. } => Self::check_weights_transaction(who, *netuid, 0),
            Call::set_mechanism_weights { netuid, mecid, .. } => {
                Self::check_weights_transaction(who, *netuid, *mecid)
            }
            Call::batch_set_weights {
                netuids,
                weights,
                version_keys,
            } => Self::check_batch_set(who, netuids, weights.len(), version_keys.len()),
            Call::pow_register {
                netuid,
                work_block,
                nonce,
                work,
                hotkey,
            } => {
                let proof = ProofOfWork {
                    block: *work_block,
                    nonce: *nonce,
                    seal: work,
                };
                Self::check_proof(who, *netuid, hotkey, proof)
            }
            Call::commit_weights { netuid, .. } => Self::check_commit_transaction(who, *netuid, 0),
            Call::commit_mechanism_weights { netuid, mecid, .. } => {
                Self::check_commit_transaction(who, *netuid, *mecid)
            }
            Call::batch_commit_weights {
                netuids,
                commit_hashes,
            } => Self::check_batch_commit(who, netuids, commit_hashes.len()),
            Call::reveal_weights {
                netuid,
                uids,
                values,
                salt,
                version_key,
            } => {
                let row = committed_row(uids, values, salt, *version_key);
                Self::check_reveal_transaction(who, *netuid, 0, &row)
            }
            Call::reveal_mechanism_weights {
                netuid,
                mecid,
                uids,
                values,
                salt,
                version_key,
            } => {
                let row = committed_row(uids, values, salt, *version_key);
                Self::check_reveal_transaction(who, *netuid, *mecid, &row)
            }
            Call::batch_reveal_weights {
                netuid,
                uids_list,
                values_list,
                salts_list,
                version_keys,
            } => Self::check_batch_reveal(who, *netuid, uids_list, values_list, salts_list, version_keys),
            Call::commit_timelocked_weights {
                netuid, reveal_round, ..
            }
            | Call::commit_crv3_mechanism_weights {
                netuid, reveal_round, ..
            }
            | Call::commit_timelocked_mechanism_weights {
                netuid, reveal_round, ..
            } => Self::check_timelocked_transaction(who, *netuid, *reveal_round),
            Call::register_network { .. } => Self::check_network_rate(who),
            Call::increase_take { hotkey, take } => {
                Self::check_take_transaction(who, hotkey, *take, TakeChange::Increase)
            }
            Call::decrease_take { hotkey, take } => {
                Self::check_take_transaction(who, hotkey, *take, TakeChange::Decrease)
            }
            Call::serve_axon {
                netuid,
                ip,
                ip_type,
                port,
                ..
            }
            | Call::serve_axon_tls {
                netuid,
                ip,
                ip_type,
                port,
                ..
            } => Self::check_axon(who, *netuid, *ip, *ip_type, *port),
            Call::serve_prometheus {
                netuid,
                ip,
                ip_type,
                port,
                ..
            } => Self::check_prometheus(who, *netuid, *ip, *ip_type, *port),
            Call::associate_evm_key { netuid, .. } => Self::check_evm_key(who, *netuid).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// When the hotkey has less stake on the subnet than setting weights needs.
    pub(crate) fn check_stake_for_weights(who: &AccountId32, netuid: NetUid) -> Result<(), Error<T>> {
        ensure!(
            Self::has_stake_for_weights(netuid, who),
            Error::<T>::NotEnoughStakeToSetWeights
        );
        Ok(())
    }

    /// # Errors
    /// When the lists of a batch of rows differ in length, or the hotkey has too little stake on one of the subnets.
    pub(crate) fn check_batch_set(
        who: &AccountId32,
        netuids: &[Compact<NetUid>],
        rows: usize,
        version_keys: usize,
    ) -> Result<(), Error<T>> {
        ensure!(
            netuids.len() == rows && netuids.len() == version_keys,
            Error::<T>::InputLengthsUnequal
        );
        netuids
            .iter()
            .try_for_each(|netuid| Self::check_stake_for_weights(who, netuid.0))
    }

    /// # Errors
    /// As of [`Self::check_batch_set`], for a batch of commits.
    pub(crate) fn check_batch_commit(
        who: &AccountId32,
        netuids: &[Compact<NetUid>],
        hashes: usize,
    ) -> Result<(), Error<T>> {
        Self::check_batch_set(who, netuids, hashes, hashes)
    }

    fn check_commit_transaction(
        who: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
    ) -> Result<(), Error<T>> {
        Self::check_stake_for_weights(who, netuid)?;
        Self::check_rate_of_uid(who, netuid, mechanism, Error::CommittingWeightsTooFast)
    }

    /// The rate of the hotkey's uid. Without a uid there is none to check, and the dispatch says what is missing.
    fn check_rate_of_uid(
        who: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        error: Error<T>,
    ) -> Result<(), Error<T>> {
        match Uids::<T>::get(netuid, who) {
            Some(uid) => Self::check_weights_rate(netuid, mechanism, uid, error),
            None => Ok(()),
        }
    }

    fn check_reveal_transaction(
        who: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        row: &CommittedRow<'_>,
    ) -> Result<(), Error<T>> {
        Self::check_stake_for_weights(who, netuid)?;
        Self::check_reveal(who, netuid, mechanism, row)
    }

    /// A round that is out already hides nothing. The rate is left to the dispatch, as on the chain.
    ///
    /// # Errors
    /// When the hotkey has too little stake, or the round is out.
    pub(crate) fn check_timelocked_transaction(
        who: &AccountId32,
        netuid: NetUid,
        reveal_round: u64,
    ) -> Result<(), Error<T>> {
        Self::check_stake_for_weights(who, netuid)?;
        ensure!(
            reveal_round >= drand::LastStoredRound::<T>::get(),
            Error::<T>::InvalidRevealRound
        );
        Ok(())
    }

    /// The stake first; the rate only where weights are set in the open.
    fn check_weights_transaction(
        who: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
    ) -> Result<(), Error<T>> {
        Self::check_stake_for_weights(who, netuid)?;
        if CommitRevealWeightsEnabled::<T>::get(netuid) {
            return Ok(());
        }
        Self::check_rate_of_uid(who, netuid, mechanism, Error::SettingWeightsTooFast)
    }

    fn check_take_transaction(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        take: u16,
        change: TakeChange,
    ) -> Result<(), Error<T>> {
        Self::ensure_owns(coldkey, hotkey)?;
        Self::check_take(hotkey, take, change)
    }
}

fn committed_row<'a>(
    uids: &'a [Uid],
    values: &'a [u16],
    salt: &'a [u16],
    version_key: u64,
) -> CommittedRow<'a> {
    CommittedRow {
        uids,
        values,
        salt,
        version_key,
    }
}
