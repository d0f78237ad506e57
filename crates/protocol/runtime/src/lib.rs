#![doc = include_str!("../README.md")]
#![recursion_limit = "512"]

mod apis;
mod call_filter;
mod charge_payment;
mod check_mortality;
mod check_nonce;
mod faucet;
mod fees;
pub mod fixed_point;
pub mod genesis;
mod hex_literal;
mod inner_extrinsic;
mod nested_calls;
pub mod own_beacon;
mod pallet_configs;
pub mod pallets;
mod proxy_filter;
pub mod runtime_api;
pub mod shield;
mod signature;
mod unsigned_calls;
pub mod upgrade;
mod version;

pub use apis::{RUNTIME_API_VERSIONS, RuntimeApi, api};
pub use charge_payment::ChargePayment;
pub use check_mortality::CheckMortality;
pub use check_nonce::CheckNonce;
pub use faucet::faucet;
pub use inner_extrinsic::{InnerExtrinsic, inner_of_carrier};
pub use pallet_subtensor::SubtensorTransactionExtension;
pub use proxy_filter::ProxyType;
pub use signature::Signature;
pub use version::VERSION;

use sp_runtime::{AccountId32, MultiAddress, generic, traits::BlakeTwo256};

use frame_support::weights::Weight;
use pallets::{
    admin_utils as pallet_admin_utils, alpha_assets as pallet_alpha_assets, aura as pallet_aura,
    commitments as pallet_commitments, devnet as pallet_devnet, drand as pallet_drand,
    mev_shield as pallet_shield, subtensor as pallet_subtensor, swap as pallet_swap,
};
use unsigned_calls::UnsignedCalls;

/// A 32-byte account key: the public key of an sr25519 or ed25519 pair.
pub type AccountId = AccountId32;
/// Whole-chain balance in rao (10⁻⁹ TAO).
pub type Balance = u64;
/// Height of a block.
pub type BlockNumber = u32;
/// Count of the transactions an account has sent.
pub type Nonce = u32;
/// Blake2-256 digest: block hashes, state roots, extrinsic hashes.
pub type Hash = sp_core::H256;
/// How a signed extrinsic names an account; clients always use the `Id` variant.
pub type Address = MultiAddress<AccountId, ()>;
/// Block header. The block hash is the Blake2-256 digest of its SCALE bytes.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Header and body.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block whose extrinsics are still bytes.
pub type LazyBlock = <Block as sp_runtime::traits::Block>::LazyBlock;

/// The transaction extensions in the order clients serialise them. Only the era, the nonce, the tip and the metadata
/// hash mode occupy bytes; adding another with bytes would make the extrinsics of older Python clients undecodable.
pub type TxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    CheckMortality,
    CheckNonce,
    frame_system::CheckWeight<Runtime>,
    ChargePayment,
    SubtensorTransactionExtension<Runtime>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
);

/// An extrinsic as it travels: length prefix, version and kind, signature data, call.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// Applies blocks: pallets' hooks, extrinsic checks, dispatch, final checks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    UnsignedCalls,
    AllPalletsWithSystem,
>;

frame_support::construct_runtime!(
    pub enum Runtime {
        System: frame_system = 0,
        Timestamp: pallet_timestamp = 2,
        Aura: pallet_aura = 3,
        Balances: pallet_balances = 5,
        TransactionPayment: pallet_transaction_payment = 6,
        SubtensorModule: pallet_subtensor = 7,
        Utility: pallet_utility = 11,
        Sudo: pallet_sudo = 12,
        Multisig: pallet_multisig = 13,
        Proxy: pallet_proxy = 16,
        Commitments: pallet_commitments = 18,
        AdminUtils: pallet_admin_utils = 19,
        Drand: pallet_drand = 26,
        Swap: pallet_swap = 28,
        MevShield: pallet_shield = 30,
        AlphaAssets: pallet_alpha_assets = 31,
        Devnet: pallet_devnet = 200,
    }
);

/// A nominal cost for the calls of our own pallets. On this chain weight only decides fees and how full a block is, so
/// one figure of the size the original's benchmarks give (some 0.2 ms) serves every call.
pub(crate) const NOMINAL_CALL_WEIGHT: Weight = Weight::from_parts(200_000_000, 0);
