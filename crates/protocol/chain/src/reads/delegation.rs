//! Who acts, earns or inherits for whom.

use crate::{
    AccountId, ChainError, Child, NetUid, Rao, Snapshot,
    runtime::{account_value, number_value},
    snapshot::Query,
};
use scale_value::{Value, ValueDef};
use serde::{Deserialize, Serialize};
use subxt::ext::scale_decode::{self, DecodeAsType};

/// An account that may make calls for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyDelegate {
    /// Who may.
    pub delegate: AccountId,
    /// Which calls: the runtime's name of the kind, `Any` or `Staking` for two.
    pub kind: String,
    /// Blocks between announcement and call.
    pub delay: u32,
}

/// Who may act for an account, and the deposit that is held for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxies {
    /// Who may.
    pub delegates: Vec<ProxyDelegate>,
    /// Reserved of the account's balance for as long as there are any.
    pub deposit: Rao,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct ProxyDefinition {
    delegate: [u8; 32],
    proxy_type: Value,
    delay: u32,
}

impl Snapshot {
    /// The hotkeys that inherit a hotkey's stake in a subnet. What was set and still cools down is not among them.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps them in an unknown shape.
    pub async fn children(&self, netuid: NetUid, hotkey: &AccountId) -> Result<Vec<Child>, ChainError> {
        self.heirs("ChildKeys", netuid, hotkey).await
    }

    /// The hotkeys whose stake a hotkey inherits in a subnet.
    ///
    /// # Errors
    ///
    /// As [`children`](Self::children).
    pub async fn parents(&self, netuid: NetUid, hotkey: &AccountId) -> Result<Vec<Child>, ChainError> {
        self.heirs("ParentKeys", netuid, hotkey).await
    }

    async fn heirs(
        &self,
        entry: &'static str,
        netuid: NetUid,
        hotkey: &AccountId,
    ) -> Result<Vec<Child>, ChainError> {
        let mut query = Query::default();
        let keys = [account_value(hotkey), number_value(netuid.0)];
        let heirs = query.subtensor::<Vec<(u64, [u8; 32])>>(entry, keys);
        let heirs = self.read(query).await?.get(heirs)?.unwrap_or_default();
        Ok(heirs
            .into_iter()
            .map(|(share, hotkey)| Child {
                hotkey: AccountId(hotkey),
                share,
            })
            .collect())
    }

    /// What a hotkey keeps of what it earns with others' stake, in 1/65535.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain does not tell.
    pub async fn delegate_take(&self, hotkey: &AccountId) -> Result<u16, ChainError> {
        let mut query = Query::default();
        let take = query.subtensor::<u16>("Delegates", [account_value(hotkey)]);
        self.read(query).await?.need(take)
    }

    /// What a child keeps of what it earns with its parents' stake in a subnet, in 1/65535.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain does not tell.
    pub async fn childkey_take(&self, netuid: NetUid, hotkey: &AccountId) -> Result<u16, ChainError> {
        let mut query = Query::default();
        let keys = [account_value(hotkey), number_value(netuid.0)];
        let take = query.subtensor::<u16>("ChildkeyTake", keys);
        self.read(query).await?.need(take)
    }

    /// The hotkey on which what a coldkey earns in a subnet is staked, when it has chosen one.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn auto_stake(
        &self,
        netuid: NetUid,
        coldkey: &AccountId,
    ) -> Result<Option<AccountId>, ChainError> {
        let mut query = Query::default();
        let keys = [account_value(coldkey), number_value(netuid.0)];
        let hotkey = query.subtensor::<[u8; 32]>("AutoStakeDestination", keys);
        Ok(self.read(query).await?.get(hotkey)?.map(AccountId))
    }

    /// Who may act for an account.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps them in an unknown shape.
    pub async fn proxies(&self, account: &AccountId) -> Result<Proxies, ChainError> {
        let mut query = Query::default();
        let proxies =
            query.entry::<(Vec<ProxyDefinition>, u64)>("Proxy", "Proxies", [account_value(account)]);
        let Some((delegates, deposit)) = self.read(query).await?.get(proxies)? else {
            return Ok(Proxies::default());
        };
        let delegate = |definition: ProxyDefinition| ProxyDelegate {
            delegate: AccountId(definition.delegate),
            kind: match definition.proxy_type.value {
                ValueDef::Variant(variant) => variant.name,
                other => Value::without_context(other).to_string(),
            },
            delay: definition.delay,
        };
        Ok(Proxies {
            delegates: delegates.into_iter().map(delegate).collect(),
            deposit: Rao(deposit),
        })
    }
}
