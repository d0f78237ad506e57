//! Registration by proof of work, as later runtimes have it: no burn and no fee, but a hash that took some tries.
//!
//! The proof binds subnet, block, hotkey and coldkey: with `preimage = "subtensor-pow-register-v1" | netuid u16 LE |
//! hash of the block | hotkey | coldkey`, the seal is `keccak256(sha256(preimage | nonce u64 LE))`, and as a little-endian
//! number it may be at most `(2^256 - 1) / difficulty`.
//!
//! The original's difficulty takes minutes of a processor. Subnets of this chain begin with one that takes a moment.

use super::{
    Config, Difficulty, Error, Event, LastPowRegistrationBlock, MaxDifficulty, MaxRegistrationsPerBlock,
    MinDifficulty, NetUid, NetworkPowRegistrationAllowed, NetworkRegistrationAllowed, Pallet, ROOT,
    RegistrationsThisBlock, Uids,
};
use crate::pallets::aura;
use frame_support::{dispatch::DispatchResult, ensure};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::{H256, U256};
use sp_io::hashing::{keccak_256, sha2_256};
use sp_runtime::AccountId32;

/// What every challenge begins with.
const DOMAIN: &[u8] = b"subtensor-pow-register-v1";

/// Tries that a proof takes on average on a new subnet. Clients start a process, read the chain, sign and send, all
/// within the age below; a thousand tries add nothing to that.
const EASY_DIFFICULTY: u64 = 1_000;

/// How old a challenge may be, in blocks of [`SLOW_SLOT_MS`]: clients throw away what is older.
const MAX_AGE_BLOCKS: u64 = 5;

/// The public chain's block time. Faster blocks leave a client the same time and so more blocks, or it could not even
/// sign before its proof is stale.
const SLOW_SLOT_MS: u64 = 12_000;

/// A proof as the call brings it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProofOfWork<'a> {
    /// The block whose hash is the challenge.
    pub(crate) block: u64,
    /// What was found.
    pub(crate) nonce: u64,
    /// The hash it gives.
    pub(crate) seal: &'a [u8],
}

/// The seal of a nonce for the challenge that the other arguments make.
#[must_use]
pub fn proof_seal(
    netuid: NetUid,
    block_hash: &H256,
    hotkey: &AccountId32,
    coldkey: &AccountId32,
    nonce: u64,
) -> [u8; 32] {
    let preimage = [
        DOMAIN,
        &netuid.to_le_bytes(),
        block_hash.as_bytes(),
        hotkey.as_ref(),
        coldkey.as_ref(),
        &nonce.to_le_bytes(),
    ]
    .concat();
    keccak_256(&sha2_256(&preimage))
}

impl<T: Config> Pallet<T> {
    /// Registers the hotkey for the coldkey by a proof.
    pub(crate) fn do_pow_register(
        coldkey: &AccountId32,
        netuid: NetUid,
        hotkey: &AccountId32,
        proof: ProofOfWork<'_>,
    ) -> DispatchResult {
        ensure!(netuid != ROOT, Error::<T>::RegistrationNotPermittedOnRootSubnet);
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(
            NetworkRegistrationAllowed::<T>::get(netuid) && NetworkPowRegistrationAllowed::<T>::get(netuid),
            Error::<T>::SubNetRegistrationDisabled
        );
        ensure!(
            RegistrationsThisBlock::<T>::get(netuid) < MaxRegistrationsPerBlock::<T>::get(netuid),
            Error::<T>::TooManyRegistrationsThisBlock
        );
        ensure!(
            !Uids::<T>::contains_key(netuid, hotkey),
            Error::<T>::HotKeyAlreadyRegisteredInSubNet
        );
        Self::ensure_may_own(coldkey, hotkey)?;
        Self::check_proof(coldkey, netuid, hotkey, proof)?;
        ensure!(Self::has_room(netuid), Error::<T>::NoNeuronIdAvailable);

        Self::own_if_free(coldkey, hotkey);
        let uid = Self::seat(netuid, hotkey)?;
        LastPowRegistrationBlock::<T>::insert(hotkey, Self::now());
        RegistrationsThisBlock::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
        Self::deposit_event(Event::NeuronRegistered(netuid, uid, hotkey.clone()));
        Ok(())
    }

    /// # Errors
    /// When the challenge is too old, used or unknown, the seal is not the nonce's, or it does not meet the difficulty.
    pub(crate) fn check_proof(
        coldkey: &AccountId32,
        netuid: NetUid,
        hotkey: &AccountId32,
        proof: ProofOfWork<'_>,
    ) -> Result<(), Error<T>> {
        let hash = Self::challenge(proof.block).ok_or(Error::<T>::InvalidWorkBlock)?;
        let used = LastPowRegistrationBlock::<T>::get(hotkey);
        ensure!(proof.block > used, Error::<T>::InvalidWorkBlock);
        let seal = proof_seal(netuid, &hash, hotkey, coldkey, proof.nonce);
        ensure!(proof.seal == seal, Error::<T>::InvalidSeal);
        let target = U256::MAX / U256::from(Self::effective_difficulty(netuid));
        ensure!(
            U256::from_little_endian(&seal) <= target,
            Error::<T>::InvalidDifficulty
        );
        Ok(())
    }

    /// The hash of a block that is recent enough.
    fn challenge(block: u64) -> Option<H256> {
        let now = Self::now();
        let slot = aura::SlotDurationMs::<T>::get().max(1);
        let oldest = now.saturating_sub((MAX_AGE_BLOCKS * SLOW_SLOT_MS / slot).max(MAX_AGE_BLOCKS));
        if block >= now || block < oldest {
            return None;
        }
        let number = u32::try_from(block).ok()?;
        let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(number));
        (hash != H256::zero()).then_some(hash)
    }

    /// The difficulty within its bounds; the lower one wins when they cross.
    fn effective_difficulty(netuid: NetUid) -> u64 {
        let least = MinDifficulty::<T>::get(netuid).max(1);
        let most = MaxDifficulty::<T>::get(netuid).max(least);
        Difficulty::<T>::get(netuid).clamp(least, most)
    }

    /// Gives a new subnet the difficulty of this chain.
    pub(crate) fn set_easy_work(netuid: NetUid) {
        Difficulty::<T>::insert(netuid, EASY_DIFFICULTY);
        MinDifficulty::<T>::insert(netuid, 1);
    }
}
