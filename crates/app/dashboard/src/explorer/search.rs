//! The search: what a number, a hash, an address or a name can mean on this chain.

use super::{Explorer, ExplorerError, SEARCHED_ON_PUBLIC_NODES, SearchDepth, block::extrinsic_place};
use assay_chain::{AccountId, BlockHash, BlockRef, ChainClient, NetUid};
use serde::Serialize;
use std::ops::ControlFlow;

/// Blocks that are searched for an extrinsic's hash: the chain has no index of hashes.
const SEARCHED: SearchDepth = SearchDepth {
    own: 400,
    public: SEARCHED_ON_PUBLIC_NODES,
};
/// Longest text that is looked for.
pub(crate) const LONGEST_QUERY: usize = 128;
/// Results by name that are shown.
const MOST_NAMED: usize = 50;

/// Names on the chain and whose they are.
#[derive(Debug)]
pub(crate) struct Names(Vec<(AccountId, String)>);

/// What a search found.
#[derive(Debug, Serialize)]
pub(crate) struct SearchView {
    pub(crate) query: String,
    pub(crate) hits: Vec<Hit>,
    /// The blocks that were searched for an extrinsic, when they were.
    pub(crate) searched: Option<(u64, u64)>,
}

/// Something that the text can mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Hit {
    pub(crate) kind: HitKind,
    /// The page about it.
    pub(crate) address: String,
    /// What it is called.
    pub(crate) title: String,
    pub(crate) detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HitKind {
    Block,
    Extrinsic,
    Account,
    Subnet,
    Name,
}

impl HitKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            HitKind::Block => "block",
            HitKind::Extrinsic => "extrinsic",
            HitKind::Account => "account",
            HitKind::Subnet => "subnet",
            HitKind::Name => "name",
        }
    }
}

impl Explorer {
    /// What `query` can mean. `named` are names that the run itself knows, with their hotkeys' addresses.
    pub(super) async fn search(
        &self,
        query: &str,
        named: &[(String, String)],
    ) -> Result<SearchView, ExplorerError> {
        let query: String = query.trim().chars().take(LONGEST_QUERY).collect();
        let mut view = SearchView {
            query: query.clone(),
            hits: Vec::new(),
            searched: None,
        };
        if query.is_empty() {
            return Ok(view);
        }
        let client = self.client()?;
        let head = self.head(&client).await?.block;
        let plain = query.trim_start_matches('#');
        if let Some((block, index)) = extrinsic_place(plain) {
            let found = self.extrinsic(block, index).await;
            view.hits.extend(found.ok().map(|found| Hit {
                kind: HitKind::Extrinsic,
                address: format!("/extrinsic/{block}-{index}"),
                title: format!("Extrinsic {block}-{index}"),
                detail: found.extrinsic.title(),
            }));
        } else if let Ok(number) = plain.parse::<u64>() {
            self.search_number(&client, head, number, &mut view).await?;
        } else if let Some(bytes) = hash_of(&query) {
            self.search_hash(&client, head, bytes, &mut view).await?;
        } else if let Ok(account) = query.parse::<AccountId>() {
            view.hits.push(account_hit(&account, "an address"));
        } else {
            self.search_name(&client, head, &query, named, &mut view).await?;
        }
        Ok(view)
    }

    async fn search_number(
        &self,
        client: &ChainClient,
        head: BlockRef,
        number: u64,
        view: &mut SearchView,
    ) -> Result<(), ExplorerError> {
        if number <= head.number.0 {
            view.hits.push(Hit {
                kind: HitKind::Block,
                address: format!("/block/{number}"),
                title: format!("Block {number}"),
                detail: String::new(),
            });
        }
        let subnets = self.subnets_at(client, head).await?;
        let found = subnets
            .subnets
            .iter()
            .find(|subnet| u64::from(subnet.summary.netuid.0) == number);
        if let Some(subnet) = found {
            view.hits
                .push(subnet_hit(subnet.summary.netuid, subnet.summary.name.as_deref()));
        }
        Ok(())
    }

    async fn search_hash(
        &self,
        client: &ChainClient,
        head: BlockRef,
        bytes: [u8; 32],
        view: &mut SearchView,
    ) -> Result<(), ExplorerError> {
        match client.at(BlockHash(bytes)).await {
            Ok(found) => {
                let number = found.block().number;
                view.hits.push(Hit {
                    kind: HitKind::Block,
                    address: format!("/block/{}", BlockHash(bytes)),
                    title: format!("Block {number}"),
                    detail: "by its hash".to_owned(),
                });
                return Ok(());
            }
            Err(assay_chain::ChainError::UnknownBlock { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let mut hit = None;
        let searched = self
            .search_back(client, head, SEARCHED, |contents| {
                let found = contents
                    .extrinsics
                    .iter()
                    .find(|extrinsic| extrinsic.hash.0 == bytes);
                let Some(extrinsic) = found else {
                    return ControlFlow::Continue(());
                };
                let place = format!("{}-{}", contents.block.number, extrinsic.index);
                hit = Some(Hit {
                    kind: HitKind::Extrinsic,
                    address: format!("/extrinsic/{place}"),
                    title: format!("Extrinsic {place}"),
                    detail: extrinsic.title(),
                });
                ControlFlow::Break(())
            })
            .await?;
        if hit.is_some() {
            view.hits.extend(hit);
            return Ok(());
        }
        view.searched = Some(searched);
        // Any 32 bytes are also a public key; only one that the chain knows is worth showing.
        let account = AccountId(bytes);
        let known = client.at_block(head).balance(&account).await?;
        if known != assay_chain::Balance::default() {
            view.hits.push(account_hit(&account, "by its public key"));
        }
        Ok(())
    }

    async fn search_name(
        &self,
        client: &ChainClient,
        head: BlockRef,
        query: &str,
        named: &[(String, String)],
        view: &mut SearchView,
    ) -> Result<(), ExplorerError> {
        let wanted = query.to_lowercase();
        let matches = |name: &str| name.to_lowercase().contains(&wanted);
        for (name, hotkey) in named {
            if matches(name)
                && let Ok(account) = hotkey.parse::<AccountId>()
            {
                view.hits.push(Hit {
                    title: name.clone(),
                    ..account_hit(&account, "a hotkey of this run")
                });
            }
        }
        let subnets = self.subnets_at(client, head).await?;
        for subnet in &subnets.subnets {
            let name = subnet.summary.name.as_deref();
            if name.is_some_and(matches) {
                view.hits.push(subnet_hit(subnet.summary.netuid, name));
            }
        }
        let names = self
            .identities
            .get_or_read(head.hash, |_| 1, async {
                let found = super::or_absent(client.at_block(head).identities().await)?;
                Ok::<_, ExplorerError>(Names(
                    found
                        .unwrap_or_default()
                        .into_iter()
                        .map(|(account, identity)| (account, identity.name))
                        .collect(),
                ))
            })
            .await?;
        for (account, name) in &names.0 {
            if matches(name) {
                view.hits.push(Hit {
                    kind: HitKind::Name,
                    title: name.clone(),
                    ..account_hit(account, "by its identity")
                });
            }
        }
        view.hits.truncate(MOST_NAMED);
        Ok(())
    }
}

fn hash_of(text: &str) -> Option<[u8; 32]> {
    if text.len() != 66 || !text.starts_with("0x") {
        return None;
    }
    text.parse::<BlockHash>().ok().map(|hash| hash.0)
}

fn account_hit(account: &AccountId, detail: &str) -> Hit {
    Hit {
        kind: HitKind::Account,
        address: format!("/account/{account}"),
        title: account.to_string(),
        detail: detail.to_owned(),
    }
}

fn subnet_hit(netuid: NetUid, name: Option<&str>) -> Hit {
    Hit {
        kind: HitKind::Subnet,
        address: format!("/subnet/{netuid}"),
        title: format!("Subnet {netuid}"),
        detail: name.unwrap_or_default().to_owned(),
    }
}
