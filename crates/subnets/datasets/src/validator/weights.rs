//! From a round's table to weights that the chain shows.

use std::time::Duration;

use assay_chain::{ChainError, Retry, Stage, WeightRow, Zeros};

use super::{Desk, ValidatorError};
use crate::{
    event::{EventKind, Waiting, WeightsStage},
    state::{Round, RoundState},
};

impl Desk {
    /// Sends a scored round's weights until they are final.
    pub(super) async fn publish(&self, round: &Round) -> Result<(), ValidatorError> {
        let scores = self.state.scores(round.id).await?;
        loop {
            let metagraph = self.chain.metagraph(self.config.netuid).await?;
            let weights: Vec<_> = scores
                .iter()
                .filter_map(|score| Some((metagraph.uid_of(&score.hotkey)?, score.weight)))
                .collect();
            let row = WeightRow::from_scores(&weights, Zeros::Explicit).map_err(ChainError::from)?;
            let version = self
                .chain
                .hyperparameters(self.config.netuid)
                .await?
                .weights_version_key;
            let sent = async {
                let receipt = self
                    .chain
                    .set_weights(&self.hotkey, self.config.netuid, &row, version)
                    .await?;
                let mut stages = receipt.stages();
                loop {
                    let stage = stages.borrow_and_update().clone();
                    let told = match &stage {
                        Stage::Submitted => Some(WeightsStage::Submitted),
                        Stage::InBlock(at) => Some(WeightsStage::InBlock {
                            block: at.block.number,
                        }),
                        Stage::Finalized(at) => Some(WeightsStage::Finalized {
                            block: at.block.number,
                        }),
                        _ => None,
                    };
                    if let Some(stage) = told {
                        self.tell(EventKind::Weights {
                            closed: round.what.closed,
                            stage,
                        });
                    }
                    match stage {
                        Stage::Finalized(_) => return Ok(()),
                        Stage::Failed(e) => return Err(e),
                        _ => {}
                    }
                    if stages.changed().await.is_err() {
                        return receipt.finalized().await.map(drop);
                    }
                }
            };
            match self.stop.run_until_cancelled(sent).await {
                None => return Ok(()),
                Some(Ok(())) => {
                    self.state.end_round(round.id, RoundState::Done, "").await?;
                    return Ok(());
                }
                Some(Err(e)) => {
                    let reason = e.to_string();
                    let stage = WeightsStage::Held {
                        reason: reason.clone(),
                    };
                    self.tell(EventKind::Weights {
                        closed: round.what.closed,
                        stage,
                    });
                    if e.retry() == Retry::Never {
                        self.drop_round(round, &reason).await?;
                        return Ok(());
                    }
                    self.tell(EventKind::Waiting {
                        why: Waiting::Weights { reason },
                    });
                    self.sleep(Duration::from_secs(1)).await;
                    if self.stop.is_cancelled() {
                        return Ok(());
                    }
                }
            }
        }
    }
}
