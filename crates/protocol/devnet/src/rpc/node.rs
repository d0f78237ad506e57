//! What the methods work on.

use super::{RpcError, chain_head::Followers};
use crate::{
    BlockProduction, DevnetError, Limits, Storage, chain::Chain, executor, faults::Faults, state::upgrades,
    store::State, threads::Pool,
};
use node_subtensor_runtime::Header;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sp_core::H256;
use sp_version::RuntimeVersion;
use std::{collections::HashMap, path::PathBuf, sync::Arc};
use tokio::sync::{Semaphore, watch};

/// The chain and what its server needs beside it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(super) chain: Arc<Chain>,
    pub(super) pace: watch::Sender<BlockProduction>,
    /// The pace before the chain was frozen; none while it is not.
    pub(super) thawed: Arc<Mutex<Option<BlockProduction>>>,
    pub(super) limits: Limits,
    versions: Arc<Versions>,
    /// Where snapshots go; none for a chain in memory.
    pub(super) snapshots: Option<PathBuf>,
    pub(super) followers: Followers,
    /// None when the devnet was started without.
    pub(super) faults: Option<Arc<Faults>>,
    reads: Pool,
    works: Pool,
    /// Places for works that wait or run.
    places: Arc<Semaphore>,
}

/// Works that wait or run at one time: each may take minutes, and they go on one after another.
const WORKS: usize = 64;

/// What the runtimes of the chain say of themselves, by the number of upgrades before each.
type Versions = Mutex<HashMap<u32, Arc<Version>>>;

/// A runtime's version.
#[derive(Debug, PartialEq)]
pub(super) struct Version {
    /// As `state_getRuntimeVersion` reports it.
    pub(super) json: Value,
    /// As `chainHead_v1_follow` reports it.
    pub(super) spec: Value,
}

impl Node {
    pub(crate) fn new(
        chain: Arc<Chain>,
        pace: watch::Sender<BlockProduction>,
        data: &Storage,
        limits: Limits,
        faults: Option<Arc<Faults>>,
        works: Pool,
    ) -> Result<Self, DevnetError> {
        Ok(Self {
            chain,
            pace,
            thawed: Arc::default(),
            limits,
            versions: Arc::default(),
            snapshots: match data {
                Storage::Memory => None,
                Storage::Folder(folder) => Some(folder.join("snapshots")),
            },
            followers: Followers::default(),
            faults,
            reads: Pool::start(limits.concurrent_reads)?,
            works,
            places: Arc::new(Semaphore::new(WORKS)),
        })
    }

    /// Runs `read` on one of the threads for reads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Node) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let node = self.clone();
        self.reads.run(move || read(&node)).await?
    }

    /// Runs `work` on one of the threads for what takes long. It is left out when the caller has gone before its turn.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Node) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let _place = self.places.try_acquire().map_err(|_| RpcError::Busy)?;
        let node = self.clone();
        self.works.run(move || work(&node)).await?
    }

    /// The header of a block, or of the head.
    pub(super) fn header(&self, at: Option<H256>) -> Result<Header, RpcError> {
        match at {
            None => Ok(self.chain.head().header.clone()),
            Some(hash) => self.chain.header(&hash)?.ok_or(RpcError::UnknownBlock),
        }
    }

    /// The state after a block, or after the head.
    pub(super) fn state(&self, at: Option<H256>) -> Result<State, RpcError> {
        Ok(self.chain.state_of(&self.header(at)?)?)
    }

    /// The version of the runtime in the state after a block.
    pub(super) fn version(&self, header: &Header) -> Result<Arc<Version>, RpcError> {
        let state = self.chain.state_of(header)?;
        let upgrades = upgrades(&state)?;
        if let Some(known) = self.versions.lock().get(&upgrades) {
            return Ok(known.clone());
        }
        let version: RuntimeVersion = executor::query(&state, "Core_version", &[])?;
        let version = Arc::new(Version {
            json: version_json(&version),
            spec: spec_json(&version),
        });
        self.versions.lock().insert(upgrades, version.clone());
        Ok(version)
    }
}

/// The shape of the RPC differs from that of the type's own serialisation: API ids are hex.
fn version_json(version: &RuntimeVersion) -> Value {
    let apis: Vec<Value> = version
        .apis
        .iter()
        .map(|(id, number)| json!([in_hex(id), number]))
        .collect();
    json!({
        "specName": version.spec_name,
        "implName": version.impl_name,
        "authoringVersion": version.authoring_version,
        "specVersion": version.spec_version,
        "implVersion": version.impl_version,
        "transactionVersion": version.transaction_version,
        "systemVersion": version.system_version,
        "stateVersion": 1,
        "apis": apis,
    })
}

/// The newer interface has fewer fields, and the APIs as a map.
fn spec_json(version: &RuntimeVersion) -> Value {
    let apis: serde_json::Map<String, Value> = version
        .apis
        .iter()
        .map(|(id, number)| (in_hex(id), json!(number)))
        .collect();
    json!({
        "specName": version.spec_name,
        "implName": version.impl_name,
        "specVersion": version.spec_version,
        "implVersion": version.impl_version,
        "transactionVersion": version.transaction_version,
        "apis": apis,
    })
}

/// Bytes as the RPC writes them.
pub(super) fn in_hex(bytes: impl AsRef<[u8]>) -> String {
    const_hex::encode_prefixed(bytes)
}
