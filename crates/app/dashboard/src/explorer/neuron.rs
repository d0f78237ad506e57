//! One neuron: what it has, what it gets, whom it weighs and who weighs it.

use super::{Explorer, ExplorerError, or_absent};
use assay_chain::{AccountId, BlockRef, ChainClient, Commitment, Identity, NetUid, Neuron, Uid};
use assay_neuron::{Circumstances, Diagnosis, diagnose};
use serde::Serialize;
use std::sync::Arc;

/// A neuron at the newest block.
#[derive(Debug, Serialize)]
pub(crate) struct NeuronView {
    pub(crate) netuid: NetUid,
    pub(crate) block: BlockRef,
    pub(crate) subnet: String,
    pub(crate) neuron: Neuron,
    pub(crate) is_owners: bool,
    /// What its coldkey says about itself.
    pub(crate) identity: Option<Identity>,
    pub(crate) commitment: Option<Commitment>,
    /// What stands between it and its weights, where the chain tells enough to say.
    pub(crate) diagnosis: Option<Diagnosis>,
    /// Whom it weighs, the most first.
    pub(crate) weights_out: Vec<Share>,
    /// Who weighs it.
    pub(crate) weights_in: Vec<Share>,
    /// Whom it has bonds on.
    pub(crate) bonds_out: Vec<Share>,
    /// Who has bonds on it.
    pub(crate) bonds_in: Vec<Share>,
}

/// One entry of a row, and how much of the row it is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Share {
    pub(crate) uid: Uid,
    pub(crate) hotkey: AccountId,
    /// As it is stored.
    pub(crate) value: u16,
    /// Of the sum of the row.
    pub(crate) share: f64,
}

impl Explorer {
    pub(super) async fn neuron(&self, netuid: NetUid, uid: Uid) -> Result<Arc<NeuronView>, ExplorerError> {
        let client = self.client()?;
        let head = self.head(&client).await?.block;
        // On the heap, as in the other views: the futures of a chain client are large.
        let read = Box::pin(self.read_neuron(&client, head, netuid, uid));
        self.neuron
            .get_or_read((head.hash, netuid, uid), |_| 1, read)
            .await
    }

    async fn read_neuron(
        &self,
        client: &ChainClient,
        head: BlockRef,
        netuid: NetUid,
        uid: Uid,
    ) -> Result<NeuronView, ExplorerError> {
        let subnet = self.subnet(netuid).await?;
        let graph = &subnet.metagraph;
        let missing = || ExplorerError::not_found(format!("uid {uid} in subnet {netuid}"));
        let neuron = graph.neuron(uid).cloned().ok_or_else(missing)?;
        let snapshot = client.at_block(head);
        let (weights, bonds, identity, commitment, hyperparameters, epochs) = tokio::try_join!(
            Box::pin(snapshot.weights(netuid)),
            Box::pin(async { or_absent(snapshot.bonds(netuid).await) }),
            Box::pin(async { or_absent(snapshot.identity(&neuron.coldkey).await) }),
            Box::pin(async { or_absent(snapshot.commitment(netuid, &neuron.hotkey).await) }),
            Box::pin(async { or_absent(snapshot.hyperparameters(netuid).await) }),
            Box::pin(async { or_absent(snapshot.epoch_schedule(netuid).await) }),
        )?;
        let diagnosis = match (&hyperparameters, &epochs, client.block_time()) {
            (Some(hyperparameters), Some(epochs), Ok(block_time)) => Some(diagnose(&Circumstances {
                metagraph: graph,
                hyperparameters,
                epochs,
                block_time,
                hotkey: neuron.hotkey,
                version_key: None,
            })),
            _ => None,
        };
        let hotkey = |uid: Uid| {
            graph
                .neuron(uid)
                .map_or(AccountId([0; 32]), |neuron| neuron.hotkey)
        };
        let weights: Vec<_> = weights.into_iter().map(|row| (row.uid, row.entries)).collect();
        let bonds: Vec<_> = bonds
            .unwrap_or_default()
            .into_iter()
            .map(|row| (row.uid, row.entries))
            .collect();
        Ok(NeuronView {
            netuid,
            block: head,
            subnet: graph.name.clone(),
            is_owners: graph.owner_hotkey == neuron.hotkey,
            identity: identity.flatten(),
            commitment: commitment.flatten(),
            diagnosis,
            weights_out: out_of(&weights, uid, &hotkey),
            weights_in: into(&weights, uid, &hotkey),
            bonds_out: out_of(&bonds, uid, &hotkey),
            bonds_in: into(&bonds, uid, &hotkey),
            neuron,
        })
    }
}

type Row = (Uid, Vec<(Uid, u16)>);

fn shares(row: &[(Uid, u16)]) -> impl Iterator<Item = (Uid, u16, f64)> {
    let sum: u64 = row.iter().map(|(_, value)| u64::from(*value)).sum();
    row.iter().map(move |(uid, value)| {
        let share = if sum == 0 {
            0.0
        } else {
            f64::from(*value) / sum as f64
        };
        (*uid, *value, share)
    })
}

fn out_of(rows: &[Row], uid: Uid, hotkey: &impl Fn(Uid) -> AccountId) -> Vec<Share> {
    let row = rows.iter().find(|(of, _)| *of == uid);
    let entries = row.map(|(_, entries)| entries.as_slice()).unwrap_or_default();
    ordered(shares(entries).map(|(uid, value, share)| Share {
        uid,
        hotkey: hotkey(uid),
        value,
        share,
    }))
}

fn into(rows: &[Row], uid: Uid, hotkey: &impl Fn(Uid) -> AccountId) -> Vec<Share> {
    ordered(rows.iter().flat_map(|(of, entries)| {
        let found = shares(entries).find(|(target, value, _)| *target == uid && *value > 0);
        found.map(|(_, value, share)| Share {
            uid: *of,
            hotkey: hotkey(*of),
            value,
            share,
        })
    }))
}

fn ordered(found: impl Iterator<Item = Share>) -> Vec<Share> {
    let mut found: Vec<Share> = found.collect();
    found.sort_by(|one, other| other.share.total_cmp(&one.share).then(one.uid.cmp(&other.uid)));
    found
}
