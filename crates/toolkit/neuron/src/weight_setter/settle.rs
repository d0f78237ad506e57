//! Following a commit until the chain has revealed it.

use super::{AppliedWeights, SentWeights, SetWeightsError, WeightSetter, failed};
use crate::AttemptStage;
use assay_chain::{BlockRef, CommitFate, TimelockedCommit, WeightRow};
use futures::StreamExt;

impl WeightSetter {
    /// Waits until the chain's state shows weights that were [sent](Self::submit).
    ///
    /// # Errors
    ///
    /// [`SetWeightsError::Dropped`] when the chain did not reveal the commit, [`SetWeightsError::Overtaken`] when it
    /// holds another row since, [`SetWeightsError::Chain`] when it cannot be followed just now: the attempt stays open
    /// then, and [`resume`](Self::resume) goes on with it.
    pub async fn settle(&self, sent: SentWeights) -> Result<AppliedWeights, SetWeightsError> {
        let SentWeights {
            attempt,
            included,
            row,
            commit,
        } = sent;
        let applied = match commit {
            None => included.block,
            Some(commit) => Box::pin(self.revealed(attempt, &commit, &row)).await?,
        };
        Ok(AppliedWeights {
            attempt,
            included,
            row,
            applied,
        })
    }

    async fn revealed(
        &self,
        attempt: u64,
        commit: &TimelockedCommit,
        row: &WeightRow,
    ) -> Result<BlockRef, SetWeightsError> {
        let mut blocks = self.client.blocks().await?;
        while let Some(block) = blocks.next().await {
            if block?.number < commit.reveal_block {
                continue;
            }
            let fate = self.client.commit_fate(commit).await?;
            if fate != CommitFate::Waiting {
                return self.conclude(attempt, fate, row).await;
            }
        }
        // The stream ends only with an error, which was returned.
        Err(SetWeightsError::UnderWay { attempt })
    }

    /// Notes how a commit ended. Whoever waits for it and whoever resumes may find out at the same time: what was noted
    /// first stands.
    pub(super) async fn conclude(
        &self,
        attempt: u64,
        fate: CommitFate,
        row: &WeightRow,
    ) -> Result<BlockRef, SetWeightsError> {
        let mut stages = Vec::new();
        let ended = match fate {
            CommitFate::Revealed { block, stored, .. } => {
                stages.push(AttemptStage::Revealed { block });
                if stored == row.entries() {
                    Ok(block)
                } else {
                    Err(SetWeightsError::Overtaken { block: block.number })
                }
            }
            CommitFate::Dropped { block, reason } => Err(SetWeightsError::Dropped {
                block: block.number,
                reason,
            }),
            CommitFate::Unclear { block, .. } => {
                // The row that is stored was revealed, whichever others were.
                let snapshot = self.client.at(block.hash).await?;
                if self.holds(&snapshot, row).await? {
                    stages.push(AttemptStage::Revealed { block });
                    Ok(block)
                } else {
                    Err(SetWeightsError::Unclear { block: block.number })
                }
            }
            CommitFate::Forgotten => {
                // What is there counts, whenever it came.
                let block = self.client.finalized_head().await?;
                let snapshot = self.client.at(block.hash).await?;
                if self.holds(&snapshot, row).await? {
                    Ok(block)
                } else {
                    Err(SetWeightsError::Forgotten)
                }
            }
            CommitFate::Waiting => return Err(SetWeightsError::UnderWay { attempt }),
        };
        stages.push(match &ended {
            Ok(block) => AttemptStage::Applied { block: *block },
            Err(error) => failed(error),
        });
        match self.note_all(attempt, stages).await? {
            Some(AttemptStage::Applied { block }) => Ok(block),
            _ => ended,
        }
    }
}
