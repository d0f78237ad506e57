//! Attempts to set weights, step by step.

use super::{Recorder, in_short};
use crate::{AttemptStage, AttemptStart, AttemptStep, WeightObserver};
use assay_chain::BlockRef;
use assay_records::streams::WeightStep;

impl WeightObserver for Recorder {
    fn began(&self, attempt: u64, start: &AttemptStart) {
        let entries = &start.entries;
        self.record(&WeightStep {
            block: Some(start.block.number.0),
            uids: entries.iter().map(|entry| entry.uid.0).collect(),
            hotkeys: entries.iter().map(|entry| entry.hotkey.to_string()).collect(),
            values: entries.iter().map(|entry| entry.value).collect(),
            ..self.step_of(attempt, "planned")
        });
    }

    fn stepped(&self, step: &AttemptStep) {
        let AttemptStep { attempt, stage } = step;
        let at = |name, block: &BlockRef| WeightStep {
            block: Some(block.number.0),
            ..self.step_of(*attempt, name)
        };
        self.record(&match stage {
            AttemptStage::Refused { reason } => WeightStep {
                reason: Some(in_short(reason)),
                ..self.step_of(*attempt, "refused")
            },
            AttemptStage::Sealed { .. } => self.step_of(*attempt, "sealed"),
            AttemptStage::Submitted { hash, .. } => WeightStep {
                extrinsic: Some(hash.to_string()),
                ..self.step_of(*attempt, "submitted")
            },
            AttemptStage::InBlock { block } => at("in_block", block),
            AttemptStage::Reorged { from } => at("reorged", from),
            AttemptStage::Finalized { block } => at("finalized", block),
            AttemptStage::Committed { commit } => at("committed", &commit.block),
            AttemptStage::Revealed { block } => at("revealed", block),
            AttemptStage::Applied { block } => at("applied", block),
            AttemptStage::Failed {
                reason, chain_error, ..
            } => WeightStep {
                reason: Some(in_short(reason)),
                chain_error: chain_error.clone(),
                ..self.step_of(*attempt, "failed")
            },
        });
    }
}

impl Recorder {
    fn step_of(&self, attempt: u64, stage: &str) -> WeightStep {
        WeightStep {
            netuid: Some(self.netuid().0),
            validator: Some(self.hotkey().to_string()),
            attempt,
            stage: stage.to_owned(),
            ..WeightStep::default()
        }
    }
}
