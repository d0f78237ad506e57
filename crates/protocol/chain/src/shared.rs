//! What all clones of a client share: the connection, the runtimes seen so far, and the accounts' queues.

use crate::{
    Block, BlockHash, BlockRef, ChainError, ConnectOptions, Hyperparameters, Metagraph, ShapeError,
    account_queue::AccountQueues,
    connection::{Connection, Params, hex_bytes},
    runtime::{Runtime, RuntimeVersion},
    shared_reads::SharedReads,
    submission::Anchor,
};
use codec::{Compact, Decode, Encode};
use parking_lot::{Mutex, RwLock};
use serde::Deserialize;
use std::{collections::VecDeque, sync::Arc};

/// Runtimes kept besides the present one. A long-lived client meets an upgrade every few weeks; one that reads
/// history meets one more for each. A metadata takes some megabytes.
const RUNTIMES_KEPT: usize = 4;

pub(crate) struct Shared {
    pub(crate) connection: Connection,
    pub(crate) options: ConnectOptions,
    pub(crate) genesis: BlockHash,
    pub(crate) queues: AccountQueues,
    pub(crate) anchor: Anchor,
    pub(crate) metagraphs: SharedReads<Metagraph>,
    pub(crate) hyperparameters: SharedReads<Hyperparameters>,
    current: RwLock<Arc<Runtime>>,
    /// The one that was asked for last comes last.
    known: Mutex<VecDeque<Arc<Runtime>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("connection", &self.connection)
            .field("runtime", &*self.current.read())
            .finish_non_exhaustive()
    }
}

/// A header as JSON-RPC has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    pub(crate) parent_hash: BlockHash,
    number: String,
    pub(crate) state_root: BlockHash,
    pub(crate) extrinsics_root: BlockHash,
    pub(crate) digest: Digest,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Digest {
    pub(crate) logs: Vec<String>,
}

impl Header {
    /// The block it is the header of. The hash is computed: Blake2-256 of the header's SCALE bytes, where each log
    /// stands as it came.
    pub(crate) fn block(&self, method: &'static str) -> Result<BlockRef, ChainError> {
        let number = u64::from_str_radix(self.number.trim_start_matches("0x"), 16)
            .map_err(|error| ShapeError::answer(method, error))?;
        // Heights have 32 bits on these chains. A larger one would pass for the newest block for ever.
        u32::try_from(number).map_err(|error| ShapeError::answer(method, error))?;
        let mut bytes = self.parent_hash.0.to_vec();
        Compact(number).encode_to(&mut bytes);
        bytes.extend(self.state_root.0);
        bytes.extend(self.extrinsics_root.0);
        Compact(u32::try_from(self.digest.logs.len()).unwrap_or(u32::MAX)).encode_to(&mut bytes);
        for log in &self.digest.logs {
            let log = hex::decode(log.trim_start_matches("0x"))
                .map_err(|error| ShapeError::answer(method, error))?;
            bytes.extend(log);
        }
        Ok(BlockRef {
            number: Block(number),
            hash: BlockHash(sp_crypto_hashing::blake2_256(&bytes)),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionAnswer {
    spec_version: u32,
    transaction_version: u32,
}

impl Shared {
    pub(crate) async fn connect(connection: Connection, options: ConnectOptions) -> Result<Self, ChainError> {
        let genesis = connection.genesis().await?;
        let head: Header = connection.read("chain_getHeader", Params::none()).await?;
        let head = head.block("chain_getHeader")?;
        let runtime = Arc::new(load_runtime(&connection, genesis, head.hash, None).await?);
        Ok(Self {
            connection,
            options,
            genesis,
            queues: AccountQueues::default(),
            anchor: Anchor::default(),
            metagraphs: SharedReads::default(),
            hyperparameters: SharedReads::default(),
            known: Mutex::default(),
            current: RwLock::new(runtime),
        })
    }

    /// The newest runtime seen.
    pub(crate) fn runtime(&self) -> Arc<Runtime> {
        Arc::clone(&self.current.read())
    }

    /// The runtime of a block, as the node says.
    pub(crate) async fn runtime_at(&self, hash: BlockHash) -> Result<Arc<Runtime>, ChainError> {
        let version = runtime_version(&self.connection, hash).await?;
        if let Some(known) = self.known_runtime(version.spec) {
            return Ok(known);
        }
        let runtime = Arc::new(load_runtime(&self.connection, self.genesis, hash, Some(version)).await?);
        let mut current = self.current.write();
        let mut known = self.known.lock();
        if current.version().spec < version.spec {
            tracing::info!(
                from = current.version().spec,
                to = version.spec,
                "the chain's runtime was upgraded"
            );
            known.push_back(std::mem::replace(&mut *current, Arc::clone(&runtime)));
        } else {
            known.push_back(Arc::clone(&runtime));
        }
        while known.len() > RUNTIMES_KEPT {
            known.pop_front();
        }
        Ok(runtime)
    }

    fn known_runtime(&self, spec: u32) -> Option<Arc<Runtime>> {
        let current = self.runtime();
        if current.version().spec == spec {
            return Some(current);
        }
        let mut known = self.known.lock();
        let place = known.iter().position(|runtime| runtime.version().spec == spec)?;
        let found = known.remove(place)?;
        known.push_back(Arc::clone(&found));
        Some(found)
    }

    /// Takes the runtime of a block for the present one, even where it is older: an upgrade may be dropped with its
    /// block. Whether that is another one than before.
    pub(crate) async fn adopt_runtime_of(&self, hash: BlockHash) -> Result<bool, ChainError> {
        let before = self.runtime();
        let now = self.runtime_at(hash).await?;
        let is_other = before.version() != now.version();
        if is_other {
            *self.current.write() = now;
            self.known.lock().push_back(before);
        }
        Ok(is_other)
    }

    /// The newest block.
    pub(crate) async fn head(&self) -> Result<BlockRef, ChainError> {
        let header: Header = self.connection.read("chain_getHeader", Params::none()).await?;
        let head = header.block("chain_getHeader")?;
        self.connection.saw_head(head.number);
        Ok(head)
    }

    /// The block of a hash.
    pub(crate) async fn block(&self, hash: BlockHash) -> Result<BlockRef, ChainError> {
        let header: Option<Header> = self
            .connection
            .read_at("chain_getHeader", Params::none(), hash)
            .await?;
        header
            .ok_or(ChainError::UnknownBlock { hash })?
            .block("chain_getHeader")
    }

    /// The newest final block.
    pub(crate) async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        let hash: BlockHash = self
            .connection
            .read("chain_getFinalizedHead", Params::none())
            .await?;
        self.block(hash).await
    }

    /// The hash of the block at a height.
    pub(crate) async fn block_hash(&self, number: Block) -> Result<Option<BlockHash>, ChainError> {
        self.connection
            .read("chain_getBlockHash", Params::none().with(&number.0))
            .await
    }
}

async fn runtime_version(connection: &Connection, at: BlockHash) -> Result<RuntimeVersion, ChainError> {
    let answer: VersionAnswer = connection
        .read_at("state_getRuntimeVersion", Params::none(), at)
        .await?;
    Ok(RuntimeVersion {
        spec: answer.spec_version,
        transaction: answer.transaction_version,
    })
}

/// Asks for the newest metadata version that the node and this client both know, and for version 14 where the node
/// has no choice to offer.
async fn load_runtime(
    connection: &Connection,
    genesis: BlockHash,
    at: BlockHash,
    version: Option<RuntimeVersion>,
) -> Result<Runtime, ChainError> {
    let version = match version {
        Some(version) => version,
        None => runtime_version(connection, at).await?,
    };
    let metadata = match newest_metadata(connection, at).await? {
        Some(bytes) => bytes,
        None => {
            let text: String = connection
                .read_at("state_getMetadata", Params::none(), at)
                .await?;
            hex::decode(text.trim_start_matches("0x"))
                .map_err(|error| ShapeError::answer("state_getMetadata", error))?
        }
    };
    // Reading the metadata takes some hundred milliseconds of computing.
    let runtime = tokio::task::spawn_blocking(move || Runtime::new(version, &metadata, genesis)).await;
    match runtime {
        Ok(runtime) => Ok(runtime?),
        // It panicked on metadata that is beyond it.
        Err(error) => Err(ShapeError::answer("state_getMetadata", error).into()),
    }
}

/// The newest metadata that this client can read; nothing when the runtime does not offer versions.
async fn newest_metadata(connection: &Connection, at: BlockHash) -> Result<Option<Vec<u8>>, ChainError> {
    let call = async |method: &str, arguments: &[u8]| -> Result<Option<Vec<u8>>, ChainError> {
        let parameters = Params::none().with(method).with(&hex_bytes(arguments));
        match connection.read_at::<String>("state_call", parameters, at).await {
            Ok(text) => Ok(hex::decode(text.trim_start_matches("0x")).ok()),
            // The runtime has no such function. Any other refusal must not pass for that: metadata of version 14 lacks
            // the runtime APIs.
            Err(ChainError::Refused { message, .. }) if message.contains("is not found") => Ok(None),
            Err(error) => Err(error),
        }
    };
    let Some(versions) = call("Metadata_metadata_versions", &[]).await? else {
        return Ok(None);
    };
    let Ok(versions) = Vec::<u32>::decode(&mut versions.as_slice()) else {
        return Ok(None);
    };
    // 16 is the newest that is stable; u32::MAX marks one that is not.
    let Some(newest) = versions
        .into_iter()
        .filter(|version| (14..=16).contains(version))
        .max()
    else {
        return Ok(None);
    };
    let Some(answer) = call("Metadata_metadata_at_version", &newest.encode()).await? else {
        return Ok(None);
    };
    Ok(Option::<Vec<u8>>::decode(&mut answer.as_slice()).ok().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_that_no_chain_has_is_refused() {
        let header = |number: &str| -> Header {
            serde_json::from_value(serde_json::json!({
                "parentHash": format!("0x{}", "00".repeat(32)),
                "number": number,
                "stateRoot": format!("0x{}", "11".repeat(32)),
                "extrinsicsRoot": format!("0x{}", "22".repeat(32)),
                "digest": { "logs": [] },
            }))
            .unwrap()
        };
        let last = header("0xffffffff").block("chain_getHeader").unwrap();
        assert_eq!(last.number.0, u64::from(u32::MAX));
        for number in ["0x100000000", "0xffffffffffffffff", "0x10000000000000000"] {
            let error = header(number).block("chain_getHeader").unwrap_err();
            assert!(
                matches!(error, ChainError::Shape(ShapeError::Answer { .. })),
                "{error}"
            );
        }
    }

    #[test]
    fn a_headers_hash_is_that_of_its_scale_bytes() {
        // A genesis header of an empty chain: hash computed by hand from the layout parent, compact number, two
        // roots, digest.
        let header: Header = serde_json::from_value(serde_json::json!({
            "parentHash": format!("0x{}", "00".repeat(32)),
            "number": "0x41",
            "stateRoot": format!("0x{}", "11".repeat(32)),
            "extrinsicsRoot": "0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314",
            "digest": { "logs": ["0x066175726120aabbccdd00000000"] },
        }))
        .unwrap();
        let block = header.block("chain_getHeader").unwrap();
        assert_eq!(block.number, Block(65));
        let mut bytes = vec![0; 32];
        bytes.extend([0x05, 0x01]); // compact 65
        bytes.extend([0x11; 32]);
        bytes
            .extend(hex::decode("03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314").unwrap());
        bytes.push(0x04); // one log
        bytes.extend(hex::decode("066175726120aabbccdd00000000").unwrap());
        assert_eq!(block.hash.0, sp_crypto_hashing::blake2_256(&bytes));
    }
}
