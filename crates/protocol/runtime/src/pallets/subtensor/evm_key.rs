//! Tying an Ethereum address to a neuron, by a signature of that address.

use super::{AssociatedEvmAddress, Config, Error, Event, NetUid, Pallet, Uid, Uids};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_core::H160;
use sp_io::{crypto::secp256k1_ecdsa_recover, hashing::keccak_256};
use sp_runtime::AccountId32;

/// Blocks between two associations of a uid: a day of 12-second blocks.
const ASSOCIATION_INTERVAL: u64 = 7_200;

/// What an Ethereum wallet signs when it is shown the hotkey's key followed by the hash of the block's number.
fn signed_hash(hotkey: &AccountId32, block_number: u64) -> [u8; 32] {
    let mut message = b"\x19Ethereum Signed Message:\n64".to_vec();
    message.extend_from_slice(hotkey.as_ref());
    message.extend_from_slice(&keccak_256(&block_number.to_le_bytes()));
    keccak_256(&message)
}

impl<T: Config> Pallet<T> {
    /// Stores the address, over an older one.
    pub(crate) fn do_associate_evm_key(
        hotkey: &AccountId32,
        netuid: NetUid,
        evm_key: H160,
        block_number: u64,
        signature: &[u8; 65],
    ) -> DispatchResult {
        let uid = Self::check_evm_key(hotkey, netuid)?;
        let public = secp256k1_ecdsa_recover(signature, &signed_hash(hotkey, block_number))
            .map_err(|_| Error::<T>::UnableToRecoverPublicKey)?;
        // An Ethereum address is the last twenty bytes of the key's hash.
        let hash = keccak_256(&public);
        ensure!(
            hash.ends_with(evm_key.as_bytes()),
            Error::<T>::InvalidRecoveredPublicKey
        );
        let block_associated = Self::now();
        AssociatedEvmAddress::<T>::insert(netuid, uid, (evm_key, block_associated));
        Self::deposit_event(Event::EvmKeyAssociated {
            netuid,
            hotkey: hotkey.clone(),
            evm_key,
            block_associated,
        });
        Ok(())
    }

    /// # Errors
    /// When the hotkey has no uid on the subnet, or associated an address too recently.
    pub fn check_evm_key(hotkey: &AccountId32, netuid: NetUid) -> Result<Uid, Error<T>> {
        let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
        let last = AssociatedEvmAddress::<T>::get(netuid, uid).map_or(0, |(_, block)| block);
        ensure!(
            super::rate_limits::passed(last, Self::now(), ASSOCIATION_INTERVAL),
            Error::<T>::EvmKeyAssociateRateLimitExceeded
        );
        Ok(uid)
    }
}
