//! One account: money, stakes, roles, and what it did lately.

use super::{Explorer, ExplorerError, SEARCHED_ON_PUBLIC_NODES, SearchDepth, or_absent};
use assay_chain::{
    AccountId, AccountRoles, Balance, BlockContents, BlockRef, ChainClient, ExtrinsicHash, ExtrinsicRecord,
    NetUid, Rao, StakePosition,
};
use serde::Serialize;
use std::ops::ControlFlow;

/// Blocks that are searched for an account's extrinsics.
const SEARCHED: SearchDepth = SearchDepth {
    own: 100,
    public: SEARCHED_ON_PUBLIC_NODES,
};
/// Extrinsics that are shown.
const MOST_EXTRINSICS: usize = 25;
/// Stakes and hotkeys that are shown. An account of a pool has thousands.
pub(crate) const MOST_POSITIONS: usize = 256;

/// An account at the newest block.
#[derive(Debug, Serialize)]
pub(crate) struct AccountView {
    pub(crate) account: AccountId,
    pub(crate) block: BlockRef,
    pub(crate) balance: Balance,
    #[serde(flatten)]
    pub(crate) roles: AccountRoles,
    /// The subnets that it owns.
    pub(crate) owned_subnets: Vec<NetUid>,
    /// What it has staked, the largest first.
    pub(crate) stakes: Vec<Stake>,
    /// How many more stakes there are.
    pub(crate) stakes_left_out: usize,
    /// Its latest extrinsics and those that concern it, newest first.
    pub(crate) extrinsics: Vec<AccountExtrinsic>,
    /// The blocks that were searched for them, first and last.
    pub(crate) searched: (u64, u64),
}

/// A stake and what it would be worth at the pool's price.
#[derive(Debug, Serialize)]
pub(crate) struct Stake {
    #[serde(flatten)]
    pub(crate) position: StakePosition,
    pub(crate) worth: Option<Rao>,
}

/// An extrinsic in an account's list. Its arguments and events, which can be millions of bytes, are on its own page.
#[derive(Debug, Serialize)]
pub(crate) struct AccountExtrinsic {
    pub(crate) block: u64,
    pub(crate) timestamp_ms: Option<u64>,
    pub(crate) signed_by_it: bool,
    pub(crate) index: u32,
    pub(crate) hash: ExtrinsicHash,
    /// Nothing when the metadata does not explain it.
    pub(crate) call: Option<CallName>,
    pub(crate) success: bool,
    /// The chain's name of what went wrong, where it has one.
    pub(crate) failure: Option<String>,
    pub(crate) fee: Option<Rao>,
}

/// Which call it is.
#[derive(Debug, Serialize)]
pub(crate) struct CallName {
    pub(crate) pallet: String,
    pub(crate) name: String,
}

impl AccountExtrinsic {
    fn of(contents: &BlockContents, extrinsic: &ExtrinsicRecord, account: &AccountId) -> AccountExtrinsic {
        let failure = extrinsic.failure.as_ref();
        AccountExtrinsic {
            block: contents.block.number.0,
            timestamp_ms: contents.timestamp_ms,
            signed_by_it: extrinsic.signer() == Some(account),
            index: extrinsic.index,
            hash: extrinsic.hash,
            call: extrinsic.call.as_ref().map(|call| CallName {
                pallet: call.pallet.clone(),
                name: call.name.clone(),
            }),
            success: failure.is_none(),
            failure: failure.and_then(|failure| failure.name()).map(str::to_owned),
            fee: extrinsic.fee,
        }
    }

    /// `Pallet.call`, or what stands for it.
    pub(crate) fn title(&self) -> String {
        self.call.as_ref().map_or_else(
            || "unknown call".to_owned(),
            |call| format!("{}.{}", call.pallet, call.name),
        )
    }
}

impl Explorer {
    pub(super) async fn account(
        &self,
        account: AccountId,
    ) -> Result<std::sync::Arc<AccountView>, ExplorerError> {
        let client = self.client()?;
        let head = self.head(&client).await?.block;
        let read = Box::pin(self.read_account(&client, head, account));
        self.account.get_or_read((head.hash, account), |_| 1, read).await
    }

    async fn read_account(
        &self,
        client: &ChainClient,
        head: BlockRef,
        account: AccountId,
    ) -> Result<AccountView, ExplorerError> {
        let subnets = self.subnets_at(client, head).await?;
        let netuids: Vec<NetUid> = subnets
            .subnets
            .iter()
            .map(|subnet| subnet.summary.netuid)
            .collect();
        let snapshot = client.at_block(head);
        let (balance, roles, stakes) = tokio::try_join!(
            Box::pin(snapshot.balance(&account)),
            Box::pin(snapshot.account_roles(&account, &netuids)),
            Box::pin(async { or_absent(snapshot.stakes(&account).await) })
        )?;
        let price = |netuid: NetUid| {
            let listed = subnets.subnets.iter();
            listed
                .filter(|subnet| subnet.summary.netuid == netuid)
                .find_map(|subnet| subnet.price)
        };
        let mut stakes: Vec<Stake> = stakes
            .unwrap_or_default()
            .into_iter()
            .map(|position| Stake {
                worth: price(position.netuid).map(|price| worth(position.alpha.0, price)),
                position,
            })
            .collect();
        stakes.sort_by_key(|stake| std::cmp::Reverse((stake.worth, stake.position.alpha)));
        let stakes_left_out = stakes.len().saturating_sub(MOST_POSITIONS);
        stakes.truncate(MOST_POSITIONS);
        let (extrinsics, searched) = self.concerning(client, head, &account).await?;
        Ok(AccountView {
            account,
            block: head,
            balance,
            roles,
            owned_subnets: subnets
                .subnets
                .iter()
                .filter(|subnet| subnet.summary.owner == account)
                .map(|subnet| subnet.summary.netuid)
                .collect(),
            stakes,
            stakes_left_out,
            extrinsics,
            searched,
        })
    }

    /// The latest extrinsics that an account signed or stands in, and the blocks that were searched.
    async fn concerning(
        &self,
        client: &ChainClient,
        head: BlockRef,
        account: &AccountId,
    ) -> Result<(Vec<AccountExtrinsic>, (u64, u64)), ExplorerError> {
        let mut found = Vec::new();
        let searched = self
            .search_back(client, head, SEARCHED, |contents| {
                let concerning = contents
                    .extrinsics
                    .iter()
                    .rev()
                    .filter(|extrinsic| extrinsic.concerns(account));
                let left = MOST_EXTRINSICS - found.len();
                found.extend(
                    concerning
                        .take(left)
                        .map(|extrinsic| AccountExtrinsic::of(contents, extrinsic, account)),
                );
                if found.len() < MOST_EXTRINSICS {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
            .await?;
        Ok((found, searched))
    }
}

/// Alpha at a price, in TAO.
pub(super) fn worth(alpha: u64, price: Rao) -> Rao {
    let rao = u128::from(alpha) * u128::from(price.0) / 1_000_000_000;
    Rao(u64::try_from(rao).unwrap_or(u64::MAX))
}
