//! Everybody in a subnet, in three requests however many they are: the newest header, one call of the runtime API,
//! and one batch of storage for what that call leaves out.

use crate::{
    AccountId, Alpha, Block, ChainError, Metagraph, NetUid, Neuron, PublishedAxon, Rao, ShapeError, Snapshot,
    Uid,
    axon::published,
    runtime::number_value,
    shape::{Item, Mismatch},
    snapshot::Query,
};
use std::sync::Arc;
use subxt::ext::scale_decode::{self, DecodeAsType};

const API: (&str, &str) = ("SubnetInfoRuntimeApi", "get_metagraph");

/// The parts of the chain's metagraph that are read; the chain's has many more. Each list has an entry for each uid.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct ChainMetagraph {
    name: Vec<u8>,
    symbol: Vec<u8>,
    network_registered_at: u64,
    owner_hotkey: [u8; 32],
    owner_coldkey: [u8; 32],
    tempo: u16,
    last_step: u64,
    blocks_since_last_step: u64,
    alpha_in: u64,
    alpha_out: u64,
    tao_in: u64,
    max_uids: u16,
    burn: u64,
    hotkeys: Vec<[u8; 32]>,
    coldkeys: Vec<[u8; 32]>,
    axons: Vec<AxonInfo>,
    active: Vec<bool>,
    validator_permit: Vec<bool>,
    last_update: Vec<u64>,
    emission: Vec<u64>,
    dividends: Vec<u16>,
    incentives: Vec<u16>,
    consensus: Vec<u16>,
    block_at_registration: Vec<u64>,
    alpha_stake: Vec<u64>,
    tao_stake: Vec<u64>,
    total_stake: Vec<u64>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct AxonInfo {
    block: u64,
    version: u32,
    ip: u128,
    port: u16,
    ip_type: u8,
    protocol: u8,
}

impl From<&AxonInfo> for Option<PublishedAxon> {
    fn from(info: &AxonInfo) -> Self {
        Some(PublishedAxon {
            address: published(info.ip, info.ip_type, info.port)?,
            version: info.version,
            protocol: info.protocol,
            block: Block(info.block),
        })
    }
}

impl Snapshot {
    /// A subnet and all its neurons. Those who ask for the same at the same block share one read.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none; otherwise when the node does not answer, or the chain tells of
    /// its neurons in an unknown shape.
    pub async fn metagraph(&self, netuid: NetUid) -> Result<Metagraph, ChainError> {
        self.shared_metagraph(netuid).await.map(Arc::unwrap_or_clone)
    }

    /// The same without a copy of one's own.
    ///
    /// # Errors
    ///
    /// As [`metagraph`](Self::metagraph).
    pub async fn shared_metagraph(&self, netuid: NetUid) -> Result<Arc<Metagraph>, ChainError> {
        let read = self.read_metagraph(netuid);
        self.shared.metagraphs.get(self.block.hash, netuid, read).await
    }

    async fn read_metagraph(&self, netuid: NetUid) -> Result<Metagraph, ChainError> {
        let (api, method) = API;
        let runtime = self.shared.runtime();
        let arguments = runtime.api_arguments(api, method, vec![number_value(netuid.0)])?;
        let mut query = Query::default();
        let trust = query.subtensor::<Vec<u16>>("ValidatorTrust", [number_value(netuid.0)]);
        let (bytes, stored) = tokio::try_join!(self.api_bytes(api, method, &arguments), self.read(query))?;
        // The storage read has found out which runtime wrote the block. In the one block between an upgrade's
        // decision and its taking effect the call already runs in the new runtime; then the answer does not fit.
        let decoded = match stored.runtime().api_answer(api, method, &bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                let own = self.shared.runtime_at(self.block.hash).await?;
                if own.version() == stored.runtime().version() {
                    return Err(error.into());
                }
                own.api_answer(api, method, &bytes)?
            }
        };
        let decoded: Option<ChainMetagraph> = decoded;
        let graph = decoded.ok_or(ChainError::NoSubnet { netuid })?;
        let trust = stored.get(trust)?;
        self.assemble(netuid, graph, trust, stored.runtime().version().spec)
    }

    fn assemble(
        &self,
        netuid: NetUid,
        graph: ChainMetagraph,
        trust: Option<Vec<u16>>,
        spec_version: u32,
    ) -> Result<Metagraph, ChainError> {
        let size = graph.hotkeys.len();
        let lists = [
            ("coldkeys", graph.coldkeys.len()),
            ("axons", graph.axons.len()),
            ("active", graph.active.len()),
            ("validator_permit", graph.validator_permit.len()),
            ("last_update", graph.last_update.len()),
            ("emission", graph.emission.len()),
            ("dividends", graph.dividends.len()),
            ("incentives", graph.incentives.len()),
            ("consensus", graph.consensus.len()),
            ("block_at_registration", graph.block_at_registration.len()),
            ("alpha_stake", graph.alpha_stake.len()),
            ("tao_stake", graph.tao_stake.len()),
            ("total_stake", graph.total_stake.len()),
        ];
        if let Some((list, length)) = lists.into_iter().find(|(_, length)| *length != size) {
            return Err(ChainError::Shape(ShapeError::Unknown {
                item: Item::runtime_api(API.0, API.1),
                spec_version,
                source: Mismatch::new(UnevenLists { list, length, size }),
            }));
        }
        let neuron = |place: usize| Neuron {
            // A subnet has at most 4096 slots.
            uid: Uid(u16::try_from(place).unwrap_or(u16::MAX)),
            hotkey: AccountId(graph.hotkeys[place]),
            coldkey: AccountId(graph.coldkeys[place]),
            axon: (&graph.axons[place]).into(),
            alpha_stake: Alpha(graph.alpha_stake[place]),
            tao_stake: Rao(graph.tao_stake[place]),
            total_stake: Alpha(graph.total_stake[place]),
            incentive: graph.incentives[place],
            consensus: graph.consensus[place],
            dividends: graph.dividends[place],
            validator_trust: trust.as_ref().and_then(|trust| trust.get(place).copied()),
            emission: Alpha(graph.emission[place]),
            validator_permit: graph.validator_permit[place],
            active: graph.active[place],
            last_update: Block(graph.last_update[place]),
            registered_at: Block(graph.block_at_registration[place]),
        };
        Ok(Metagraph {
            netuid,
            block: self.block,
            name: String::from_utf8_lossy(&graph.name).into_owned(),
            symbol: String::from_utf8_lossy(&graph.symbol).into_owned(),
            owner_coldkey: AccountId(graph.owner_coldkey),
            owner_hotkey: AccountId(graph.owner_hotkey),
            tempo: graph.tempo,
            last_step: Block(graph.last_step),
            blocks_since_last_step: graph.blocks_since_last_step,
            registered_at: Block(graph.network_registered_at),
            max_neurons: graph.max_uids,
            burn: Rao(graph.burn),
            tao_in: Rao(graph.tao_in),
            alpha_in: Alpha(graph.alpha_in),
            alpha_out: Alpha(graph.alpha_out),
            neurons: (0..size).map(neuron).collect(),
        })
    }
}

/// Lists that should have an entry for each neuron do not.
#[derive(Debug, thiserror::Error)]
#[error("{list} has {length} entries for {size} neurons")]
struct UnevenLists {
    list: &'static str,
    length: usize,
    size: usize,
}
