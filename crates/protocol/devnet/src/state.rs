//! Reads of single values of a state by the names of pallet and item.

use crate::store::{State, StoreError};
use codec::Decode;
use node_subtensor_runtime::{AccountId, upgrade};
use sp_state_machine::Backend;

/// The key of a plain value, and the prefix of the keys of a map.
pub(crate) fn item_key(pallet: &str, item: &str) -> Vec<u8> {
    [
        sp_crypto_hashing::twox_128(pallet.as_bytes()),
        sp_crypto_hashing::twox_128(item.as_bytes()),
    ]
    .concat()
}

/// The key of a map's value for a subnet. The subnet maps take their keys as they are.
pub(crate) fn subnet_key(item: &str, netuid: u16) -> Vec<u8> {
    let mut key = item_key("SubtensorModule", item);
    key.extend_from_slice(&netuid.to_le_bytes());
    key
}

/// The decoded value under a key; `None` when there is none.
pub(crate) fn read<T: Decode>(state: &State, key: &[u8]) -> Result<Option<T>, StoreError> {
    state
        .storage(key)
        .map_err(|_| StoreError::Damaged { what: "trie node" })?
        .map(|bytes| {
            T::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged {
                what: "storage value",
            })
        })
        .transpose()
}

/// How many upgrades the runtime has behind it.
pub(crate) fn upgrades(state: &State) -> Result<u32, StoreError> {
    Ok(read(state, upgrade::UPGRADES)?.unwrap_or(0))
}

/// What an account can spend, in rao; 0 when there is none.
pub(crate) fn free_balance(state: &State, account: &AccountId) -> Result<u64, StoreError> {
    let mut key = item_key("System", "Account");
    key.extend_from_slice(&sp_crypto_hashing::blake2_128(account.as_ref()));
    key.extend_from_slice(account.as_ref());
    // Nonce and three counters of references come first, then the balance.
    let info: Option<([u32; 4], u64)> = read(state, &key)?;
    Ok(info.map_or(0, |(_, free)| free))
}

/// The time of the block whose state this is, in milliseconds since 1970; 0 for the genesis.
pub(crate) fn time_ms(state: &State) -> Result<u64, StoreError> {
    Ok(read(state, &item_key("Timestamp", "Now"))?.unwrap_or(0))
}
