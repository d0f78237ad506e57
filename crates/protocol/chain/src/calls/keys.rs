//! What a coldkey decides about its hotkeys: who inherits their stake, what they take, what they are called, which
//! key replaces them.

use super::SUBTENSOR;
use crate::{
    AccountId, Call, Identity, NetUid, SubnetIdentity,
    runtime::{account_value, number_value},
};
use scale_value::Value;

/// A hotkey that inherits stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Child {
    /// Who.
    pub hotkey: AccountId,
    /// Which share of the parent's stake, in 1/(2⁶⁴ − 1).
    pub share: u64,
}

fn text(text: &str) -> Value {
    Value::from_bytes(text)
}

fn optional(value: Option<Value>) -> Value {
    match value {
        Some(value) => Value::unnamed_variant("Some", [value]),
        None => Value::unnamed_variant("None", []),
    }
}

impl Call {
    /// Registers a hotkey on the root network. Signed by the coldkey.
    pub fn root_register(hotkey: &AccountId) -> Self {
        Self::new(SUBTENSOR, "root_register", [("hotkey", account_value(hotkey))])
    }

    /// Makes a hotkey the signing coldkey's, if it is nobody's. Signed by the coldkey.
    pub fn try_associate_hotkey(hotkey: &AccountId) -> Self {
        Self::new(
            SUBTENSOR,
            "try_associate_hotkey",
            [("hotkey", account_value(hotkey))],
        )
    }

    /// Lets other hotkeys inherit a hotkey's stake in a subnet, after a cooldown; an empty list takes it back. Signed
    /// by the coldkey.
    pub fn set_children(hotkey: &AccountId, netuid: NetUid, children: &[Child]) -> Self {
        let child = |child: &Child| {
            Value::unnamed_composite([number_value(child.share), account_value(&child.hotkey)])
        };
        let arguments = [
            ("hotkey", account_value(hotkey)),
            ("netuid", number_value(netuid.0)),
            ("children", Value::unnamed_composite(children.iter().map(child))),
        ];
        Self::new(SUBTENSOR, "set_children", arguments)
    }

    /// Sets what a child keeps of what it earns with its parents' stake, in 1/65535. Signed by the coldkey.
    pub fn set_childkey_take(hotkey: &AccountId, netuid: NetUid, take: u16) -> Self {
        let arguments = [
            ("hotkey", account_value(hotkey)),
            ("netuid", number_value(netuid.0)),
            ("take", number_value(take)),
        ];
        Self::new(SUBTENSOR, "set_childkey_take", arguments)
    }

    /// Raises what a hotkey keeps of what it earns with others' stake, in 1/65535. Signed by the coldkey.
    pub fn increase_take(hotkey: &AccountId, take: u16) -> Self {
        Self::new(
            SUBTENSOR,
            "increase_take",
            [("hotkey", account_value(hotkey)), ("take", number_value(take))],
        )
    }

    /// Lowers what a hotkey keeps of what it earns with others' stake, in 1/65535. Signed by the coldkey.
    pub fn decrease_take(hotkey: &AccountId, take: u16) -> Self {
        Self::new(
            SUBTENSOR,
            "decrease_take",
            [("hotkey", account_value(hotkey)), ("take", number_value(take))],
        )
    }

    /// Puts another hotkey in the place of one, in one subnet or in all. Signed by the coldkey.
    pub fn swap_hotkey(hotkey: &AccountId, new: &AccountId, netuid: Option<NetUid>) -> Self {
        let arguments = [
            ("hotkey", account_value(hotkey)),
            ("new_hotkey", account_value(new)),
            ("netuid", optional(netuid.map(|netuid| number_value(netuid.0)))),
        ];
        Self::new(SUBTENSOR, "swap_hotkey", arguments)
    }

    /// Announces the move of everything to another coldkey, by the digest of its account. Signed by the old coldkey.
    pub fn announce_coldkey_swap(new_coldkey: &AccountId) -> Self {
        let digest = sp_crypto_hashing::blake2_256(&new_coldkey.0);
        Self::new(
            SUBTENSOR,
            "announce_coldkey_swap",
            [("new_coldkey_hash", Value::from_bytes(digest))],
        )
    }

    /// Moves everything to the announced coldkey. Signed by the old one.
    pub fn swap_coldkey_announced(new_coldkey: &AccountId) -> Self {
        Self::new(
            SUBTENSOR,
            "swap_coldkey_announced",
            [("new_coldkey", account_value(new_coldkey))],
        )
    }

    /// Stakes what the coldkey earns in a subnet on this hotkey. Signed by the coldkey.
    pub fn set_auto_stake(netuid: NetUid, hotkey: &AccountId) -> Self {
        Self::new(
            SUBTENSOR,
            "set_coldkey_auto_stake_hotkey",
            [
                ("netuid", number_value(netuid.0)),
                ("hotkey", account_value(hotkey)),
            ],
        )
    }

    /// Says who stands behind the signing coldkey.
    pub fn set_identity(identity: &Identity) -> Self {
        let arguments = [
            ("name", text(&identity.name)),
            ("url", text(&identity.url)),
            ("github_repo", text(&identity.github_repo)),
            ("image", text(&identity.image)),
            ("discord", text(&identity.discord)),
            ("description", text(&identity.description)),
            ("additional", text(&identity.additional)),
        ];
        Self::new(SUBTENSOR, "set_identity", arguments)
    }

    /// Says what a subnet is. Signed by its owner's coldkey.
    pub fn set_subnet_identity(netuid: NetUid, identity: &SubnetIdentity) -> Self {
        let arguments = [
            ("netuid", number_value(netuid.0)),
            ("subnet_name", text(&identity.name)),
            ("github_repo", text(&identity.github_repo)),
            ("subnet_contact", text(&identity.contact)),
            ("subnet_url", text(&identity.url)),
            ("discord", text(&identity.discord)),
            ("description", text(&identity.description)),
            ("logo_url", text(&identity.logo_url)),
            ("additional", text(&identity.additional)),
        ];
        Self::new(SUBTENSOR, "set_subnet_identity", arguments)
    }
}
