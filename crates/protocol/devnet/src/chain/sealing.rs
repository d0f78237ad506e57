//! Making blocks.

use super::{Chain, Head};
use crate::{
    Clock, DevnetError,
    draft::{Applied, CarrierApplied, Draft},
    executor::CallError,
    state::{self, subnet_key},
    store::{Nodes, SealedBlock, Standing, State, StoreError},
};
use node_subtensor_runtime::{AccountId, Header, genesis::SEED_KEY, inner_of_carrier};
use sp_core::H256;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionTag, TransactionValidityError};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Blocks that one request may ask for: minutes of work. Beyond that a client that left would keep the node busy.
pub(crate) const MAX_BLOCKS_A_CALL: u32 = 100_000;

/// Transactions passed over because the block is full before no more are tried. A small one may still fit where a
/// large one did not; looking at thousands would cost the next block its time.
const MAX_PASSED_OVER: usize = 8;

/// Blocks after its due time in which an epoch still may run: the chain puts off epochs when several are due at once,
/// at most 2 a block with at most 128 subnets.
const EPOCH_DELAY: u32 = 64;

/// What the making of blocks keeps from one to the next.
#[derive(Debug, Default)]
pub(super) struct Production {
    /// By how much the next block's time moves on beyond what it would.
    warp_ms: u64,
    /// The block that upgrades the runtime, on whatever branch it is made. It stays when the block is made: a branch that
    /// takes its place upgrades too.
    upgrade_at: Option<u32>,
    /// Money that the block being made mints.
    gift: Option<Gift>,
}

impl Production {
    pub(super) fn upgrading_at(upgrade_at: Option<u32>) -> Self {
        Self {
            upgrade_at,
            ..Self::default()
        }
    }

    fn warp(&mut self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.warp_ms = self.warp_ms.saturating_add(by);
    }

    /// The chain has been replaced by another, which knows of no upgrade to come.
    pub(super) fn forget_upgrade(&mut self) {
        self.upgrade_at = None;
    }
}

/// Money that a block mints before its transactions.
#[derive(Debug, Clone)]
struct Gift {
    account: AccountId,
    rao: u64,
}

/// A block that is made but not yet part of the chain.
pub(super) struct Made {
    pub(super) block: SealedBlock,
    pub(super) nodes: Nodes,
    /// Hashes and places in the body of the transactions from the pool.
    included: Vec<(H256, u32)>,
    invalid: Vec<H256>,
    /// Tags of the extrinsics that carriers hid, which no transaction of the pool provides.
    unshielded: Vec<TransactionTag>,
    /// Whether the runtime is another one after it.
    upgrades: bool,
}

impl Chain {
    /// Makes one block of what is ready, and returns the new head.
    pub(crate) fn seal(&self) -> Result<Arc<Head>, DevnetError> {
        let mut production = self.production.lock();
        self.seal_with(&mut production)
    }

    /// Makes a block that mints rao into an account before its transactions, and returns the new head.
    pub(crate) fn mint(&self, account: AccountId, rao: u64) -> Result<Arc<Head>, DevnetError> {
        let mut production = self.production.lock();
        production.gift = Some(Gift { account, rao });
        let sealed = self.seal_with(&mut production);
        production.gift = None;
        sealed
    }

    fn seal_with(&self, production: &mut Production) -> Result<Arc<Head>, DevnetError> {
        self.check_running()?;
        let parent = self.head();
        self.idle_states.share();
        let state = self.head_state();
        let time_ms = self.next_time(&state, production.warp_ms)?;
        let ready = self.pool.lock().offer();
        let made = match self.make(&state, &parent.header, time_ms, &ready, production) {
            Err(error @ DevnetError::Faucet { .. }) => Err(error),
            Err(error) if !ready.is_empty() => {
                // A transaction that breaks the end of the block would stop the chain for good.
                tracing::error!(%error, transactions = ready.len(), "a block fails with the pool's transactions; they are dropped");
                self.make(&state, &parent.header, time_ms, &[], production)
                    .map(|made| Made {
                        invalid: ready.iter().map(|(hash, _)| *hash).collect(),
                        ..made
                    })
            }
            made => made,
        }?;
        let head = self.adopt(&parent, made)?;
        production.warp_ms = 0;
        Ok(head)
    }

    /// Makes `count` blocks and returns the new head.
    pub(crate) fn produce(&self, count: u32) -> Result<Arc<Head>, DevnetError> {
        let mut head = self.head();
        for _ in 0..count {
            head = self.seal()?;
        }
        Ok(head)
    }

    /// Makes blocks until the subnet's next epoch has run, and returns the block in which it did.
    pub(crate) fn run_to_epoch(&self, netuid: u16) -> Result<Arc<Head>, DevnetError> {
        let state = self.head_state();
        let exists: Option<bool> = state::read(&state, &subnet_key("NetworksAdded", netuid))?;
        if exists != Some(true) {
            return Err(DevnetError::NoSubnet { netuid });
        }
        let tempo: u16 = state::read(&state, &subnet_key("Tempo", netuid))?.unwrap_or(DEFAULT_TEMPO);
        let before = epochs(&state, netuid)?;
        let limit = u32::from(tempo) + EPOCH_DELAY;
        for _ in 0..limit {
            let head = self.seal()?;
            if epochs(&self.store.state(head.header.state_root), netuid)? != before {
                return Ok(head);
            }
        }
        Err(DevnetError::NoEpoch {
            netuid,
            blocks: limit,
        })
    }

    /// Makes a block whose time is this much later than it would be.
    pub(crate) fn seal_later(&self, by: Duration) -> Result<Arc<Head>, DevnetError> {
        let mut production = self.production.lock();
        production.warp(by);
        self.seal_with(&mut production)
    }

    /// Moves the time of the next block on by this much more than it would.
    pub(crate) fn warp(&self, by: Duration) {
        self.production.lock().warp(by);
    }

    /// Lets the block with this number upgrade the runtime, or the next one, also after a restart. Returns the number.
    pub(crate) fn upgrade_at(&self, number: Option<u32>) -> Result<u32, DevnetError> {
        let mut production = self.production.lock();
        let next = self.head().number + 1;
        let number = number.unwrap_or(next);
        if number < next {
            return Err(DevnetError::Upgrade { number, next });
        }
        self.store.set_upgrade_at(number)?;
        production.upgrade_at = Some(number);
        Ok(number)
    }

    /// Whether a block made now would include a transaction.
    pub(crate) fn has_ready(&self) -> bool {
        self.pool.lock().has_ready()
    }

    fn adopt(&self, parent: &Head, made: Made) -> Result<Arc<Head>, DevnetError> {
        let Made {
            block,
            nodes,
            included,
            invalid,
            unshielded,
            upgrades,
        } = made;
        let upgrades = parent.upgrades + u32::from(upgrades);
        // It may wait for the disk, and whoever submits or asks for a nonce waits for the gate.
        self.store.write_what_waits()?;
        let _gate = self.gate.write();
        let (number, hash, header) = (block.header.number, block.hash, block.header.clone());
        let finalized = self.final_below(number).max(parent.finalized.number);
        self.store.append(block, nodes, Standing::Best, finalized)?;
        let head = Arc::new(Head {
            number,
            hash,
            header,
            finalized: self.final_after(parent, finalized)?,
            switched_at: parent.switched_at,
            upgrades,
            generation: parent.generation,
        });
        // The block can be asked for from here on; then those who wait for it hear of it.
        self.head.send_replace(head.clone());
        let ready = {
            let mut pool = self.pool.lock();
            pool.satisfied_elsewhere(&unshielded);
            pool.sealed(number, hash, &included, &invalid);
            pool.finalized(finalized);
            pool.has_ready()
        };
        if ready {
            self.ready.notify_one();
        }
        tracing::debug!(number, ?hash, transactions = included.len(), "sealed a block");
        Ok(head)
    }

    /// Makes a block of `ready` on top of `parent` without adding it to the chain.
    pub(super) fn make(
        &self,
        state: &State,
        parent: &Header,
        time_ms: u64,
        ready: &[(H256, Arc<[u8]>)],
        production: &Production,
    ) -> Result<Made, DevnetError> {
        let number = parent.number + 1;
        let upgrades = production.upgrade_at == Some(number);
        let failed = |source| DevnetError::Block { number, source };
        let mut draft = Draft::begin(state, parent, time_ms).map_err(failed)?;
        self.publish(&mut draft, state, number, time_ms).map_err(failed)?;
        if let Some(Gift { account, rao }) = &production.gift {
            let minted = draft.mint(account, *rao).map_err(failed)?;
            minted.map_err(|error| DevnetError::Faucet { rao: *rao, error })?;
        }
        let seed = state::read(state, SEED_KEY)?.unwrap_or_default();
        make(draft, seed, ready, upgrades).map_err(failed)
    }

    /// Puts the rounds of the chain's own beacon into a block. When that fails the chain goes on, and what waits for them
    /// waits.
    fn publish(
        &self,
        draft: &mut Draft<'_>,
        state: &State,
        number: u32,
        time_ms: u64,
    ) -> Result<(), CallError> {
        let Some(publisher) = &self.publisher else {
            return Ok(());
        };
        let transactions = publisher
            .transactions(state, number, time_ms)
            .unwrap_or_else(|error| {
                tracing::error!(%error, number, "a block has no pulses of the chain's own beacon");
                Vec::new()
            });
        for transaction in transactions {
            // Root may have chosen another beacon, which these are not of; then they fail in the block or before it.
            let applied = draft.apply(&transaction)?;
            if !matches!(applied, Applied::Included { .. }) {
                tracing::warn!(?applied, "pulses of the chain's own beacon are not in the block");
            }
        }
        Ok(())
    }

    pub(super) fn next_time(&self, state: &State, warp_ms: u64) -> Result<u64, StoreError> {
        let parent = state::time_ms(state)?;
        let slot = self.genesis.slot_duration_ms;
        let steady = parent.saturating_add(slot);
        let time = match self.clock {
            Clock::Steady { start_ms } if parent == 0 => start_ms.max(1),
            Clock::Steady { .. } => steady,
            Clock::Wall => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
                steady.max(now)
            }
        };
        Ok(time.saturating_add(warp_ms))
    }
}

/// The tempo of a subnet that never set one.
const DEFAULT_TEMPO: u16 = 360;

/// How many epochs a subnet has had.
fn epochs(state: &State, netuid: u16) -> Result<u64, StoreError> {
    Ok(state::read(state, &subnet_key("SubnetEpochIndex", netuid))?.unwrap_or(0))
}

fn make(
    mut draft: Draft<'_>,
    seed: u64,
    ready: &[(H256, Arc<[u8]>)],
    upgrades: bool,
) -> Result<Made, CallError> {
    let (mut included, mut invalid, mut unshielded) = (Vec::new(), Vec::new(), Vec::new());
    let mut passed_over = 0;
    for (hash, bytes) in ready {
        let applied = match inner_of_carrier(bytes, seed) {
            None => draft.apply(bytes)?,
            Some(inner) => {
                let CarrierApplied {
                    carrier,
                    inner: applied,
                } = draft.apply_carrier(bytes, &inner.bytes)?;
                match applied {
                    Some(Applied::Included { .. }) => unshielded.extend(inner.provides),
                    // The carrier's events have told its sender.
                    Some(lost) => {
                        tracing::warn!(carrier = ?hash, ?lost, "a shielded extrinsic is not applied")
                    }
                    None => {}
                }
                carrier
            }
        };
        match applied {
            Applied::Included { index } => included.push((*hash, index)),
            Applied::Refused(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => {
                passed_over += 1;
                if passed_over > MAX_PASSED_OVER {
                    break;
                }
            }
            // What it builds on was passed over.
            Applied::Refused(TransactionValidityError::Invalid(InvalidTransaction::Future)) => {}
            Applied::Refused(error) => {
                tracing::debug!(?hash, ?error, "a transaction has become invalid");
                invalid.push(*hash);
            }
            Applied::Panicked(error) => {
                tracing::warn!(?hash, %error, "the runtime panicked on a transaction, which is dropped");
                invalid.push(*hash);
            }
        }
    }
    if upgrades {
        draft.upgrade_runtime();
    }
    let (block, nodes) = draft.seal()?;
    Ok(Made {
        block,
        nodes,
        included,
        invalid,
        unshielded,
        upgrades,
    })
}
