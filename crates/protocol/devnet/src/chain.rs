//! The chain: its blocks, its head, its pool. Everything here blocks the thread it runs on; the server and the
//! [`Devnet`](crate::Devnet) call it on threads that may block.
//!
//! Three locks, always taken in this order: `production` (one block at a time), `gate` (a transaction is validated and
//! put into the pool on top of one and the same head), `pool`.

mod genesis;
mod sealing;
mod snapshot;
mod submission;

pub(crate) use sealing::MAX_BLOCKS_A_CALL;
pub use snapshot::{SnapshotError, SnapshotSummary};
pub(crate) use submission::DryRunError;

use crate::{
    Clock, DevnetConfig, DevnetError,
    pool::Pool,
    store::{SealedBlock, State, Store, StoreError},
};
use node_subtensor_runtime::{Header, genesis::Genesis};
use parking_lot::{Mutex, RwLock};
use sp_core::H256;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{Notify, watch};

/// The last sealed block, which is final.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) number: u32,
    pub(crate) hash: H256,
    pub(crate) header: Header,
    /// How many times the chain has been replaced by a snapshot. Numbers of different generations do not compare.
    pub(crate) generation: u64,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Chain {
    store: Arc<Store>,
    genesis: Genesis,
    genesis_hash: H256,
    clock: Clock,
    head: watch::Sender<Arc<Head>>,
    production: Mutex<sealing::Production>,
    gate: RwLock<()>,
    pool: Mutex<Pool>,
    /// Told when a transaction can go into a block.
    ready: Notify,
    stopping: AtomicBool,
}

impl Chain {
    /// Opens the chain of the configuration, or makes its block 0.
    pub(crate) fn open(config: &DevnetConfig) -> Result<Self, DevnetError> {
        let store = Arc::new(Store::open(&config.data)?);
        let wanted = match &config.restore {
            None => config.genesis.clone(),
            Some(path) => Some(snapshot::read(path)?.genesis),
        };
        let (genesis, genesis_hash) = genesis::open(&store, config, wanted)?;
        let head = head_of(&store, 0)?;
        let chain = Self {
            store,
            genesis,
            genesis_hash,
            clock: config.clock,
            head: watch::Sender::new(Arc::new(head)),
            production: Mutex::default(),
            gate: RwLock::new(()),
            pool: Mutex::new(Pool::new(config.limits)),
            ready: Notify::new(),
            stopping: AtomicBool::new(false),
        };
        if let Some(path) = &config.restore {
            chain.restore(path)?;
        }
        Ok(chain)
    }

    pub(crate) fn head(&self) -> Arc<Head> {
        self.head.borrow().clone()
    }

    /// Hears of every change of the head, though not of every head: who needs each reads them by number.
    pub(crate) fn heads(&self) -> watch::Receiver<Arc<Head>> {
        self.head.subscribe()
    }

    /// Resolves when a transaction has become ready since the last time this did.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    pub(crate) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(crate) fn genesis_hash(&self) -> H256 {
        self.genesis_hash
    }

    /// The state after a block that [`Chain::header`] returned.
    pub(crate) fn state_of(&self, header: &Header) -> State {
        self.store.state(header.state_root)
    }

    /// The header of a block; `None` when there is no such block.
    pub(crate) fn header(&self, hash: &H256) -> Result<Option<Header>, StoreError> {
        let head = self.head();
        if head.hash == *hash {
            return Ok(Some(head.header.clone()));
        }
        let Some(number) = self.store.number(hash)? else {
            return Ok(None);
        };
        // Between the two reads a snapshot may have replaced the chain.
        Ok(self.store.header(number)?.filter(|header| header.hash() == *hash))
    }

    pub(crate) fn header_at(&self, number: u32) -> Result<Option<Header>, StoreError> {
        self.store.header(number)
    }

    pub(crate) fn hash_at(&self, number: u32) -> Result<Option<H256>, StoreError> {
        let head = self.head();
        if head.number == number {
            return Ok(Some(head.hash));
        }
        Ok(self.store.header(number)?.map(|header| header.hash()))
    }

    /// The whole block; `None` when there is no such block.
    pub(crate) fn block(&self, hash: &H256) -> Result<Option<SealedBlock>, StoreError> {
        let Some(header) = self.header(hash)? else {
            return Ok(None);
        };
        let Some(extrinsics) = self.store.body(header.number)? else {
            return Err(StoreError::Damaged { what: "body" });
        };
        Ok(Some(SealedBlock {
            hash: *hash,
            header,
            extrinsics,
        }))
    }

    /// The encoded transactions that could go into the next block.
    pub(crate) fn pending(&self) -> Vec<Arc<[u8]>> {
        self.pool.lock().pending()
    }

    /// Makes work in progress end soon, and further work be refused.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn check_running(&self) -> Result<(), DevnetError> {
        if self.is_stopping() {
            return Err(DevnetError::Stopping);
        }
        Ok(())
    }
}

fn head_of(store: &Store, generation: u64) -> Result<Head, StoreError> {
    let number = store.head()?.ok_or(StoreError::Damaged { what: "head" })?;
    let header = store
        .header(number)?
        .ok_or(StoreError::Damaged { what: "head" })?;
    Ok(Head {
        number,
        hash: header.hash(),
        header,
        generation,
    })
}
