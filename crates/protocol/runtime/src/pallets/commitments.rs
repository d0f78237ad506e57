//! Short public statements of registered hotkeys, such as where a miner's data is.
//!
//! A hotkey has a budget of bytes per subnet and epoch, and every commitment counts for at least 100 of them. Fields
//! that are encrypted to a round of the beacon are opened when its pulse is there.

mod data;
mod reveal;

pub use data::Data;
pub use pallet::*;

use crate::pallets::subtensor::ForgetSubnet;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::TypeInfo;

/// The fields of a commitment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct CommitmentInfo {
    /// At most three. Clients need the bounded type: one of them sends a list within a list.
    pub fields: BoundedVec<Data, ConstU32<3>>,
}

/// A commitment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Registration {
    /// What is reserved for it, in rao; always 0.
    pub deposit: u64,
    /// The block at which it was made.
    pub block: u32,
    /// What was committed.
    pub info: CommitmentInfo,
}

/// How much of its budget a hotkey has used.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct UsageTracker {
    /// The epoch in which the bytes were used.
    pub last_epoch: u64,
    /// The bytes.
    pub used_space: u64,
}

/// The least a commitment counts for, in bytes; without it many empty ones would cost nothing.
const MINIMUM_SPACE: u64 = 100;

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use super::{CommitmentInfo, Data, MINIMUM_SPACE, Registration, UsageTracker};
    use crate::{NOMINAL_CALL_WEIGHT, pallets::subtensor as pallet_subtensor};
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_runtime::{AccountId32, SaturatedConversion};
    use std::collections::BTreeSet;

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// Who is registered where is the subnets' business.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>> + pallet_subtensor::Config
    {
    }

    /// The bytes a hotkey may use in an epoch.
    #[pallet::storage]
    pub type MaxSpace<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<3_100>>;

    /// The last commitment of a hotkey.
    #[pallet::storage]
    pub type CommitmentOf<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, AccountId32, Registration, OptionQuery>;

    /// The block of a hotkey's last commitment.
    #[pallet::storage]
    pub type LastCommitment<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, AccountId32, BlockNumberFor<T>, OptionQuery>;

    /// The block at which a hotkey last had its bonds reset.
    #[pallet::storage]
    pub type LastBondsReset<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, AccountId32, BlockNumberFor<T>, OptionQuery>;

    /// The bytes a hotkey has used.
    #[pallet::storage]
    pub type UsedSpaceOf<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, AccountId32, UsageTracker, OptionQuery>;

    /// The last ten revealed timelocked commitments of a hotkey, with their blocks.
    #[pallet::storage]
    pub type RevealedCommitments<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, AccountId32, Vec<(Vec<u8>, u64)>, OptionQuery>;

    /// Who has timelocked fields that wait.
    #[pallet::storage]
    pub type TimelockedIndex<T: Config> = StorageValue<_, BTreeSet<(u16, AccountId32)>, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A commitment was made.
        Commitment {
            /// The subnet.
            netuid: u16,
            /// The hotkey.
            who: AccountId32,
        },
        /// A commitment with a timelocked field was made.
        TimelockCommitment {
            /// The subnet.
            netuid: u16,
            /// The hotkey.
            who: AccountId32,
            /// The round that opens it.
            reveal_round: u64,
        },
        /// A timelocked commitment was revealed.
        CommitmentRevealed {
            /// The subnet.
            netuid: u16,
            /// The hotkey.
            who: AccountId32,
        },
    }

    /// Why a commitment was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// The commitment has more than three fields.
        TooManyFieldsInCommitmentInfo,
        /// The hotkey is not registered on this subnet.
        AccountNotAllowedCommit,
        /// The hotkey has used its bytes of this epoch.
        SpaceLimitExceeded,
        /// More was reserved than could be released.
        UnexpectedUnreserveLeftover,
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// The most fields of a commitment.
        #[pallet::constant_name(MaxFields)]
        fn max_fields() -> u32 {
            3
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::reveal_timelocked();
            Weight::zero()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Commits to something; the sender is a hotkey registered on the subnet.
        #[pallet::call_index(0)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn set_commitment(
            origin: OriginFor<T>,
            netuid: u16,
            info: Box<CommitmentInfo>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(
                pallet_subtensor::Uids::<T>::contains_key(netuid, &who),
                Error::<T>::AccountNotAllowedCommit
            );
            let now = frame_system::Pallet::<T>::block_number();
            if info.fields.contains(&Data::ResetBondsFlag)
                && pallet_subtensor::Pallet::<T>::reset_bonds(netuid, &who)
            {
                LastBondsReset::<T>::insert(netuid, &who, now);
            }
            Self::use_space(netuid, &who, &info)?;
            let reveal_round = info.fields.iter().find_map(|field| match field {
                Data::TimelockEncrypted { reveal_round, .. } => Some(*reveal_round),
                _ => None,
            });
            let block = now.saturated_into();
            CommitmentOf::<T>::insert(
                netuid,
                &who,
                Registration {
                    deposit: 0,
                    block,
                    info: *info,
                },
            );
            LastCommitment::<T>::insert(netuid, &who, now);
            let waiting = (netuid, who.clone());
            match reveal_round {
                Some(reveal_round) => {
                    TimelockedIndex::<T>::mutate(|index| index.insert(waiting));
                    Self::deposit_event(Event::TimelockCommitment {
                        netuid,
                        who,
                        reveal_round,
                    });
                }
                None => {
                    TimelockedIndex::<T>::mutate(|index| index.remove(&waiting));
                    Self::deposit_event(Event::Commitment { netuid, who });
                }
            }
            Ok(())
        }

        /// Changes the bytes a hotkey may use in an epoch; root only.
        #[pallet::call_index(2)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn set_max_space(origin: OriginFor<T>, new_limit: u32) -> DispatchResult {
            ensure_root(origin)?;
            MaxSpace::<T>::put(new_limit);
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        fn use_space(netuid: u16, who: &AccountId32, info: &CommitmentInfo) -> Result<(), Error<T>> {
            let epoch = pallet_subtensor::SubnetEpochIndex::<T>::get(netuid);
            let used = UsedSpaceOf::<T>::get(netuid, who)
                .filter(|usage| usage.last_epoch == epoch)
                .map_or(0, |usage| usage.used_space);
            let wanted: u64 = info.fields.iter().map(Data::space).sum();
            let used_space = used.saturating_add(wanted.max(MINIMUM_SPACE));
            ensure!(
                used_space <= u64::from(MaxSpace::<T>::get()),
                Error::<T>::SpaceLimitExceeded
            );
            UsedSpaceOf::<T>::insert(
                netuid,
                who,
                UsageTracker {
                    last_epoch: epoch,
                    used_space,
                },
            );
            Ok(())
        }
    }
}

impl<T: Config> ForgetSubnet for Pallet<T> {
    fn forget_subnet(netuid: u16) {
        let _ = CommitmentOf::<T>::clear_prefix(netuid, u32::MAX, None);
        let _ = LastCommitment::<T>::clear_prefix(netuid, u32::MAX, None);
        let _ = LastBondsReset::<T>::clear_prefix(netuid, u32::MAX, None);
        let _ = UsedSpaceOf::<T>::clear_prefix(netuid, u32::MAX, None);
        let _ = RevealedCommitments::<T>::clear_prefix(netuid, u32::MAX, None);
        TimelockedIndex::<T>::mutate(|index| index.retain(|(subnet, _)| *subnet != netuid));
    }
}
