//! Balances and stakes.

use crate::{
    AccountId, Alpha, Balance, ChainError, NetUid, Rao, Snapshot, StakePosition, Uid,
    runtime::{account_value, number_value},
    snapshot::Query,
};
use subxt::ext::scale_decode::{self, DecodeAsType};

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct AccountInfo {
    nonce: u32,
    data: AccountData,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct AccountData {
    free: u64,
    reserved: u64,
    frozen: u64,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct StakeInfo {
    hotkey: [u8; 32],
    coldkey: [u8; 32],
    netuid: u16,
    stake: u64,
    emission: u64,
    is_registered: bool,
}

impl From<StakeInfo> for StakePosition {
    fn from(info: StakeInfo) -> Self {
        Self {
            hotkey: AccountId(info.hotkey),
            coldkey: AccountId(info.coldkey),
            netuid: NetUid(info.netuid),
            alpha: Alpha(info.stake),
            emission: Alpha(info.emission),
            registered: info.is_registered,
        }
    }
}

impl Snapshot {
    /// What an account holds; zeros for one that does not exist.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps accounts in an unknown shape.
    pub async fn balance(&self, account: &AccountId) -> Result<Balance, ChainError> {
        let mut query = Query::default();
        let info = query.entry::<AccountInfo>("System", "Account", [account_value(account)]);
        let answer = self.read(query).await?;
        Ok(answer.get(info)?.map_or_else(Balance::default, |info| Balance {
            free: Rao(info.data.free),
            reserved: Rao(info.data.reserved),
            frozen: Rao(info.data.frozen),
            nonce: info.nonce,
        }))
    }

    /// A coldkey's stakes in all subnets; positions of zero are left out.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain tells stakes in an unknown shape.
    pub async fn stakes(&self, coldkey: &AccountId) -> Result<Vec<StakePosition>, ChainError> {
        let stakes: Vec<StakeInfo> = self
            .api(
                "StakeInfoRuntimeApi",
                "get_stake_info_for_coldkey",
                vec![account_value(coldkey)],
            )
            .await?;
        Ok(stakes.into_iter().map(StakePosition::from).collect())
    }

    /// A coldkey's stake on a hotkey in a subnet.
    ///
    /// # Errors
    ///
    /// As [`stakes`](Self::stakes).
    pub async fn stake(
        &self,
        netuid: NetUid,
        hotkey: &AccountId,
        coldkey: &AccountId,
    ) -> Result<StakePosition, ChainError> {
        let arguments = vec![
            account_value(hotkey),
            account_value(coldkey),
            number_value(netuid.0),
        ];
        let stake: Option<StakeInfo> = self
            .api(
                "StakeInfoRuntimeApi",
                "get_stake_info_for_hotkey_coldkey_netuid",
                arguments,
            )
            .await?;
        Ok(stake.map_or_else(
            || StakePosition {
                hotkey: *hotkey,
                coldkey: *coldkey,
                netuid,
                alpha: Alpha::ZERO,
                emission: Alpha::ZERO,
                registered: false,
            },
            StakePosition::from,
        ))
    }

    /// The coldkey that owns a hotkey; nothing when the chain does not know the hotkey.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn owner(&self, hotkey: &AccountId) -> Result<Option<AccountId>, ChainError> {
        let mut query = Query::default();
        let owner = query.subtensor::<[u8; 32]>("Owner", [account_value(hotkey)]);
        let answer = self.read(query).await?;
        // The entry's default is the account of zeros: only what is stored counts.
        if !answer.is_stored(owner) {
            return Ok(None);
        }
        Ok(answer.get(owner)?.map(AccountId))
    }

    /// The slot of a hotkey in a subnet; nothing when it is not registered.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn uid(&self, netuid: NetUid, hotkey: &AccountId) -> Result<Option<Uid>, ChainError> {
        let mut query = Query::default();
        let uid = query.subtensor::<u16>("Uids", [number_value(netuid.0), account_value(hotkey)]);
        Ok(self.read(query).await?.get(uid)?.map(Uid))
    }
}
