//! The subnets, and one of them.

use super::{Explorer, ExplorerError, or_absent};
use assay_chain::{
    BlockRef, ChainClient, EpochSchedule, Hyperparameters, Metagraph, NetUid, Rao, SubnetEmission,
    SubnetIdentity, SubnetSummary,
};
use serde::Serialize;
use std::sync::Arc;

/// All subnets at the newest block.
#[derive(Debug, Serialize)]
pub(crate) struct SubnetsView {
    pub(crate) block: BlockRef,
    pub(crate) subnets: Vec<SubnetRow>,
}

/// A subnet in the list.
#[derive(Debug, Serialize)]
pub(crate) struct SubnetRow {
    #[serde(flatten)]
    pub(crate) summary: SubnetSummary,
    /// TAO for one alpha.
    pub(crate) price: Option<Rao>,
}

/// A subnet at the newest block.
#[derive(Debug, Serialize)]
pub(crate) struct SubnetView {
    pub(crate) summary: SubnetSummary,
    pub(crate) identity: Option<SubnetIdentity>,
    pub(crate) price: Option<Rao>,
    pub(crate) schedule: EpochSchedule,
    pub(crate) emission: SubnetEmission,
    pub(crate) hyperparameters: Hyperparameters,
    pub(crate) metagraph: Metagraph,
    pub(crate) block_time_ms: u64,
}

impl Explorer {
    pub(super) async fn subnets(&self) -> Result<Arc<SubnetsView>, ExplorerError> {
        let client = self.client()?;
        let head = self.head(&client).await?.block;
        self.subnets_at(&client, head).await
    }

    pub(super) async fn subnets_at(
        &self,
        client: &ChainClient,
        head: BlockRef,
    ) -> Result<Arc<SubnetsView>, ExplorerError> {
        let read = async {
            let snapshot = client.at_block(head);
            let (subnets, prices) = tokio::try_join!(snapshot.subnets(), async {
                or_absent(snapshot.alpha_prices().await)
            })?;
            let prices = prices.unwrap_or_default();
            let price = |netuid: NetUid| {
                let found = prices.iter().find(|(priced, _)| *priced == netuid);
                found.map(|(_, price)| *price)
            };
            Ok::<_, ExplorerError>(SubnetsView {
                block: head,
                subnets: subnets
                    .into_iter()
                    .map(|summary| SubnetRow {
                        price: price(summary.netuid),
                        summary,
                    })
                    .collect(),
            })
        };
        self.subnets.get_or_read(head.hash, |_| 1, Box::pin(read)).await
    }

    pub(super) async fn subnet(&self, netuid: NetUid) -> Result<Arc<SubnetView>, ExplorerError> {
        let client = self.client()?;
        let head = self.head(&client).await?.block;
        let read = async {
            let snapshot = client.at_block(head);
            // On the heap, each of them: together they would need more than a thread's stack.
            let (summary, schedule, hyperparameters, metagraph, emission, identity, price) = tokio::try_join!(
                Box::pin(snapshot.subnet(netuid)),
                Box::pin(snapshot.epoch_schedule(netuid)),
                Box::pin(snapshot.hyperparameters(netuid)),
                Box::pin(snapshot.metagraph(netuid)),
                Box::pin(snapshot.emission(netuid)),
                Box::pin(async { or_absent(snapshot.subnet_identity(netuid).await) }),
                Box::pin(async { or_absent(snapshot.alpha_price(netuid).await) }),
            )?;
            Ok::<_, ExplorerError>(SubnetView {
                summary,
                identity: identity.flatten(),
                price,
                schedule,
                emission,
                hyperparameters,
                metagraph,
                block_time_ms: client
                    .block_time()
                    .map_or(12_000, |time| u64::try_from(time.as_millis()).unwrap_or(12_000)),
            })
        };
        self.subnet
            .get_or_read((head.hash, netuid), |_| 1, Box::pin(read))
            .await
    }
}
