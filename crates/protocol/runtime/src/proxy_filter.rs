//! What a proxy of each type may do for the account that named it.
//!
//! Calls go by their names, so that a table says all of it. Caveat: the types of the retired collective let nothing
//! through, and `BasketTrading`, a later runtime's, nothing either, since this chain has no baskets.

use crate::{RuntimeCall, pallets::subtensor};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{GetCallMetadata, InstanceFilter};
use scale_info::TypeInfo;

/// Below this many rao a transfer is small: half a TAO, or half an alpha.
const SMALL: u64 = 500_000_000;

/// The scope of a proxy, in the chain's order.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[non_exhaustive]
pub enum ProxyType {
    /// Everything the account may do.
    #[default]
    Any,
    /// A subnet owner's hyperparameters, identity and symbol.
    Owner,
    /// Everything but dissolving subnets, registering and sudo.
    NonCritical,
    /// Everything that moves no money away.
    NonTransfer,
    /// Nothing any more.
    Senate,
    /// Everything that touches neither balance nor stake nor keys.
    NonFungible,
    /// Nothing any more.
    Triumvirate,
    /// Nothing any more.
    Governance,
    /// Adding, moving and removing stake.
    Staking,
    /// Registering on subnets.
    Registration,
    /// Transfers of TAO and stake.
    Transfer,
    /// Transfers of less than half a TAO.
    SmallTransfer,
    /// Nothing any more.
    RootWeights,
    /// Children and their take.
    ChildKeys,
    /// A new runtime through sudo.
    SudoUncheckedSetCode,
    /// Swaps of hotkeys.
    SwapHotkey,
    /// What the beneficiary of a leased subnet may set.
    SubnetLeaseBeneficiary,
    /// Claiming root dividends.
    RootClaim,
    /// Nothing here.
    BasketTrading,
}

/// Names of calls of the subnets' pallet, by what they do.
const STAKE: &[&str] = &[
    "add_stake",
    "add_stake_limit",
    "add_stake_burn",
    "remove_stake",
    "remove_stake_limit",
    "remove_stake_full_limit",
    "unstake_all",
    "unstake_all_alpha",
    "move_stake",
    "swap_stake",
    "swap_stake_limit",
];
const COLDKEY_SWAP: &[&str] = &[
    "swap_coldkey",
    "schedule_swap_coldkey",
    "announce_coldkey_swap",
    "swap_coldkey_announced",
];
const HOTKEY_SWAP: &[&str] = &["swap_hotkey", "swap_hotkey_v2"];
const REGISTER: &[&str] = &["burned_register", "register", "register_limit", "pow_register"];
const OWNED: &[&str] = &[
    "set_subnet_identity",
    "update_symbol",
    "set_tempo",
    "trigger_epoch",
];
const TRANSFERS: &[&str] = &["transfer_keep_alive", "transfer_allow_death", "transfer_all"];
/// Setters that give the subnet itself away, which a lessee may not.
const GIVES_AWAY: &[&str] = &["sudo_set_sn_owner_hotkey", "sudo_set_subnet_owner_hotkey"];

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        let name = call.get_call_metadata();
        let subnets = |names: &[&[&str]]| {
            name.pallet_name == "SubtensorModule"
                && names.iter().any(|names| names.contains(&name.function_name))
        };
        let pallet = |pallet: &str| name.pallet_name == pallet;
        match self {
            Self::Any => true,
            Self::NonTransfer => !(pallet("Balances") || subnets(&[&["transfer_stake"], COLDKEY_SWAP])),
            Self::NonFungible => {
                !(pallet("Balances")
                    || subnets(&[
                        STAKE,
                        COLDKEY_SWAP,
                        HOTKEY_SWAP,
                        REGISTER,
                        &["transfer_stake", "root_register"],
                    ]))
            }
            Self::NonCritical => {
                !(pallet("Sudo") || subnets(&[REGISTER, &["dissolve_network", "root_register"]]))
            }
            Self::Owner => pallet("AdminUtils") || subnets(&[OWNED]),
            Self::SubnetLeaseBeneficiary => {
                let given_away = GIVES_AWAY.contains(&name.function_name);
                (pallet("AdminUtils") && !given_away) || subnets(&[OWNED, &["start_call"]])
            }
            Self::Staking => subnets(&[STAKE, &["set_root_claim_type"]]),
            Self::Registration => subnets(&[REGISTER]),
            Self::Transfer => {
                (pallet("Balances") && TRANSFERS.contains(&name.function_name))
                    || subnets(&[&["transfer_stake"]])
            }
            Self::SmallTransfer => is_small_transfer(call),
            Self::ChildKeys => subnets(&[&["set_children", "set_childkey_take"]]),
            Self::SwapHotkey => subnets(&[HOTKEY_SWAP]),
            Self::RootClaim => subnets(&[&["claim_root"]]),
            Self::SudoUncheckedSetCode => sets_code_unchecked(call),
            Self::Senate | Self::Triumvirate | Self::Governance | Self::RootWeights | Self::BasketTrading => {
                false
            }
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (one, other) if one == other => true,
            (Self::Any, _) => true,
            (_, Self::Any) => false,
            (Self::NonTransfer, other) => !matches!(other, Self::Transfer | Self::SmallTransfer),
            (Self::Transfer, Self::SmallTransfer) => true,
            (Self::Governance, Self::Triumvirate | Self::Senate) => true,
            _ => false,
        }
    }
}

fn is_small_transfer(call: &RuntimeCall) -> bool {
    use pallet_balances::Call::{transfer_allow_death, transfer_keep_alive};
    match call {
        RuntimeCall::Balances(transfer_keep_alive { value, .. } | transfer_allow_death { value, .. }) => {
            *value < SMALL
        }
        RuntimeCall::SubtensorModule(subtensor::Call::transfer_stake { alpha_amount, .. }) => {
            *alpha_amount < SMALL
        }
        _ => false,
    }
}

fn sets_code_unchecked(call: &RuntimeCall) -> bool {
    match call {
        RuntimeCall::Sudo(pallet_sudo::Call::sudo_unchecked_weight { call, .. }) => {
            matches!(**call, RuntimeCall::System(frame_system::Call::set_code { .. }))
        }
        _ => false,
    }
}
