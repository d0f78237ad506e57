//! The scorer: hooks, queue, datasets and settings together.

use crate::{
    ConfigError, DropReason, History, HistoryLimits, JobState, MemoryQueue, OrganicConfig, OrganicScoring,
    Queue, QueueError, Queued, SampleId, Status, config::Settings, jobs::JobBoard, scheduler::Running,
    steps::StepCounter, synth::Datasets,
};
use assay_axon::{Identity, UnixNanos, server::Rates};
use assay_keys::AccountId;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;

/// Callers whose quota is remembered at one time.
const QUOTA_ROOM: usize = 16_384;

/// Answers users, queues what they asked, and scores it in the background.
///
/// Cheap to clone; clones are the same scorer.
pub struct OrganicScorer<H: OrganicScoring>(pub(crate) Arc<Inner<H>>);

pub(crate) struct Inner<H: OrganicScoring> {
    pub(crate) hooks: Arc<H>,
    pub(crate) settings: Settings,
    pub(crate) queue: Arc<dyn Queue<H::Sample>>,
    pub(crate) datasets: Option<Datasets<H::Sample>>,
    pub(crate) history: Arc<History<H::Sample>>,
    pub(crate) jobs: JobBoard,
    pub(crate) steps: StepCounter,
    /// Told when a sample is queued.
    pub(crate) arrivals: Notify,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) running: Mutex<Option<Running>>,
    /// Held by the loop as long as it runs.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Waits for samples of requests that are still being answered.
    pub(crate) intake: TaskTracker,
    pub(crate) whitelist: HashSet<AccountId>,
    pub(crate) push_signers: HashSet<AccountId>,
    pub(crate) quota: Option<Mutex<Rates<Identity>>>,
    rng: Mutex<ChaCha8Rng>,
}

/// A scorer before it is put together.
pub struct OrganicScorerBuilder<H: OrganicScoring> {
    hooks: H,
    config: OrganicConfig,
    queue: Option<Arc<dyn Queue<H::Sample>>>,
    datasets: Option<Datasets<H::Sample>>,
    history: Option<Arc<History<H::Sample>>>,
    rng: ChaCha8Rng,
}

impl<H: OrganicScoring> OrganicScorerBuilder<H> {
    /// Goes by this configuration, rather than the defaults.
    #[must_use]
    pub fn config(mut self, config: OrganicConfig) -> Self {
        self.config = config;
        self
    }

    /// Keeps samples in this queue, rather than one in memory with the limits of the configuration.
    #[must_use]
    pub fn queue(mut self, queue: impl Queue<H::Sample>) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    /// Scores samples of these datasets when no user has asked. Without any it waits.
    #[must_use]
    pub fn synth(mut self, datasets: Datasets<H::Sample>) -> Self {
        self.datasets = Some(datasets);
        self
    }

    /// Remembers scored samples in this history, which a replay dataset may share.
    #[must_use]
    pub fn history(mut self, history: Arc<History<H::Sample>>) -> Self {
        self.history = Some(history);
        self
    }

    /// Makes every random choice come from this seed, for tests: whoever knows it can guess ids of samples, and which
    /// request will be scored.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.rng = ChaCha8Rng::seed_from_u64(seed);
        self
    }

    /// The scorer. It does nothing until it is [started](OrganicScorer::start).
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn finish(self) -> Result<OrganicScorer<H>, ConfigError> {
        let settings = self.config.settings()?;
        let limits = self.config.queue_limits()?;
        let mut rng = self.rng;
        let queue = match self.queue {
            Some(queue) => queue,
            None => Arc::new(MemoryQueue::new(
                limits,
                ChaCha8Rng::seed_from_u64(rng.next_u64()),
            )),
        };
        let quota = self.config.quota;
        Ok(OrganicScorer(Arc::new(Inner {
            hooks: Arc::new(self.hooks),
            queue,
            datasets: self.datasets,
            history: self
                .history
                .unwrap_or_else(|| Arc::new(History::new(HistoryLimits::default()))),
            jobs: JobBoard::new(limits.capacity.get()),
            steps: StepCounter::default(),
            arrivals: Notify::new(),
            status: watch::Sender::new(Status::default()),
            running: Mutex::new(None),
            turn: tokio::sync::Mutex::new(()),
            intake: TaskTracker::new(),
            whitelist: self.config.whitelist.iter().copied().collect(),
            push_signers: self.config.push_signers.iter().copied().collect(),
            quota: quota.map(|quota| Mutex::new(Rates::new(quota.into(), QUOTA_ROOM))),
            rng: Mutex::new(rng),
            settings,
        })))
    }
}

impl<H: OrganicScoring> OrganicScorer<H> {
    /// A scorer around these hooks.
    #[must_use]
    pub fn build(hooks: H) -> OrganicScorerBuilder<H> {
        OrganicScorerBuilder {
            hooks,
            config: OrganicConfig::default(),
            queue: None,
            datasets: None,
            history: None,
            rng: ChaCha8Rng::from_os_rng(),
        }
    }

    /// The hooks.
    #[must_use]
    pub fn hooks(&self) -> &H {
        &self.0.hooks
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &OrganicConfig {
        &self.0.settings.config
    }

    /// Queues a sample that came by another way than the axon.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn submit(&self, sample: H::Sample, caller: Option<AccountId>) -> Result<SampleId, QueueError> {
        let id = self.0.new_id();
        self.0.enqueue(id, sample, caller)?;
        Ok(id)
    }

    /// Counts a step of the validator. Without effect where the trigger is seconds.
    pub fn increment_step(&self) {
        if self.0.counts_steps() {
            self.0.steps.increment();
        }
    }

    /// Says how many steps there are. Without effect where the trigger is seconds.
    pub fn set_step(&self, steps: u64) {
        if self.0.counts_steps() {
            self.0.steps.set(steps);
        }
    }

    /// The steps that no iteration has taken yet.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.steps.get()
    }

    /// Samples that wait.
    #[must_use]
    pub fn queue_len(&self) -> usize {
        self.0.queue.len()
    }

    /// What it is doing and has done.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status.borrow().clone()
    }

    /// The same, with a notice of each change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.status.subscribe()
    }

    /// How far a sample has come; nothing for one that is unknown or long gone.
    #[must_use]
    pub fn job(&self, id: SampleId) -> Option<JobState> {
        self.0.jobs.get(id)
    }

    /// The organic samples that were scored lately.
    #[must_use]
    pub fn history(&self) -> &Arc<History<H::Sample>> {
        &self.0.history
    }
}

impl<H: OrganicScoring> Inner<H> {
    pub(crate) fn rng(&self) -> MutexGuard<'_, ChaCha8Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new_id(&self) -> SampleId {
        SampleId::random(&mut *self.rng())
    }

    pub(crate) fn enqueue(
        &self,
        id: SampleId,
        sample: H::Sample,
        caller: Option<AccountId>,
    ) -> Result<(), QueueError> {
        self.jobs.set(id, JobState::Queued);
        let added = self.queue.add(Queued {
            id,
            sample,
            caller,
            queued_at: UnixNanos::now(),
            failures: 0,
        });
        let evicted = match added {
            Ok(added) => added.evicted,
            Err(QueueError::NotDurable { evicted, source }) => {
                tracing::warn!(error = %source, sample_id = %id, "an organic sample would not outlive the process");
                evicted
            }
            Err(error) => {
                let why = DropReason::NotKept;
                self.jobs.set(id, JobState::Dropped { why });
                return Err(error);
            }
        };
        self.dropped(&evicted, DropReason::ForAnother);
        self.status.send_modify(|status| status.queued += 1);
        self.arrivals.notify_one();
        Ok(())
    }

    /// Tells of samples that the queue has dropped.
    pub(crate) fn dropped(&self, ids: &[SampleId], why: DropReason) {
        if ids.is_empty() {
            return;
        }
        for id in ids {
            self.jobs.set(*id, JobState::Dropped { why });
        }
        let count = ids.len() as u64;
        self.status.send_modify(|status| match why {
            DropReason::TooOld => status.expired += count,
            DropReason::ForAnother | DropReason::NotKept => status.evicted += count,
        });
    }

    fn counts_steps(&self) -> bool {
        self.settings.pace.trigger() == crate::Trigger::Steps
    }
}

impl<H: OrganicScoring> Clone for OrganicScorer<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<H: OrganicScoring> fmt::Debug for OrganicScorer<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OrganicScorer")
            .field("status", &self.status())
            .field("queue_len", &self.queue_len())
            .finish_non_exhaustive()
    }
}

impl<H: OrganicScoring> fmt::Debug for OrganicScorerBuilder<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OrganicScorerBuilder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
