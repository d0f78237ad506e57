//! What an account holds.

use crate::{Alpha, Identity, NetUid, Rao, Uid};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};

/// An account's TAO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Spendable, unless frozen.
    pub free: Rao,
    /// Held back by the chain.
    pub reserved: Rao,
    /// The part of `free` that cannot be spent.
    pub frozen: Rao,
    /// Transactions that the account has made.
    pub nonce: u32,
}

impl Balance {
    /// What can be spent while the account stays open: free less frozen, and less the existential deposit.
    pub fn transferable(&self, existential_deposit: Rao) -> Rao {
        let kept = Rao(self.frozen.0.max(existential_deposit.0));
        self.free.saturating_sub(kept)
    }
}

/// What becomes of the sender of a transfer that would leave it less than the existential deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// The transfer is refused.
    KeepAlive,
    /// The account is closed, and what is left of it destroyed.
    AllowDeath,
}

/// A coldkey's stake on one hotkey of one subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StakePosition {
    /// Who it is staked on.
    pub hotkey: AccountId,
    /// Whose it is.
    pub coldkey: AccountId,
    /// The subnet. On the root network 1 alpha is 1 TAO.
    pub netuid: NetUid,
    /// How much, in the subnet's alpha.
    pub alpha: Alpha,
    /// What the hotkey's last epoch added for its stakers.
    pub emission: Alpha,
    /// Whether the hotkey has a uid in the subnet.
    pub registered: bool,
}

/// What an account is in the subnets, read at one block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRoles {
    /// The coldkey that owns it, when it is a hotkey.
    pub owner: Option<AccountId>,
    /// The hotkeys that it owns, when it is a coldkey.
    pub hotkeys: Vec<AccountId>,
    /// The share of its stakers' dividends that it keeps, in 1/65535, when it was ever set.
    pub take: Option<u16>,
    /// What it says about itself.
    pub identity: Option<Identity>,
    /// Whether it may make root calls.
    pub is_sudo: bool,
    /// Where it has a slot or stake as a hotkey.
    pub places: Vec<HotkeyPlace>,
}

/// A hotkey in a subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotkeyPlace {
    /// The subnet.
    pub netuid: NetUid,
    /// Its slot, when it has one.
    pub uid: Option<Uid>,
    /// All that is staked on it there, by whomever.
    pub alpha: Alpha,
}
