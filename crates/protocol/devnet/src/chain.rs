//! The chain: its blocks, its head, its pool. Everything here blocks the thread it runs on; the server and the
//! [`Devnet`](crate::Devnet) call it on threads that may block.
//!
//! Three locks, always taken in this order: `production` (one block at a time), `gate` (a transaction is validated and
//! put into the pool on top of one and the same head), `pool`.

mod forks;
mod genesis;
mod idle_states;
mod sealing;
mod snapshot;
mod submission;

pub use forks::Retracted;
pub use genesis::block_zero;
pub(crate) use sealing::MAX_BLOCKS_A_CALL;
pub use snapshot::{SnapshotError, SnapshotSummary};
pub(crate) use submission::DryRunError;

use crate::{
    Clock, DevnetConfig, DevnetError,
    beacon::Publisher,
    pool::Pool,
    state,
    store::{SealedBlock, State, Store, StoreError},
};
use assay_timelock::Beacon;
use idle_states::IdleStates;
use node_subtensor_runtime::{Header, genesis::Genesis};
use parking_lot::{Mutex, RwLock};
use sp_core::H256;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// How long a stop waits for a block that is being made, or a snapshot.
const LAST_WORK: Duration = Duration::from_secs(10);

/// The tip of the best branch, and how far it is final.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) number: u32,
    pub(crate) hash: H256,
    pub(crate) header: Header,
    pub(crate) finalized: Final,
    /// Number of the block with which another branch last became the best; 0 when none ever did.
    pub(crate) switched_at: u32,
    /// How many upgrades the runtime has behind it in the state after the tip.
    pub(crate) upgrades: u32,
    /// How many times the chain has been replaced by a snapshot. Numbers of different generations do not compare.
    pub(crate) generation: u64,
}

/// The last final block.
#[derive(Clone, Debug)]
pub(crate) struct Final {
    pub(crate) number: u32,
    pub(crate) hash: H256,
    pub(crate) header: Header,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Chain {
    store: Arc<Store>,
    genesis: Genesis,
    genesis_hash: H256,
    clock: Clock,
    /// The chain's own beacon, if it has one.
    publisher: Option<Publisher>,
    head: watch::Sender<Arc<Head>>,
    production: Mutex<sealing::Production>,
    gate: RwLock<()>,
    idle_states: IdleStates,
    pool: Mutex<Pool>,
    /// Told when a transaction can go into a block.
    ready: Notify,
    /// By how many blocks the last final one is behind the tip.
    finality_lag: AtomicU32,
    stopping: AtomicBool,
}

impl Chain {
    /// Opens the chain of the configuration, or makes its block 0.
    pub(crate) fn open(config: &DevnetConfig) -> Result<Self, DevnetError> {
        forks::check_lag(config.finality_lag)?;
        let store = Arc::new(Store::open(
            &config.data,
            config.history,
            config.limits.state_cache_bytes,
        )?);
        let wanted = match &config.restore {
            None => config.genesis.clone(),
            Some(path) => Some(snapshot::read(path)?.genesis),
        };
        let (genesis, genesis_hash) = genesis::open(&store, config, wanted)?;
        let head = head_of(&store, 0)?;
        let upgrade_at = store.upgrade_at()?;
        let chain = Self {
            store,
            publisher: genesis.own_beacon().as_ref().map(Publisher::new),
            genesis,
            genesis_hash,
            clock: config.clock,
            head: watch::Sender::new(Arc::new(head)),
            production: Mutex::new(sealing::Production::upgrading_at(upgrade_at)),
            gate: RwLock::new(()),
            idle_states: IdleStates::default(),
            pool: Mutex::new(Pool::new(config.limits)),
            ready: Notify::new(),
            finality_lag: AtomicU32::new(config.finality_lag),
            stopping: AtomicBool::new(false),
        };
        if let Some(path) = &config.restore {
            chain.restore(path)?;
        }
        // Blocks may be final sooner than in an earlier life.
        chain.set_finality_lag(config.finality_lag)?;
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

    /// What clients encrypt to, when the chain has a beacon of its own.
    pub(crate) fn own_beacon(&self) -> Option<&Beacon> {
        self.publisher.as_ref().map(Publisher::beacon)
    }

    pub(crate) fn genesis_hash(&self) -> H256 {
        self.genesis_hash
    }

    /// The state after a block that [`Chain::header`] returned.
    pub(crate) fn state_of(&self, header: &Header) -> Result<State, StoreError> {
        if header.number < self.store.first_state() {
            return Err(StoreError::Discarded { hash: header.hash() });
        }
        Ok(self.store.state(header.state_root))
    }

    /// The state after the tip.
    pub(crate) fn head_state(&self) -> State {
        self.store.state(self.head().header.state_root)
    }

    /// As [`Chain::head_state`] for short looks one after the other, while the gate is held.
    fn look_at_head<T>(&self, look: impl FnOnce(&Head, &State) -> T) -> T {
        let head = self.head();
        let root = head.header.state_root;
        self.idle_states
            .with(root, || self.store.state(root), |state| look(&head, state))
    }

    /// The header of a block of whatever branch; `None` when there is no such block.
    pub(crate) fn header(&self, hash: &H256) -> Result<Option<Header>, StoreError> {
        let head = self.head();
        if head.hash == *hash {
            return Ok(Some(head.header.clone()));
        }
        self.store.header(hash)
    }

    /// The header of a block of the best branch.
    pub(crate) fn header_at(&self, number: u32) -> Result<Option<Header>, StoreError> {
        self.store.header_at(number)
    }

    /// The hash of a block of the best branch.
    pub(crate) fn hash_at(&self, number: u32) -> Result<Option<H256>, StoreError> {
        let head = self.head();
        if head.number == number {
            return Ok(Some(head.hash));
        }
        self.store.hash_at(number)
    }

    /// The whole block, of whatever branch; `None` when there is no such block.
    pub(crate) fn block(&self, hash: &H256) -> Result<Option<SealedBlock>, StoreError> {
        self.store.block(hash)
    }

    /// The encoded transactions that could go into the next block.
    pub(crate) fn pending(&self) -> Vec<Arc<[u8]>> {
        self.pool.lock().pending()
    }

    /// Drops a transaction from the pool, as if the node had lost it. Returns whether it was there.
    pub(crate) fn drop_transaction(&self, hash: &H256) -> bool {
        self.pool.lock().drop_one(hash)
    }

    /// Makes work in progress end soon, and further work be refused.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.store.begin_closing();
    }

    /// Puts everything where the next start finds it at once, unless work that does not end is in the middle of it:
    /// what that has not put into the database is in the journal.
    pub(crate) fn close(&self) {
        match self.production.try_lock_for(LAST_WORK) {
            Some(_production) => self.store.close(),
            None => tracing::warn!("work goes on; the newest blocks stay in the journal"),
        }
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

fn head_of(store: &Arc<Store>, generation: u64) -> Result<Head, StoreError> {
    let missing = || StoreError::Damaged { what: "head" };
    let (number, hash) = store.best();
    let header = store.header(&hash)?.ok_or_else(missing)?;
    let finalized = final_at(store, store.finalized())?;
    let upgrades = state::upgrades(&store.state(header.state_root))?;
    Ok(Head {
        number,
        hash,
        header,
        finalized,
        switched_at: 0,
        upgrades,
        generation,
    })
}

/// A block of the best branch that is final.
fn final_at(store: &Store, number: u32) -> Result<Final, StoreError> {
    let header = store
        .header_at(number)?
        .ok_or(StoreError::Damaged { what: "final head" })?;
    Ok(Final {
        number,
        hash: header.hash(),
        header,
    })
}
