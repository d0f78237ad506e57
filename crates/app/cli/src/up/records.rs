//! What a run records for later questions: `assay query` asks it.
//!
//! A record that cannot be written stops nothing. It is missing then, and the log says so.

use super::{
    evaluations::Evaluations,
    home::Home,
    iterations::{RecordedTexts, iteration},
};
use assay_chain::{Block, EpochSchedule, Metagraph, NetUid};
use assay_chat::ScoredSample;
use assay_datasets::event::DatasetEvent;
use assay_keys::AccountId;
use assay_neuron::{NeuronRecords, records::epoch_neurons};
use assay_records::{
    Log, LogConfig, RecordError, Retention, Stream,
    streams::{BlockSeen, EpochNeuron},
};
use std::{path::PathBuf, time::Instant};
use time::OffsetDateTime;

/// Days of a demonstration that are kept.
const DAYS: u32 = 30;
/// Bytes of it that are kept.
const BYTES: u64 = 1024 * 1024 * 1024;

/// The run's records.
#[derive(Debug)]
pub(super) struct Records {
    /// Nothing when it could not be opened.
    log: Option<Log>,
    system: &'static str,
    evaluations: Evaluations,
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
            evaluations: Evaluations::after(&folder, netuid),
            block: None,
            failing: false,
        }
    }

    /// The same log for a neuron of the run, which tells its own deeds. The chain is told here, once for all of them.
    pub(super) fn of_neuron(&self, hotkey: &AccountId) -> Option<NeuronRecords> {
        let log = self.log.as_ref()?.as_source(&hotkey.to_string());
        Some(NeuronRecords::new(log, self.system))
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
        for row in epoch_neurons(metagraph, Some(epoch)) {
            self.put(&EpochNeuron {
                block: block.0,
                ..row
            });
        }
    }

    /// A sample that was scored. Users of a run on this machine are its owner, so their words are kept too.
    pub(super) fn sample(&mut self, sample: &ScoredSample, queued: u64) {
        let block = self.block.map(|(block, _)| block);
        self.put(&iteration(sample, queued, block, RecordedTexts::All));
    }

    /// What validators of datasets tell: of that, the results of rounds.
    pub(super) fn hear(&mut self, event: &DatasetEvent) {
        for evaluation in self.evaluations.hear(event) {
            self.put(&evaluation);
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
