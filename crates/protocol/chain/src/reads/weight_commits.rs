//! Committed weights on chain: when they will be revealed, which wait, and what became of one.

use crate::{
    AccountId, Block, BlockRef, ChainClient, ChainError, CiphertextDigest, CommitFate, HashCommit, Included,
    NetUid, QueuedCommit, RevealPlan, Snapshot, TimelockedCommit, TimelockedWeights, Uid, WeightCommitError,
    WeightRow,
    connection::Params,
    runtime::{EventPhase, account_value, number_value},
    snapshot::Query,
    weight_commit::{LONGEST_CIPHERTEXT, SCHEME_VERSION},
};
use assay_timelock::{
    Beacon, EpochSchedule, InvalidPoint, OsRng, PublicKey, SAFETY_BLOCKS, WeightsPayload, encrypt,
};
use serde::Deserialize;
use subxt::ext::scale_decode::{self, DecodeAsType};

/// The beacon as the chain's state names it.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct BeaconConfig {
    public_key: Vec<u8>,
    period: u32,
    genesis_time: u32,
}

/// The beacon as a devnet tells it: finer than whole seconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DevnetBeacon {
    public_key: String,
    genesis_ms: u64,
    period_ms: u64,
}

/// What a devnet tells of a commit that it did not reveal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedReveal {
    hotkey: AccountId,
    committed_at: u64,
    round: u64,
    error: Option<String>,
    says: String,
}

type QueueEntry = ([u8; 32], u64, Vec<u8>, u64);

/// A reveal plan with the beacon that opens it.
struct Lock {
    plan: RevealPlan,
    beacon: Beacon,
    scheme_version: u16,
}

impl Snapshot {
    /// When weights that are committed now will be revealed.
    ///
    /// Time is the chain's own: the time in the block and the runtime's time between two blocks.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoSubnet`] when there is none, [`ChainError::WeightCommit`] when its epochs never run; otherwise
    /// when the node does not answer.
    pub async fn reveal_plan(&self, netuid: NetUid) -> Result<RevealPlan, ChainError> {
        Ok(self.lock(netuid).await?.plan)
    }

    /// Encrypts a row of `hotkey` so that the chain opens it when its reveal period is over.
    ///
    /// # Errors
    ///
    /// As [`reveal_plan`](Self::reveal_plan), and [`ChainError::WeightCommit`] when the row cannot be encrypted.
    pub async fn timelock_weights(
        &self,
        hotkey: &AccountId,
        netuid: NetUid,
        row: &WeightRow,
        version_key: u64,
    ) -> Result<TimelockedWeights, ChainError> {
        let Lock {
            plan,
            beacon,
            scheme_version,
        } = self.lock(netuid).await?;
        let (uids, values) = row.lists();
        let payload = WeightsPayload {
            hotkey: hotkey.0,
            uids,
            values,
            version_key,
        };
        let key = PublicKey::from_bytes(&beacon.public_key).map_err(WeightCommitError::Beacon)?;
        let round = assay_timelock::Round(plan.round);
        let ciphertext =
            encrypt(&key, round, &payload.encode(), &mut OsRng).map_err(WeightCommitError::Encrypt)?;
        if ciphertext.len() > LONGEST_CIPHERTEXT {
            let bytes = ciphertext.len();
            return Err(WeightCommitError::TooLong { bytes }.into());
        }
        Ok(TimelockedWeights {
            netuid,
            ciphertext,
            scheme_version,
            plan,
        })
    }

    async fn lock(&self, netuid: NetUid) -> Result<Lock, ChainError> {
        let mut query = Query::default();
        let subnet = || [number_value(netuid.0)];
        let added = query.subtensor::<bool>("NetworksAdded", subnet());
        let tempo = query.subtensor::<u16>("Tempo", subnet());
        let last = query.subtensor::<u64>("LastEpochBlock", subnet());
        let pending = query.subtensor::<u64>("PendingEpochAt", subnet());
        let since = query.subtensor::<u64>("BlocksSinceLastStep", subnet());
        let period = query.subtensor::<u64>("RevealPeriodEpochs", subnet());
        let version = query.subtensor::<u16>("CommitRevealWeightsVersion", []);
        let now = query.entry::<u64>("Timestamp", "Now", []);
        let beacon = query.entry::<BeaconConfig>("Drand", "BeaconConfig", []);
        let answer = self.read(query).await?;
        if !answer.get(added)?.unwrap_or_default() {
            return Err(ChainError::NoSubnet { netuid });
        }
        let tempo = answer.need(tempo)?;
        let period = answer.get(period)?.unwrap_or(1);
        let head = self.block.number.0;
        let reveal_block = match answer.get(last)? {
            Some(last) => EpochSchedule {
                last_epoch_block: last,
                pending_epoch_at: answer.get(pending)?.unwrap_or_default(),
                blocks_since_last_step: answer.get(since)?.unwrap_or_default(),
                tempo,
            }
            .reveal_block(head, period),
            None => reveal_block_of_old_chains(head, tempo, netuid.0, period),
        };
        let reveal_block = reveal_block.ok_or(WeightCommitError::NoEpochs { netuid })?;
        let beacon = self.beacon(answer.get(beacon)?).await?;
        let block_ms = self.shared.runtime().constant::<u64>("Aura", "SlotDuration")?;
        let blocks = reveal_block.saturating_add(SAFETY_BLOCKS).saturating_sub(head);
        let opening_ms = answer.need(now)?.saturating_add(blocks.saturating_mul(block_ms));
        Ok(Lock {
            plan: RevealPlan {
                at: self.block,
                reveal_block: Block(reveal_block),
                round: beacon.opening(opening_ms).0,
                period_blocks: period.saturating_mul(u64::from(tempo)),
            },
            beacon,
            scheme_version: answer.get(version)?.unwrap_or(SCHEME_VERSION),
        })
    }

    /// Quicknet, unless the chain names another beacon; then that, as finely as the node tells it.
    async fn beacon(&self, named: Option<BeaconConfig>) -> Result<Beacon, ChainError> {
        let quicknet = Beacon::quicknet();
        let Some(named) = named.filter(|named| named.public_key != quicknet.public_key) else {
            return Ok(quicknet);
        };
        let key = |bytes: Vec<u8>| {
            <[u8; 96]>::try_from(bytes).map_err(|_| {
                WeightCommitError::Beacon(InvalidPoint {
                    what: "a beacon's key",
                    bytes: 96,
                })
            })
        };
        let told: Result<Option<DevnetBeacon>, _> =
            self.shared.connection.read("devnet_beacon", Params::none()).await;
        match told {
            Ok(Some(told)) => {
                let told_key = key(crate::snapshot::unhex("devnet_beacon", &told.public_key)?)?;
                // Only the times may be finer. A row that is sealed with a key of the node's own is the node's to read.
                if told_key.as_slice() != named.public_key {
                    return Err(WeightCommitError::OtherBeacon.into());
                }
                Ok(Beacon {
                    public_key: told_key,
                    genesis_ms: told.genesis_ms,
                    period_ms: told.period_ms,
                })
            }
            // Not such a node: the state alone counts.
            Ok(None) | Err(ChainError::Refused { .. }) => Ok(Beacon {
                public_key: key(named.public_key)?,
                genesis_ms: u64::from(named.genesis_time).saturating_mul(1000),
                period_ms: u64::from(named.period).saturating_mul(1000),
            }),
            Err(error) => Err(error),
        }
    }

    /// The timelocked commits of a subnet that wait for their rounds, by epoch.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps them in an unknown shape.
    pub async fn timelocked_commits(&self, netuid: NetUid) -> Result<Vec<QueuedCommit>, ChainError> {
        let epoch = |key: &[u8]| {
            let epoch = u64::from_le_bytes(*key.last_chunk()?);
            Some((epoch, number_value(epoch)))
        };
        let first = vec![number_value(netuid.0)];
        let mut queues: Vec<(u64, Vec<QueueEntry>)> = self
            .map("SubtensorModule", "TimelockedWeightCommits", first, epoch)
            .await?;
        queues.sort_unstable_by_key(|(epoch, _)| *epoch);
        let queued = queues
            .into_iter()
            .flat_map(|(epoch, queue)| queue.into_iter().map(move |entry| queued(epoch, entry)));
        Ok(queued.collect())
    }

    async fn is_queued(&self, commit: &TimelockedCommit) -> Result<bool, ChainError> {
        let queue = self.queue_of(commit).await?;
        Ok(queue.iter().any(|queued| queued.digest == commit.digest))
    }

    /// What waits of a commit's hotkey in the commit's queue.
    async fn queue_of(&self, commit: &TimelockedCommit) -> Result<Vec<QueuedCommit>, ChainError> {
        let mut query = Query::default();
        let keys = [number_value(commit.netuid.0), number_value(commit.epoch)];
        let queue = query.subtensor::<Vec<QueueEntry>>("TimelockedWeightCommits", keys);
        let queue = self.read(query).await?.get(queue)?.unwrap_or_default();
        Ok(queue
            .into_iter()
            .map(|entry| queued(commit.epoch, entry))
            .filter(|queued| queued.hotkey == commit.hotkey)
            .collect())
    }

    /// The hash commits of a hotkey that were not revealed yet, oldest first.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps them in an unknown shape.
    pub async fn hash_commits(
        &self,
        netuid: NetUid,
        hotkey: &AccountId,
    ) -> Result<Vec<HashCommit>, ChainError> {
        let mut query = Query::default();
        let keys = [number_value(netuid.0), account_value(hotkey)];
        let commits = query.subtensor::<Vec<([u8; 32], u64, u64, u64)>>("WeightCommits", keys);
        let commits = self.read(query).await?.get(commits)?.unwrap_or_default();
        let commit = |(hash, epoch, block, _)| HashCommit {
            hash,
            epoch,
            block: Block(block),
        };
        Ok(commits.into_iter().map(commit).collect())
    }

    /// How a commit left the queue in this block, which is the one after `before`.
    async fn reveal_of(&self, commit: &TimelockedCommit, before: &Self) -> Result<CommitFate, ChainError> {
        let mut query = Query::default();
        let events = query.entry::<()>("System", "Events", []);
        let uid = query.subtensor::<u16>(
            "Uids",
            [number_value(commit.netuid.0), account_value(&commit.hotkey)],
        );
        let answer = self.read(query).await?;
        let events = answer
            .runtime()
            .placed_events(answer.bytes(events).unwrap_or_default())?;
        let reveals = events.iter().filter(|placed| {
            placed.phase == EventPhase::Initialization
                && placed.event.is("SubtensorModule", "TimelockedWeightsRevealed")
                && placed.event.integer_at(0) == Some(u128::from(commit.netuid.0))
                && placed.event.account_at(1) == Some(commit.hotkey)
        });
        let revealed = reveals.count();
        let dropped = |reason| CommitFate::Dropped {
            block: self.block,
            reason,
        };
        let uid = match answer.get(uid)? {
            Some(uid) if revealed > 0 => Uid(uid),
            _ => {
                let failures = self.failed_reveals(commit.netuid).await?.unwrap_or_default();
                return Ok(dropped(reason_of(&failures, commit)));
            }
        };
        // The event names the hotkey alone, and a hotkey may have several commits in one epoch.
        let (earlier, later) = tokio::try_join!(before.queue_of(commit), self.queue_of(commit))?;
        let left: Vec<_> = earlier
            .into_iter()
            .filter(|queued| !later.contains(queued))
            .collect();
        if revealed < left.len() {
            let failures = self.failed_reveals(commit.netuid).await?.unwrap_or_default();
            if let Some(reason) = reason_of(&failures, commit) {
                return Ok(dropped(Some(reason)));
            }
            let others = left.iter().filter(|queued| {
                failures
                    .iter()
                    .any(|failure| failure.is_of(&queued.hotkey, queued.block, queued.round))
            });
            if revealed + others.count() < left.len() {
                return Ok(CommitFate::Unclear {
                    block: self.block,
                    commits: left.len(),
                    revealed,
                });
            }
        }
        Ok(CommitFate::Revealed {
            block: self.block,
            uid,
            stored: self.weights_of(commit.netuid, uid).await?,
        })
    }

    /// The commits that a devnet did not reveal, and why. Other nodes keep no such list.
    async fn failed_reveals(&self, netuid: NetUid) -> Result<Option<Vec<FailedReveal>>, ChainError> {
        let parameters = Params::none().with(&netuid.0);
        match self
            .shared
            .connection
            .read("devnet_failedReveals", parameters)
            .await
        {
            Ok(failures) => Ok(Some(failures)),
            Err(ChainError::Refused { .. } | ChainError::Shape(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl FailedReveal {
    fn is_of(&self, hotkey: &AccountId, committed_at: Block, round: u64) -> bool {
        self.hotkey == *hotkey && self.committed_at == committed_at.0 && self.round == round
    }
}

/// Why a commit was not revealed, when it is among these.
fn reason_of(failures: &[FailedReveal], commit: &TimelockedCommit) -> Option<String> {
    let failure = failures
        .iter()
        .rev()
        .find(|failure| failure.is_of(&commit.hotkey, commit.block.number, commit.round))?;
    Some(match &failure.error {
        Some(name) => format!("{} ({name})", failure.says),
        None => failure.says.clone(),
    })
}

fn queued(epoch: u64, (hotkey, block, ciphertext, round): QueueEntry) -> QueuedCommit {
    QueuedCommit {
        epoch,
        hotkey: AccountId(hotkey),
        block: Block(block),
        digest: CiphertextDigest::of(&ciphertext),
        round,
    }
}

/// Older chains have no state: an epoch begins where block + netuid + 1 is a multiple of tempo + 1, and commits are
/// opened in the first block of the epoch that is `period` later.
fn reveal_block_of_old_chains(head: u64, tempo: u16, netuid: u16, period: u64) -> Option<u64> {
    if tempo == 0 {
        return None;
    }
    let length = u64::from(tempo) + 1;
    let shift = u64::from(netuid) + 1;
    let epoch = (head + shift) / length;
    Some(
        epoch
            .saturating_add(period)
            .saturating_mul(length)
            .saturating_sub(shift),
    )
}

impl ChainClient {
    /// The commit that a final block holds, as it is followed from there on.
    ///
    /// # Errors
    ///
    /// [`WeightCommitError::NotQueued`] when the subnet's queues do not hold it; otherwise when the node does not
    /// answer.
    pub async fn timelocked_commit(
        &self,
        hotkey: &AccountId,
        weights: &TimelockedWeights,
        included: &Included,
    ) -> Result<TimelockedCommit, ChainError> {
        let digest = weights.digest();
        let block = included.block;
        let queue = self
            .shared
            .snapshot(block)
            .timelocked_commits(weights.netuid)
            .await?;
        let queued = queue
            .into_iter()
            .find(|queued| queued.hotkey == *hotkey && queued.digest == digest)
            .ok_or(WeightCommitError::NotQueued { block })?;
        Ok(TimelockedCommit {
            netuid: weights.netuid,
            hotkey: *hotkey,
            block,
            epoch: queued.epoch,
            digest,
            round: queued.round,
            reveal_block: weights.plan.reveal_block,
        })
    }

    /// What became of a timelocked commit up to the newest final block. The block in which it left the queue is looked
    /// for first where it was expected, then by halving: some dozen requests in an epoch of 360 blocks.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain keeps commits in an unknown shape.
    pub async fn commit_fate(&self, commit: &TimelockedCommit) -> Result<CommitFate, ChainError> {
        let finalized = self.finalized_head().await?;
        // A node that lags may not know the commit's block as final yet.
        if finalized.number <= commit.block.number {
            return Ok(CommitFate::Waiting);
        }
        if self.shared.snapshot(finalized).is_queued(commit).await? {
            return Ok(CommitFate::Waiting);
        }
        // It is queued at `waiting`, and no longer at `gone`.
        let (mut waiting, mut gone) = (commit.block.number, finalized);
        // Looked at from the end: in most cases these two tell all.
        let mut likely = vec![
            Block(commit.reveal_block.0.saturating_sub(1)),
            commit.reveal_block,
        ];
        let mut unkept = None;
        while waiting.0 + 1 < gone.number.0 {
            let number = likely
                .pop()
                .filter(|block| *block > waiting && *block < gone.number)
                .unwrap_or(Block(waiting.0.midpoint(gone.number.0)));
            let Some(hash) = self.block_hash(number).await? else {
                return Err(ChainError::UnknownBlock { hash: finalized.hash });
            };
            let block = BlockRef { number, hash };
            match self.shared.snapshot(block).is_queued(commit).await {
                Ok(true) => waiting = number,
                Ok(false) => gone = block,
                // What the node does not keep tells nothing; what it keeps comes after it.
                Err(ChainError::StateDiscarded { .. }) => {
                    waiting = number;
                    unkept = Some(number);
                }
                Err(error) => return Err(error),
            }
        }
        if unkept == Some(waiting) {
            return Ok(CommitFate::Forgotten);
        }
        let Some(hash) = self.block_hash(waiting).await? else {
            return Err(ChainError::UnknownBlock { hash: gone.hash });
        };
        let before = self.shared.snapshot(BlockRef {
            number: waiting,
            hash,
        });
        match self.shared.snapshot(gone).reveal_of(commit, &before).await {
            Err(ChainError::StateDiscarded { .. }) => Ok(CommitFate::Forgotten),
            fate => fate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_chains_reveal_in_the_first_block_of_a_later_epoch() {
        // Epochs begin where block + 2 is a multiple of 100.
        assert_eq!(reveal_block_of_old_chains(0, 99, 1, 1), Some(98));
        assert_eq!(reveal_block_of_old_chains(97, 99, 1, 1), Some(98));
        assert_eq!(reveal_block_of_old_chains(98, 99, 1, 1), Some(198));
        assert_eq!(reveal_block_of_old_chains(98, 99, 1, 3), Some(398));
        assert_eq!(reveal_block_of_old_chains(98, 0, 1, 1), None);
    }
}
