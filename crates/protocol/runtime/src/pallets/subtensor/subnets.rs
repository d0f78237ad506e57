//! Which subnets there are and who may act for them.

use super::{
    Config, MechId, MechanismCountCurrent, NetUid, NetworksAdded, Pallet, StorageIndex, SubnetOwner,
    SubnetOwnerHotkey, Uid, Uids,
};
use frame_support::{PalletId, traits::EnsureOrigin};
use frame_system::{EnsureRoot, ensure_signed, pallet_prelude::OriginFor};
use sp_runtime::{AccountId32, DispatchError, SaturatedConversion, traits::AccountIdConversion};

/// The root network, where TAO itself is staked.
pub const ROOT: NetUid = 0;

/// Netuids stay below this so that an index can hold the mechanism as well.
pub const NETUID_LIMIT: NetUid = 4_096;

/// The most mechanisms of a subnet: the index of a further one would be another subnet's.
pub const MECHANISM_LIMIT: MechId = 16;

/// From this the accounts that hold the subnets' TAO are derived.
const SUBNET_ACCOUNTS: PalletId = PalletId(*b"subtensr");

/// The key of what exists per mechanism. Mechanism 0's equals the netuid.
#[must_use]
pub const fn storage_index(netuid: NetUid, mechanism: MechId) -> StorageIndex {
    (mechanism as u16).wrapping_mul(NETUID_LIMIT).wrapping_add(netuid)
}

/// Who asks for a change of a subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Root, whom no rate limit binds.
    Root,
    /// The subnet's owner.
    Owner(AccountId32),
}

impl<T: Config> Pallet<T> {
    /// The height of the chain.
    #[must_use]
    pub fn now() -> u64 {
        frame_system::Pallet::<T>::block_number().saturated_into::<u64>()
    }

    /// The subnet exists.
    #[must_use]
    pub fn subnet_exists(netuid: NetUid) -> bool {
        NetworksAdded::<T>::get(netuid)
    }

    /// Every subnet, root included, in the order of storage: by the low byte of the number first.
    #[must_use]
    pub fn netuids() -> Vec<NetUid> {
        NetworksAdded::<T>::iter()
            .filter_map(|(netuid, added)| added.then_some(netuid))
            .collect()
    }

    /// The mechanism exists on this subnet.
    #[must_use]
    pub fn mechanism_exists(netuid: NetUid, mechanism: MechId) -> bool {
        Self::subnet_exists(netuid) && mechanism < MechanismCountCurrent::<T>::get(netuid)
    }

    /// The account that holds the subnet's TAO.
    #[must_use]
    pub fn subnet_account(netuid: NetUid) -> AccountId32 {
        SUBNET_ACCOUNTS.into_sub_account_truncating(netuid)
    }

    /// The account belongs to a subnet and not to a person.
    pub(crate) fn is_subnet_account(account: &AccountId32) -> bool {
        NetworksAdded::<T>::iter_keys().any(|netuid| Self::subnet_account(netuid) == *account)
    }

    /// The uid of the owner's hotkey, when it has one.
    #[must_use]
    pub fn owner_uid(netuid: NetUid) -> Option<Uid> {
        Uids::<T>::get(netuid, SubnetOwnerHotkey::<T>::get(netuid))
    }

    pub(crate) fn ensure_subnet_owner(
        origin: OriginFor<T>,
        netuid: NetUid,
    ) -> Result<AccountId32, DispatchError> {
        let who = ensure_signed(origin)?;
        if !Self::subnet_exists(netuid) || SubnetOwner::<T>::get(netuid) != who {
            return Err(DispatchError::BadOrigin);
        }
        Ok(who)
    }

    pub(crate) fn ensure_owner_or_root(
        origin: OriginFor<T>,
        netuid: NetUid,
    ) -> Result<Authority, DispatchError> {
        match EnsureRoot::<AccountId32>::try_origin(origin) {
            Ok(()) => Ok(Authority::Root),
            Err(origin) => Self::ensure_subnet_owner(origin, netuid).map(Authority::Owner),
        }
    }
}
