//! Rounds of dataset competitions as rows of the event log.

use super::results::{no_answer, not_asked};
use assay_chain::NetUid;
use assay_datasets::event::{DatasetEvent, EventKind, MinerScore, Standing};
use assay_records::{
    Day, read,
    streams::{DatasetEvaluation, EvaluationOutcome},
};
use std::{collections::BTreeMap, path::Path};
use time::OffsetDateTime;

/// Days back in which a validator's newest round is looked for. A validator tells it again when it starts.
const NEWEST_WITHIN: time::Duration = time::Duration::days(7);

/// Makes rows of what validators tell, of each round once.
#[derive(Debug)]
pub(crate) struct Evaluations {
    netuid: NetUid,
    /// The newest round of each validator.
    rounds: BTreeMap<String, u64>,
}

impl Evaluations {
    /// Goes on after what a folder of records holds.
    pub(crate) fn after(folder: &Path, netuid: NetUid) -> Self {
        Self {
            netuid,
            rounds: newest_rounds(folder),
        }
    }

    /// The rows of a round, when this event tells the result of a new one.
    pub(crate) fn hear(&mut self, event: &DatasetEvent) -> Vec<DatasetEvaluation> {
        let EventKind::RoundScored { closed, rows } = &event.kind else {
            return Vec::new();
        };
        let validator = event.by.to_string();
        if self
            .rounds
            .get(&validator)
            .is_some_and(|newest| *newest >= closed.0)
        {
            return Vec::new();
        }
        self.rounds.insert(validator.clone(), closed.0);
        let of_round = rows.iter().map(|row| DatasetEvaluation {
            validator: validator.clone(),
            netuid: Some(self.netuid.0),
            block: Some(closed.0),
            ..evaluation(row)
        });
        of_round.collect()
    }
}

/// The block of the newest round that each validator is recorded with.
fn newest_rounds(folder: &Path) -> BTreeMap<String, u64> {
    let mut rounds = BTreeMap::new();
    let since = Day::of(OffsetDateTime::now_utc() - NEWEST_WITHIN);
    match read::<DatasetEvaluation>(folder, since..) {
        Ok(events) => {
            // What is damaged has been told when the log was opened.
            for event in events.flatten() {
                let DatasetEvaluation { validator, block, .. } = event.event;
                let newest = rounds.entry(validator).or_default();
                *newest = block.unwrap_or(0).max(*newest);
            }
        }
        Err(error) => {
            tracing::warn!(%error, "earlier rounds cannot be read; the newest may be recorded twice")
        }
    }
    rounds
}

fn evaluation(row: &MinerScore) -> DatasetEvaluation {
    let (outcome, reason, loss) = match &row.standing {
        Standing::Ranked { loss, carried, .. } => (
            EvaluationOutcome::Measured,
            carried.then(|| "the loss is an earlier round's".to_owned()),
            Some(*loss),
        ),
        Standing::Copy { of } => (EvaluationOutcome::Copy, Some(format!("a copy of {of}")), None),
        Standing::NotAsked(why) => (EvaluationOutcome::NotAsked, Some(not_asked(why)), None),
        Standing::NoAnswer(why) => (EvaluationOutcome::NoAnswer, Some(no_answer(why)), None),
        Standing::BadAnswer(why) => (EvaluationOutcome::BadAnswer, Some(why.to_string()), None),
        Standing::OwnFault(why) => (EvaluationOutcome::OwnFault, Some(why.to_string()), None),
        // A standing of a later version, which this one cannot have made.
        other => (EvaluationOutcome::NotAsked, Some(format!("{other:?}")), None),
    };
    DatasetEvaluation {
        hotkey: row.hotkey.to_string(),
        uid: Some(row.uid.0),
        outcome,
        reason,
        repo: row.repo.as_ref().map(ToString::to_string),
        rows: row.rows.map(|rows| rows as u64),
        loss,
        win_rate: match &row.standing {
            Standing::Ranked { win_rate, .. } => Some(*win_rate),
            _ => None,
        },
        committed_at: row.committed.map(|block| block.0),
        share: Some(row.share),
        consensus: row.consensus,
        weight: Some(row.weight),
        ..DatasetEvaluation::default()
    }
}
