//! What a run records for later questions: `assay query` asks it.
//!
//! A record that cannot be written stops nothing. It is missing then, and the log says so.

use super::{
    home::Home,
    results::{no_answer, not_asked},
};
use assay_chain::{Block, EpochSchedule, Metagraph, NetUid};
use assay_chat::{SampleSource, ScoredSample};
use assay_datasets::event::{DatasetEvent, EventKind, MinerScore, Standing};
use assay_keys::AccountId;
use assay_records::{
    Day, Log, LogConfig, RecordError, Retention, Stream, read,
    streams::{
        BlockSeen, DatasetEvaluation, EpochNeuron, EvaluationOutcome, MinerReward, OrganicIteration, Score,
    },
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use time::OffsetDateTime;

/// Days of a demonstration that are kept.
const DAYS: u32 = 30;
/// Bytes of it that are kept.
const BYTES: u64 = 1024 * 1024 * 1024;

/// Days back in which a validator's newest round is looked for. A validator tells it again when it starts.
const NEWEST_WITHIN: time::Duration = time::Duration::days(7);

/// The run's records.
#[derive(Debug)]
pub(super) struct Records {
    /// Nothing when it could not be opened.
    log: Option<Log>,
    system: &'static str,
    netuid: NetUid,
    /// The newest round of each validator.
    rounds: BTreeMap<String, u64>,
    /// The newest block, and when it was seen.
    block: Option<(u64, Instant)>,
    /// Whether a failure has been told since the last success.
    failing: bool,
}

impl Records {
    /// Where the records of a run are.
    pub(super) fn folder(home: &Home) -> PathBuf {
        home.folder().join("records")
    }

    /// Opens the records of a run.
    pub(super) fn open(home: &Home, system: &'static str, netuid: NetUid) -> Self {
        let folder = Self::folder(home);
        let config = LogConfig {
            retention: Retention {
                days: Some(DAYS),
                bytes: Some(BYTES),
            },
            ..LogConfig::new(&folder, format!("up {system}"))
        };
        let log = Log::open(config)
            .inspect_err(|error| tracing::warn!(%error, "nothing of this run is recorded"))
            .ok();
        Self {
            log,
            system,
            netuid,
            rounds: newest_rounds(&folder),
            block: None,
            failing: false,
        }
    }

    /// A look at the chain.
    pub(super) fn chain(&mut self, schedule: &EpochSchedule) {
        let (block, now) = (schedule.block.number.0, Instant::now());
        let before = self.block.replace((block, now));
        if before.is_some_and(|(seen, _)| seen >= block) {
            return;
        }
        self.put(&BlockSeen {
            block,
            // Of several blocks since the last look nobody knows when each came.
            seconds: before
                .filter(|(seen, _)| seen + 1 == block)
                .map(|(_, then)| now.duration_since(then).as_secs_f64()),
            finalized: None,
        });
    }

    /// What the chain shows after an epoch.
    pub(super) fn epoch(&mut self, epoch: u64, block: Block, metagraph: &Metagraph) {
        for neuron in &metagraph.neurons {
            self.put(&EpochNeuron {
                netuid: metagraph.netuid.0,
                epoch: Some(epoch),
                block: block.0,
                uid: neuron.uid.0,
                hotkey: neuron.hotkey.to_string(),
                coldkey: neuron.coldkey.to_string(),
                is_validator: neuron.validator_permit,
                stake: Some(alpha(neuron.total_stake.0)),
                incentive: Some(share(neuron.incentive)),
                dividends: Some(share(neuron.dividends)),
                consensus: Some(share(neuron.consensus)),
                trust: None,
                validator_trust: neuron.validator_trust.map(share),
                emission: Some(alpha(neuron.emission.0)),
                weights_at: Some(neuron.last_update.0),
            });
        }
    }

    /// Moving averages at a validator.
    pub(super) fn scores(
        &mut self,
        step: u64,
        block: Block,
        metagraph: &Metagraph,
        scores: &[(AccountId, f64)],
    ) {
        for (hotkey, score) in scores {
            self.put(&Score {
                system: self.system.to_owned(),
                netuid: Some(self.netuid.0),
                step,
                block: Some(block.0),
                hotkey: hotkey.to_string(),
                uid: metagraph.by_hotkey(hotkey).map(|neuron| neuron.uid.0),
                reward: None,
                score: Some(*score),
            });
        }
    }

    /// A sample that was scored. The validator keeps its words to itself.
    pub(super) fn sample(&mut self, sample: &ScoredSample, queued: u64) {
        self.put(&OrganicIteration {
            validator: Some(sample.validator.to_string()),
            sample: Some(sample.id.clone()),
            is_organic: sample.source != SampleSource::Synthetic,
            is_private: sample.source == SampleSource::Private,
            attempt: 1,
            stage: "log".to_owned(),
            queue_size: queued,
            block: self.block.map(|(block, _)| block),
            rewards: sample
                .rewards
                .iter()
                .map(|reward| MinerReward {
                    hotkey: reward.hotkey.to_string(),
                    uid: None,
                    outcome: match (&reward.fault, reward.reward) {
                        (None, _) => "answered",
                        (Some(_), Some(_)) => "no_answer",
                        (Some(_), None) => "own_fault",
                    }
                    .to_owned(),
                    reward: reward.reward,
                    completion: None,
                    seconds: reward.first_words.map(|words| words.as_secs_f64()),
                })
                .collect(),
            total_seconds: Some(seconds(sample.took)),
            ..OrganicIteration::default()
        });
    }

    /// What validators of datasets tell: of that, the results of rounds.
    pub(super) fn hear(&mut self, event: &DatasetEvent) {
        let EventKind::RoundScored { closed, rows } = &event.kind else {
            return;
        };
        let validator = event.by.to_string();
        if self
            .rounds
            .get(&validator)
            .is_some_and(|newest| *newest >= closed.0)
        {
            return;
        }
        self.rounds.insert(validator.clone(), closed.0);
        for row in rows {
            self.put(&DatasetEvaluation {
                validator: validator.clone(),
                netuid: Some(self.netuid.0),
                block: Some(closed.0),
                ..evaluation(row)
            });
        }
    }

    fn put<S: Stream>(&mut self, event: &S) {
        let Some(log) = &self.log else { return };
        match log.record(OffsetDateTime::now_utc(), event) {
            Ok(()) => self.failing = false,
            Err(RecordError::Full { .. }) if self.failing => {}
            Err(error) => {
                self.failing = true;
                tracing::warn!(%error, "an event is not recorded");
            }
        }
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
        committed_at: row.committed.map(|block| block.0),
        share: Some(row.share),
        consensus: row.consensus,
        weight: Some(row.weight),
        ..DatasetEvaluation::default()
    }
}

fn share(part: u16) -> f64 {
    f64::from(part) / f64::from(u16::MAX)
}

/// Whole alpha of its smallest parts.
fn alpha(parts: u64) -> f64 {
    parts as f64 / 1e9
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
