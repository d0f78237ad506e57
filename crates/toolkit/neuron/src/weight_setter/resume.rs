//! Going on with attempts whose end was not seen.

use super::{SetWeightsError, WeightSetter};
use crate::{Attempt, AttemptStage, AttemptStart};
use assay_chain::{
    BlockRef, CiphertextDigest, CommitFate, RevealPlan, Snapshot, TimelockedCommit, WeightRow, Zeros,
};

impl WeightSetter {
    /// Finds out what became of attempts whose end was not seen, after a crash or an outage. Gives the numbers of those
    /// whose end is known now. [`submit`](Self::submit) does so by itself.
    ///
    /// An attempt has been applied when final state holds its row and shows an update by this validator since the
    /// attempt was checked; a commit when the chain has revealed it. It has failed when the chain dropped the commit,
    /// when its transaction's lifetime is over, or when neither a block that is not final yet nor the node's pool has
    /// anything of this validator.
    ///
    /// Caveat: behind a load balancer another node's pool may still have it. Should it come after all, a row that is
    /// as good as the next one is on chain, and the rate limit holds the next one back by name.
    ///
    /// # Errors
    ///
    /// When the chain does not answer or the history cannot be written.
    pub async fn resume(&self) -> Result<Vec<u64>, SetWeightsError> {
        let _turn = self.turn.lock().await;
        self.resolve().await
    }

    pub(super) async fn resolve(&self) -> Result<Vec<u64>, SetWeightsError> {
        let attempts = self.history().await;
        let mut resolved = Vec::new();
        let mut unclear = Vec::new();
        for attempt in attempts.into_iter().filter(|attempt| !attempt.is_over()) {
            match committed(&attempt) {
                Some(commit) => resolved.extend(self.resolve_commit(&attempt, &commit).await?),
                None => unclear.push(attempt),
            }
        }
        if !unclear.is_empty() {
            resolved.extend(self.resolve_unclear(unclear).await?);
        }
        Ok(resolved)
    }

    async fn resolve_commit(
        &self,
        attempt: &Attempt,
        commit: &TimelockedCommit,
    ) -> Result<Option<u64>, SetWeightsError> {
        let fate = self.client.commit_fate(commit).await?;
        let row = attempt.start.as_ref().and_then(row_of);
        let Some(row) = row.filter(|_| fate != CommitFate::Waiting) else {
            return Ok(None);
        };
        match self.conclude(attempt.number, fate, &row).await {
            Ok(_)
            | Err(
                SetWeightsError::Dropped { .. }
                | SetWeightsError::Overtaken { .. }
                | SetWeightsError::Unclear { .. }
                | SetWeightsError::Forgotten,
            ) => Ok(Some(attempt.number)),
            Err(error) => Err(error),
        }
    }

    async fn resolve_unclear(&self, open: Vec<Attempt>) -> Result<Vec<u64>, SetWeightsError> {
        let account = self.hotkey.account();
        // The pool first: what leaves it meanwhile is in a block by then.
        let next_nonce = self.client.next_nonce(&account).await?;
        let finalized = self.client.finalized_head().await?;
        let snapshot = self.client.at(finalized.hash).await?;
        let (metagraph, balance) =
            tokio::try_join!(snapshot.shared_metagraph(self.netuid), snapshot.balance(&account))?;
        let is_under_way = next_nonce > balance.nonce;
        let validator = metagraph.by_hotkey(&account);
        let mut resolved = Vec::new();
        for attempt in open {
            if let Some((digest, plan)) = sealed(&attempt)
                && let Some(commit) = self.find_commit(&snapshot, digest, plan).await?
            {
                // It has arrived, and waits for its reveal.
                self.note(attempt.number, AttemptStage::Committed { commit })
                    .await?;
                continue;
            }
            let start = attempt.start.as_ref();
            let updated = validator
                .zip(start)
                .is_some_and(|(validator, start)| validator.last_update > start.block.number);
            let applied = match start.and_then(row_of) {
                Some(row) if updated => self.holds(&snapshot, &row).await?,
                _ => false,
            };
            let expired = attempt.stages.iter().any(|record| match record.stage {
                AttemptStage::Submitted { valid_until, .. } => finalized.number > valid_until,
                _ => false,
            });
            let stage = if applied {
                AttemptStage::Applied { block: finalized }
            } else if expired || !is_under_way {
                AttemptStage::Failed {
                    reason: "its end was not seen, and neither the chain nor the node's pool has it"
                        .to_owned(),
                    chain_error: None,
                    blocks_to_wait: None,
                }
            } else {
                continue;
            };
            self.note(attempt.number, stage).await?;
            resolved.push(attempt.number);
        }
        Ok(resolved)
    }

    /// A commit of this validator in the subnet's queues, by its digest.
    async fn find_commit(
        &self,
        snapshot: &Snapshot,
        digest: CiphertextDigest,
        plan: RevealPlan,
    ) -> Result<Option<TimelockedCommit>, SetWeightsError> {
        let hotkey = self.hotkey.account();
        let queue = snapshot.timelocked_commits(self.netuid).await?;
        let found = queue
            .into_iter()
            .find(|queued| queued.hotkey == hotkey && queued.digest == digest);
        let Some(queued) = found else {
            return Ok(None);
        };
        let Some(hash) = self.client.block_hash(queued.block).await? else {
            return Ok(None);
        };
        Ok(Some(TimelockedCommit {
            netuid: self.netuid,
            hotkey,
            block: BlockRef {
                number: queued.block,
                hash,
            },
            epoch: queued.epoch,
            digest,
            round: queued.round,
            reveal_block: plan.reveal_block,
        }))
    }
}

fn committed(attempt: &Attempt) -> Option<TimelockedCommit> {
    attempt
        .stages
        .iter()
        .rev()
        .find_map(|record| match &record.stage {
            AttemptStage::Committed { commit } => Some(commit.clone()),
            _ => None,
        })
}

fn sealed(attempt: &Attempt) -> Option<(CiphertextDigest, RevealPlan)> {
    attempt
        .stages
        .iter()
        .rev()
        .find_map(|record| match &record.stage {
            AttemptStage::Sealed { digest, plan } => Some((*digest, *plan)),
            _ => None,
        })
}

/// The row that an attempt sent.
fn row_of(start: &AttemptStart) -> Option<WeightRow> {
    let values: Vec<_> = start
        .entries
        .iter()
        .map(|entry| (entry.uid, entry.value))
        .collect();
    WeightRow::from_values(&values, Zeros::Explicit).ok()
}
