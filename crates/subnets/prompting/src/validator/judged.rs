//! A step that was judged: as a row of the event log, and as what is told of each miner.

use super::{
    Fault, MinerTold, record,
    step::{Asking, Heard},
};
use crate::judging::{Column, Expectation, Judgement, Words};
use assay_chain::Metagraph;
use assay_records::streams::{PromptingMark, PromptingStep};
use std::time::Duration;

/// Everything that is known of a step.
pub(super) struct Judged<'a> {
    pub(super) step: u64,
    pub(super) marks: &'a [PromptingMark],
    pub(super) asking: &'a Asking,
    pub(super) metagraph: &'a Metagraph,
    pub(super) heard: &'a [Heard],
    pub(super) rewards: &'a [Option<f64>],
    pub(super) judgement: Option<&'a Judgement>,
    pub(super) expectation: Option<&'a Expectation>,
    pub(super) loss: Option<f64>,
    pub(super) best: Option<&'a str>,
    pub(super) took: Duration,
}

impl Judged<'_> {
    /// The columns of all answers, for everybody who was asked.
    fn columns(&self) -> Vec<Column> {
        let places: Vec<usize> = self
            .heard
            .iter()
            .enumerate()
            .filter(|(_, heard)| heard.judged.is_ok())
            .map(|(place, _)| place)
            .collect();
        let columns = self.judgement.map_or(&[][..], |judgement| &judgement.columns);
        columns
            .iter()
            .map(|column| column.spread(&places, self.heard.len()))
            .collect()
    }

    /// As it is recorded.
    pub(super) fn record(&self) -> PromptingStep {
        let mut record = PromptingStep {
            name: self.asking.name.clone(),
            task: self
                .asking
                .task
                .as_ref()
                .map(|task| task.kind.as_str().to_owned()),
            step: self.step,
            block: Some(self.metagraph.block.number.0),
            prompt: self.asking.prompt.clone(),
            base_prompt: Some(self.asking.base_prompt.clone()),
            uids: self.heard.iter().map(Heard::uid).collect(),
            hotkeys: self
                .heard
                .iter()
                .map(|heard| heard.hotkey().to_string())
                .collect(),
            completions: self.heard.iter().map(|heard| heard.completion.clone()).collect(),
            completion_times: self
                .heard
                .iter()
                .map(|heard| Some(heard.took.as_secs_f64()))
                .collect(),
            completion_status_codes: self
                .heard
                .iter()
                .map(|heard| Some(heard.code.to_string()))
                .collect(),
            completion_status_messages: self
                .heard
                .iter()
                .map(|heard| Some(heard.message.clone()))
                .collect(),
            chosen_by: self
                .heard
                .iter()
                .map(|heard| Some(heard.routed.by.word().to_owned()))
                .collect(),
            rewards: self.rewards.to_vec(),
            best: self.best.map(str::to_owned),
            step_length: Some(self.took.as_secs_f64()),
            gating_loss: self.loss,
            gating_scorings: self
                .expectation
                .map(|expectation| {
                    let score = |heard: &Heard| expectation.scores.get(&heard.hotkey()).copied();
                    self.heard.iter().map(score).collect()
                })
                .unwrap_or_default(),
            ..PromptingStep::default()
        };
        for column in self.columns() {
            let name = column.name.clone();
            if !record::put(&mut record, column) {
                tracing::debug!(column = name, "the event log has no such column");
            }
        }
        if self.asking.words == Words::Forgotten {
            record::forget_words(&mut record);
        }
        record
    }

    /// What came of asking each miner, in the record's order.
    pub(super) fn miners(&self) -> Vec<MinerTold> {
        let filters = self.judgement.map(record::filters).unwrap_or_default();
        let mut judged = 0;
        self.heard
            .iter()
            .zip(self.rewards)
            .map(|(heard, reward)| {
                let fault = match &heard.judged {
                    Err(fault) => Some(fault.clone()),
                    Ok(_) => {
                        let forbidding = filters.get(judged).filter(|columns| !columns.is_empty());
                        judged += 1;
                        forbidding.map(|columns| Fault::Forbidden(columns.clone()))
                    }
                };
                MinerTold {
                    hotkey: heard.hotkey(),
                    took: heard.took,
                    reward: *reward,
                    fault,
                    chosen: heard.routed.by,
                }
            })
            .collect()
    }
}
