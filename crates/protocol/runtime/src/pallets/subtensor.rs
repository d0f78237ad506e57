//! The subnets: registration, serving, weights, stake, epochs and emission, under the names, indices, hashers and
//! error order of the original pallet.
//!
//! The pallet's parts are in the files below, one concern each; storage, errors, events, calls and hooks are sections
//! of the one `pallet` module that FRAME needs.
//!
//! Type names: netuids, uids and mechanism ids are plain integers because clients must see plain integers in the
//! metadata.
//!
//! Simplified on purpose, and announced in the crate's README: the stake pool is a plain constant product without fee
//! or, for root and mechanism 0, one to one; there is no TAO-side emission and no dividend on root stake (its share is
//! recycled), so that root claims find nothing; locks and leases exist as empty storage only, without their calls.

mod alpha_removal;
mod auto_stake;
mod bonds_reset;
mod calls;
mod child_keys;
mod childkey_take;
mod children;
mod coinbase;
mod coldkey_swap;
mod coldkey_swap_announcement;
mod constants;
mod endpoint;
mod epoch;
mod epoch_schedule;
mod errors;
mod events;
mod evm_key;
mod genesis;
mod hash_commits;
mod hooks;
mod hotkey_swap;
mod hyperparameters;
mod identity;
mod lease;
mod lock;
mod neurons;
mod ownership;
mod payout;
mod pool;
mod pow_registration;
mod price;
mod pruning;
mod rate_limits;
mod registration;
mod registration_price;
mod root_claim;
mod root_registration;
mod safe_float;
mod serving;
mod stake;
mod stake_moves;
mod stake_shares;
mod storage;
mod subnet_creation;
mod subnet_removal;
mod subnets;
mod symbols;
mod take;
mod timelocked_commits;
pub mod transaction_checks;
mod uid_trimming;
mod unstake_all;
mod voting_power;
mod weights;

pub use coldkey_swap_announcement::DuringSwap;
pub use endpoint::{AxonInfo, NeuronCertificate, PrometheusInfo};
pub use hash_commits::{CommittedRow, commit_hash};
pub use identity::{ChainIdentityV2, SubnetIdentityV3};
pub use lease::{QueuedNetworkRegistration, SubnetLease};
pub use lock::{LockState, MinerCollateralState};
pub use pallet::*;
pub use pool::{Swap, SwapDirection};
pub use pow_registration::proof_seal;
pub(crate) use rate_limits::TransactionKind;
pub use rate_limits::{Hyperparameter, RateLimitKey};
pub use registration_price::{decay_factor, decayed_price, raised_price};
pub use root_claim::RootClaimTypeEnum;
pub use safe_float::SafeFloat;
pub use subnet_removal::ForgetSubnet;
pub(crate) use subnets::Authority;
pub use subnets::{MECHANISM_LIMIT, NETUID_LIMIT, ROOT, storage_index};
pub use transaction_checks::SubtensorTransactionExtension;
pub use weights::max_upscale;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::pallet_macros::import_section;
use scale_info::TypeInfo;

/// Number of a subnet; 0 is root.
pub type NetUid = u16;
/// Number of a neuron within a subnet.
pub type Uid = u16;
/// Number of an incentive mechanism within a subnet.
pub type MechId = u8;
/// `mechanism × 4096 + netuid`, the key of what exists per mechanism.
pub type StorageIndex = u16;

/// What becomes of incentive that the subnet owner's own hotkeys earn.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum RecycleOrBurnEnum {
    /// It stays issued and belongs to nobody.
    #[default]
    Burn,
    /// It is taken out of the issuance.
    Recycle,
}

/// What decides an epoch, an item of later runtimes.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum EpochConsensus {
    /// Yuma Consensus.
    #[default]
    Yuma,
    /// Nothing.
    Null,
}

/// What the macro puts together.
#[import_section(storage::subnets::subnets_storage)]
#[import_section(storage::neurons::neurons_storage)]
#[import_section(storage::weights::weights_storage)]
#[import_section(storage::hyperparameters::hyperparameters_storage)]
#[import_section(storage::registration::registration_storage)]
#[import_section(storage::epochs::epochs_storage)]
#[import_section(storage::emission::emission_storage)]
#[import_section(storage::stake::stake_storage)]
#[import_section(storage::keys::keys_storage)]
#[import_section(storage::rate_limits::rate_limits_storage)]
#[import_section(storage::dormant::dormant_storage)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(constants::constants)]
#[import_section(genesis::genesis)]
#[import_section(hooks::hooks)]
#[import_section(calls::calls)]
#[frame_support::pallet]
pub mod pallet {
    use super::{
        AxonInfo, ChainIdentityV2, EpochConsensus, ForgetSubnet, LockState, MechId, MinerCollateralState,
        NetUid, NeuronCertificate, PrometheusInfo, QueuedNetworkRegistration, RateLimitKey,
        RecycleOrBurnEnum, RootClaimTypeEnum, SafeFloat, StorageIndex, SubnetIdentityV3, SubnetLease, Uid,
        hash_commits::CommittedRow, hotkey_swap::StakeAtSwap, pow_registration::ProofOfWork,
        stake::PriceLimit, timelocked_commits::IMPLIED_VERSION,
    };
    use crate::NOMINAL_CALL_WEIGHT;
    use crate::fixed_point::{I64F64, I96F32, U64F64, U96F32};
    use crate::pallets::{devnet, drand};
    use codec::Compact;
    use frame_support::{
        dispatch::DispatchResult,
        pallet_prelude::*,
        traits::{ConstBool, ConstI16, ConstU8, ConstU16, ConstU64},
    };
    use frame_system::pallet_prelude::*;
    use sp_core::{H160, H256};
    use sp_runtime::{AccountId32, DispatchError};
    use std::collections::{BTreeMap, BTreeSet, VecDeque};

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// Accounts are 32-byte keys, hashes 32 bytes and balances rao in 64 bits.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, Hash = H256, RuntimeEvent: From<Event<Self>>>
        + pallet_balances::Config<Balance = u64>
        + crate::pallets::aura::Config
        + crate::pallets::alpha_assets::Config
        + drand::Config
        + devnet::Config
    {
        /// What else is kept by subnet.
        type OtherPallets: ForgetSubnet;
    }

    /// The account nobody has the key of.
    #[derive(Debug)]
    pub struct ZeroAccount;
    impl Get<AccountId32> for ZeroAccount {
        fn get() -> AccountId32 {
            AccountId32::new([0; 32])
        }
    }

    /// The symbol of a subnet without one: a mathematical italic tau.
    #[derive(Debug)]
    pub struct DefaultTokenSymbol;
    impl Get<Vec<u8>> for DefaultTokenSymbol {
        fn get() -> Vec<u8> {
            "\u{1d70f}".into()
        }
    }

    /// 0.7 and 0.9 of 65535.
    #[derive(Debug)]
    pub struct DefaultAlphaValues;
    impl Get<(u16, u16)> for DefaultAlphaValues {
        fn get() -> (u16, u16) {
            (45_875, 58_982)
        }
    }

    /// 1.26, with the bits the chain stores.
    #[derive(Debug)]
    pub struct DefaultBurnIncreaseMult;
    impl Get<U64F64> for DefaultBurnIncreaseMult {
        fn get() -> U64F64 {
            U64F64::from_bits(0x1_428f_5c28_f5c2_9000)
        }
    }

    /// 0.000003.
    #[derive(Debug)]
    pub struct DefaultSubnetMovingAlpha;
    impl Get<I96F32> for DefaultSubnetMovingAlpha {
        fn get() -> I96F32 {
            I96F32::from_bits(12_885)
        }
    }

    /// 1.
    #[derive(Debug)]
    pub struct DefaultFlowNormExponent;
    impl Get<U64F64> for DefaultFlowNormExponent {
        fn get() -> U64F64 {
            U64F64::from_bits(1 << 64)
        }
    }

    /// 500 000 rao.
    #[derive(Debug)]
    pub struct DefaultRootClaimableThreshold;
    impl Get<I96F32> for DefaultRootClaimableThreshold {
        fn get() -> I96F32 {
            I96F32::from_bits(500_000 << 32)
        }
    }
}
