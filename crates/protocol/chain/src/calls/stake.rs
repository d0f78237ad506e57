//! Moving stake: between hotkeys, subnets and owners, with limits of price, all at once.
//!
//! All are signed by the coldkey that owns the stake.

use super::SUBTENSOR;
use crate::{
    AccountId, Alpha, Call, NetUid, Rao,
    runtime::{account_value, number_value},
};
use scale_value::Value;

/// What happens to an order that the price limit allows only a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// All of it or nothing: the call fails.
    Whole,
    /// As much as the limit allows.
    Partial,
}

impl Fill {
    fn value(self) -> Value {
        Value::bool(self == Self::Partial)
    }
}

/// A hotkey in a subnet: where stake lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakePlace {
    /// The hotkey that it is on.
    pub hotkey: AccountId,
    /// The subnet.
    pub netuid: NetUid,
}

impl Call {
    /// Stakes TAO unless an alpha costs more than `limit` afterwards.
    pub fn add_stake_limit(place: StakePlace, amount: Rao, limit: Rao, fill: Fill) -> Self {
        let arguments = [
            ("hotkey", account_value(&place.hotkey)),
            ("netuid", number_value(place.netuid.0)),
            ("amount_staked", number_value(amount.0)),
            ("limit_price", number_value(limit.0)),
            ("allow_partial", fill.value()),
        ];
        Self::new(SUBTENSOR, "add_stake_limit", arguments)
    }

    /// Takes stake back unless an alpha is worth less than `limit` afterwards.
    pub fn remove_stake_limit(place: StakePlace, amount: Alpha, limit: Rao, fill: Fill) -> Self {
        let arguments = [
            ("hotkey", account_value(&place.hotkey)),
            ("netuid", number_value(place.netuid.0)),
            ("amount_unstaked", number_value(amount.0)),
            ("limit_price", number_value(limit.0)),
            ("allow_partial", fill.value()),
        ];
        Self::new(SUBTENSOR, "remove_stake_limit", arguments)
    }

    /// Takes all stake of one place back, unless an alpha is worth less than `limit` afterwards.
    pub fn remove_stake_full_limit(place: StakePlace, limit: Option<Rao>) -> Self {
        let limit = match limit {
            Some(limit) => Value::unnamed_variant("Some", [number_value(limit.0)]),
            None => Value::unnamed_variant("None", []),
        };
        let arguments = [
            ("hotkey", account_value(&place.hotkey)),
            ("netuid", number_value(place.netuid.0)),
            ("limit_price", limit),
        ];
        Self::new(SUBTENSOR, "remove_stake_full_limit", arguments)
    }

    /// Takes all stake on a hotkey back, in every subnet.
    pub fn unstake_all(hotkey: &AccountId) -> Self {
        Self::new(SUBTENSOR, "unstake_all", [("hotkey", account_value(hotkey))])
    }

    /// Takes all alpha on a hotkey back in every subnet and stakes the TAO on the root network.
    pub fn unstake_all_alpha(hotkey: &AccountId) -> Self {
        Self::new(
            SUBTENSOR,
            "unstake_all_alpha",
            [("hotkey", account_value(hotkey))],
        )
    }

    /// Moves stake to another hotkey, another subnet, or both; the owner stays.
    pub fn move_stake(from: StakePlace, to: StakePlace, amount: Alpha) -> Self {
        let arguments = [
            ("origin_hotkey", account_value(&from.hotkey)),
            ("destination_hotkey", account_value(&to.hotkey)),
            ("origin_netuid", number_value(from.netuid.0)),
            ("destination_netuid", number_value(to.netuid.0)),
            ("alpha_amount", number_value(amount.0)),
        ];
        Self::new(SUBTENSOR, "move_stake", arguments)
    }

    /// Gives stake to another coldkey, possibly in another subnet; the hotkey stays.
    pub fn transfer_stake(from: StakePlace, to: &AccountId, netuid: NetUid, amount: Alpha) -> Self {
        let arguments = [
            ("destination_coldkey", account_value(to)),
            ("hotkey", account_value(&from.hotkey)),
            ("origin_netuid", number_value(from.netuid.0)),
            ("destination_netuid", number_value(netuid.0)),
            ("alpha_amount", number_value(amount.0)),
        ];
        Self::new(SUBTENSOR, "transfer_stake", arguments)
    }

    /// Exchanges stake in one subnet for stake in another; hotkey and owner stay.
    pub fn swap_stake(from: StakePlace, netuid: NetUid, amount: Alpha) -> Self {
        let arguments = [
            ("hotkey", account_value(&from.hotkey)),
            ("origin_netuid", number_value(from.netuid.0)),
            ("destination_netuid", number_value(netuid.0)),
            ("alpha_amount", number_value(amount.0)),
        ];
        Self::new(SUBTENSOR, "swap_stake", arguments)
    }

    /// [`swap_stake`](Self::swap_stake), unless the price of the one in the other falls below `limit`.
    pub fn swap_stake_limit(from: StakePlace, netuid: NetUid, amount: Alpha, limit: Rao, fill: Fill) -> Self {
        let arguments = [
            ("hotkey", account_value(&from.hotkey)),
            ("origin_netuid", number_value(from.netuid.0)),
            ("destination_netuid", number_value(netuid.0)),
            ("alpha_amount", number_value(amount.0)),
            ("limit_price", number_value(limit.0)),
            ("allow_partial", fill.value()),
        ];
        Self::new(SUBTENSOR, "swap_stake_limit", arguments)
    }

    /// Gives alpha back to the subnet, to be emitted again.
    pub fn recycle_alpha(place: StakePlace, amount: Alpha) -> Self {
        Self::new(SUBTENSOR, "recycle_alpha", given_up(place, amount))
    }

    /// Destroys alpha.
    pub fn burn_alpha(place: StakePlace, amount: Alpha) -> Self {
        Self::new(SUBTENSOR, "burn_alpha", given_up(place, amount))
    }
}

fn given_up(place: StakePlace, amount: Alpha) -> [(&'static str, Value); 3] {
    [
        ("hotkey", account_value(&place.hotkey)),
        ("amount", number_value(amount.0)),
        ("netuid", number_value(place.netuid.0)),
    ]
}
