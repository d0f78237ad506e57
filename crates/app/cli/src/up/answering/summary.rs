//! What summaries of runs have in common.

use super::{PaidEpoch, short};
use assay_chain::NetUid;
use assay_localnet::{Account, LocalSubnet};
use miette::IntoDiagnostic;
use serde::Serialize;

/// The chain at the end of a run.
#[derive(Debug, Serialize)]
pub(in crate::up) struct ChainSummary {
    genesis: String,
    netuid: NetUid,
    block: u64,
}

impl ChainSummary {
    pub(in crate::up) async fn of(subnet: &LocalSubnet) -> miette::Result<Self> {
        let head = subnet.chain.head().await.into_diagnostic()?;
        Ok(Self {
            genesis: format!("{:#x}", subnet.devnet.genesis_hash()),
            netuid: subnet.netuid,
            block: head.number.0,
        })
    }
}

/// What the epochs of a run paid a miner.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::up) struct Earned {
    /// Of the last epoch, 0 to 1.
    pub(in crate::up) incentive: f64,
    /// Of all, in rao of the subnet's alpha.
    pub(in crate::up) rao: u64,
}

impl Earned {
    pub(in crate::up) fn by(account: &Account, epochs: &[PaidEpoch]) -> Self {
        let miners = epochs.iter().flat_map(|epoch| &epoch.miners);
        let paid = miners.filter(|miner| miner.name == short(&account.name));
        paid.fold(Self::default(), |earned, miner| Self {
            incentive: miner.incentive,
            rao: earned.rao + miner.emission_rao,
        })
    }
}
