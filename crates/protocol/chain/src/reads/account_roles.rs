//! What an account is in the subnets.

use super::identities::StoredIdentity;
use crate::{
    AccountId, AccountRoles, Alpha, ChainError, HotkeyPlace, Identity, NetUid, Snapshot, Uid,
    runtime::{account_value, number_value},
    snapshot::Query,
};

impl Snapshot {
    /// What an account is: whose hotkey, which hotkeys' coldkey, and where it has a slot or stake among `netuids`.
    /// One request, however many subnets there are.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps one of these in an unknown shape.
    pub async fn account_roles(
        &self,
        account: &AccountId,
        netuids: &[NetUid],
    ) -> Result<AccountRoles, ChainError> {
        let mut query = Query::default();
        let key = || [account_value(account)];
        let owner = query.subtensor::<[u8; 32]>("Owner", key());
        let hotkeys = query.subtensor::<Vec<[u8; 32]>>("OwnedHotkeys", key());
        let take = query.subtensor::<u16>("Delegates", key());
        let identity = query.subtensor::<StoredIdentity>("IdentitiesV2", key());
        let sudo = query.entry::<[u8; 32]>("Sudo", "Key", []);
        let places: Vec<_> = netuids
            .iter()
            .map(|netuid| {
                let subnet = || number_value(netuid.0);
                let uid = query.subtensor::<u16>("Uids", [subnet(), account_value(account)]);
                let alpha = query.subtensor::<u64>("TotalHotkeyAlpha", [account_value(account), subnet()]);
                (*netuid, uid, alpha)
            })
            .collect();
        let answer = self.read(query).await?;
        // The entries have defaults, the account of zeros for one: only what is stored counts.
        let owner = match answer.is_stored(owner) {
            true => answer.get(owner)?.map(AccountId),
            false => None,
        };
        let take = match answer.is_stored(take) {
            true => answer.get(take)?,
            false => None,
        };
        let mut found = Vec::new();
        for (netuid, uid, alpha) in places {
            let uid = answer.get(uid)?.map(Uid);
            let alpha = Alpha(answer.get(alpha)?.unwrap_or_default());
            if uid.is_some() || alpha > Alpha::ZERO {
                found.push(HotkeyPlace { netuid, uid, alpha });
            }
        }
        Ok(AccountRoles {
            owner,
            hotkeys: answer
                .get(hotkeys)?
                .unwrap_or_default()
                .into_iter()
                .map(AccountId)
                .collect(),
            take,
            identity: answer.get(identity)?.map(Identity::from),
            is_sudo: answer.get(sudo)? == Some(account.0),
            places: found,
        })
    }
}
