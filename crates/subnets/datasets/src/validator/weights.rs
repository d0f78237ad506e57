//! From a round's table to weights that the chain shows.

use assay_chain::{AccountId, Block, Retry};
use assay_neuron::{AttemptStage, AttemptStep, SetWeightsError};

use super::{Desk, ValidatorError};
use crate::{
    event::{EventKind, Waiting, WeightsStage},
    state::{Round, RoundState},
};

impl Desk {
    /// Makes one attempt to bring a scored round's weights on chain, and ends the round when the chain shows them.
    /// An attempt that an earlier process left behind is followed up first, so that none is sent twice.
    pub(super) async fn publish(&self, round: &Round) -> Result<(), ValidatorError> {
        let before = self
            .setter
            .history()
            .await
            .last()
            .map_or(0, |attempt| attempt.number);
        let before = self.state.begin_publishing(round.id, before).await?;
        self.setter.resume().await?;
        let left_behind = self
            .setter
            .history()
            .await
            .into_iter()
            .rfind(|attempt| attempt.number > before);
        match left_behind
            .as_ref()
            .and_then(|attempt| Some((attempt, attempt.stage()?)))
        {
            Some((_, AttemptStage::Applied { block })) => {
                let stage = WeightsStage::Finalized { block: block.number };
                self.tell(EventKind::Weights {
                    closed: round.what.closed,
                    stage,
                });
                return Ok(self.state.end_round(round.id, RoundState::Done, "").await?);
            }
            Some((attempt, _)) if !attempt.is_over() => {
                // On its way since before a restart: it will be in a block or expire.
                self.sleep(self.config.patience.first_pause).await;
                return Ok(());
            }
            _ => {}
        }

        let weights: Vec<(AccountId, f64)> = self
            .state
            .scores(round.id)
            .await?
            .iter()
            .map(|score| (score.hotkey, score.weight))
            .collect();
        let setting = self.telling_stages(round, self.setter.set(&weights));
        let Some(result) = self.stop.run_until_cancelled(setting).await else {
            return Ok(());
        };
        let error = match result {
            Ok(_) => return Ok(self.state.end_round(round.id, RoundState::Done, "").await?),
            Err(error) => error,
        };
        let reason = match error.hint() {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        };
        tracing::warn!(%reason, "weights are not set");
        let stage = WeightsStage::Held {
            reason: reason.clone(),
        };
        self.tell(EventKind::Weights {
            closed: round.what.closed,
            stage,
        });
        match error.retry() {
            Retry::Now => {}
            Retry::After(pause) => {
                self.tell(EventKind::Waiting {
                    why: Waiting::Weights { reason },
                });
                self.sleep(pause).await;
            }
            Retry::AfterBlocks(blocks) => {
                self.tell(EventKind::Waiting {
                    why: Waiting::Weights { reason },
                });
                // Permits and limits also change with an epoch.
                let head = self.chain.head().await?.number;
                let next = self.boundary().await?.next;
                self.until(Block(head.0 + blocks).min(next.max(Block(head.0 + 1))))
                    .await?;
            }
            Retry::Never if still_pending(&error) => self.sleep(self.config.patience.first_pause).await,
            Retry::Never => self.drop_round(round, &reason).await?,
        }
        Ok(())
    }

    /// Does the setting and tells the stages of its attempt as they come.
    async fn telling_stages<T>(
        &self,
        round: &Round,
        setting: impl Future<Output = Result<T, SetWeightsError>>,
    ) -> Result<T, SetWeightsError> {
        let mut steps = self.setter.steps();
        let mut is_sealed = false;
        let mut tell = |step: AttemptStep| {
            is_sealed |= matches!(step.stage, AttemptStage::Sealed { .. });
            let stage = match step.stage {
                AttemptStage::Submitted { .. } | AttemptStage::Reorged { .. } => WeightsStage::Submitted,
                AttemptStage::InBlock { block } => WeightsStage::InBlock { block: block.number },
                AttemptStage::Committed { commit } => WeightsStage::Committed {
                    reveal_block: commit.reveal_block,
                },
                // What is final of a commit is not the weights.
                AttemptStage::Finalized { block } if !is_sealed => {
                    WeightsStage::Finalized { block: block.number }
                }
                AttemptStage::Applied { block } if is_sealed => {
                    WeightsStage::Finalized { block: block.number }
                }
                _ => return,
            };
            self.tell(EventKind::Weights {
                closed: round.what.closed,
                stage,
            });
        };
        tokio::pin!(setting);
        let result = loop {
            tokio::select! {
                biased;
                Ok(step) = steps.recv() => tell(step),
                result = &mut setting => break result,
            }
        };
        // The last steps may have been taken together with the end.
        while let Ok(step) = steps.try_recv() {
            tell(step);
        }
        result
    }
}

fn still_pending(error: &SetWeightsError) -> bool {
    matches!(
        error,
        SetWeightsError::Chain(assay_chain::ChainError::StillPending { .. })
    )
}
