//! One iteration: a sample is chosen, asked, judged, applied and logged.

use crate::{
    DropReason, HookError, JobState, LogRecord, OrganicScoring, Origin, QueueError, Queued, Sampled,
    SiblingPolicy, Stage, StageError, StageProblem, scorer::Inner,
};
use assay_axon::UnixNanos;
use futures::FutureExt;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// What came of an iteration.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Iterated {
    /// There was nothing to do.
    Idle,
    /// It got through.
    Done {
        /// What the wait is shortened by.
        elapsed: Duration,
    },
    /// The sample can never be scored, which says nothing about the next.
    GivenUp,
    /// It failed.
    Failed,
}

/// How often another synthetic sample is drawn in the place of one that a user has asked. More would search a dataset
/// that holds nothing new.
const REDRAWS: usize = 8;

/// A stage that went wrong.
type Broken = (Stage, StageProblem);

/// What got through, up to the log.
struct Scored<H: OrganicScoring> {
    responses: H::Responses,
    reference: Option<H::Reference>,
    rewards: H::Rewards,
}

/// A sample of the queue that is being scored. Dropped in the middle it goes back, as when the loop is cancelled.
struct InFlight<'a, H: OrganicScoring> {
    scorer: &'a Inner<H>,
    /// Nothing for a synthetic one.
    queued: Option<Queued<H::Sample>>,
    is_applied: bool,
}

impl<H: OrganicScoring> InFlight<'_, H> {
    /// It is scored.
    fn settle(&mut self) {
        if let Some(queued) = self.queued.take() {
            self.scorer.settle(queued.id, JobState::Scored);
        }
    }

    /// A try failed.
    fn fail(&mut self, (stage, problem): &Broken) {
        let Some(mut queued) = self.queued.take() else {
            return;
        };
        let stage = *stage;
        queued.failures += 1;
        let scorer = self.scorer;
        // A hook that was cut off in the middle of applying may have applied, and nothing may count twice.
        let may_count = stage == Stage::Weights && !matches!(problem, StageProblem::Failed(_));
        if may_count || problem.is_permanent() || queued.failures >= scorer.settings.max_attempts {
            scorer.settle(queued.id, JobState::GivenUp { stage });
            scorer.status.send_modify(|status| status.dead_letters += 1);
        } else {
            let failures = queued.failures;
            scorer.put_back(queued, JobState::Retrying { failures });
            scorer.status.send_modify(|status| status.requeued += 1);
        }
    }
}

impl<H: OrganicScoring> Drop for InFlight<'_, H> {
    fn drop(&mut self) {
        let Some(queued) = self.queued.take() else {
            return;
        };
        if self.is_applied {
            // Its weights may count already, and must not twice.
            self.scorer.settle(queued.id, JobState::Scored);
        } else {
            self.scorer.put_back(queued, JobState::Queued);
        }
    }
}

impl<H: OrganicScoring> Inner<H> {
    /// Scores one sample, if there is one.
    pub(crate) async fn iterate(&self) -> Iterated {
        let began = Instant::now();
        let mut record = LogRecord::new(self.settings.config.privacy);
        let (sampled, queued) = match self.choose().await {
            Ok(Some(chosen)) => chosen,
            Ok(None) => {
                self.status.send_modify(|status| {
                    status.idle += 1;
                    status.failures_in_a_row = 0;
                });
                return Iterated::Idle;
            }
            Err(problem) => {
                record.queue_size = self.queue.len();
                return self.failed(record, None, (Stage::Sample, problem)).await;
            }
        };
        let mut in_flight = InFlight {
            scorer: self,
            queued,
            is_applied: false,
        };
        record.times.sample = began.elapsed();
        record.queue_size = self.queue.len();
        record.is_organic = sampled.origin.is_organic();
        record.sample_id = Some(sampled.id);
        record.attempt = sampled.attempt;
        let sampled = Arc::new(sampled);
        let scored = match self.score(&sampled, &mut record, &mut in_flight.is_applied).await {
            Ok(scored) => scored,
            Err(broken) => {
                in_flight.fail(&broken);
                return self.failed(record, Some(&sampled), broken).await;
            }
        };
        record.times.total = began.elapsed();
        record.stage = Stage::Log;
        in_flight.settle();
        self.succeeded(&sampled);
        self.log(record, &sampled, &scored).await
    }

    async fn choose(&self) -> Result<Option<(Sampled<H::Sample>, Option<Queued<H::Sample>>)>, StageProblem> {
        let config = &self.settings.config;
        let now = UnixNanos::now();
        let drawn = self
            .queue
            .sample(now)
            .map_err(|error| StageProblem::Failed(error.into()))?;
        self.dropped(&drawn.expired, DropReason::TooOld);
        if let Some(queued) = drawn.next {
            self.jobs.set(queued.id, JobState::Scoring);
            let sampled = Sampled {
                id: queued.id,
                sample: queued.sample.clone(),
                origin: Origin::Organic {
                    caller: queued.caller,
                },
                attempt: queued.failures.saturating_add(1),
                reward_scale: 1.0,
                may_reuse_responses: config.reuse_responses,
            };
            return Ok(Some((sampled, Some(queued))));
        }
        let Some(datasets) = &self.datasets else {
            return Ok(None);
        };
        for _ in 0..REDRAWS {
            let rng = ChaCha8Rng::seed_from_u64(self.rng().next_u64());
            let drawn = self.staged(Stage::Sample, datasets.sample(rng)).await;
            let Some(sample) = drawn.map_err(|(_, problem)| problem)? else {
                return Ok(None);
            };
            let fingerprint = self.hooks.fingerprint(&sample);
            if fingerprint.is_some_and(|fingerprint| self.history.holds(&fingerprint, now)) {
                continue;
            }
            let sampled = Sampled {
                id: self.new_id(),
                sample,
                origin: Origin::Synthetic,
                attempt: 1,
                reward_scale: config.synth_reward_scale,
                may_reuse_responses: false,
            };
            return Ok(Some((sampled, None)));
        }
        Ok(None)
    }

    async fn score(
        &self,
        sampled: &Arc<Sampled<H::Sample>>,
        record: &mut LogRecord,
        is_applied: &mut bool,
    ) -> Result<Scored<H>, Broken> {
        let began = Instant::now();
        let (reference, responses) = match self.settings.sibling {
            SiblingPolicy::Cancel => self.ask_together(sampled).await,
            SiblingPolicy::Detach => self.ask_apart(sampled).await,
        }?;
        record.times.responses = began.elapsed();

        let began = Instant::now();
        let judging = self
            .hooks
            .generate_rewards(sampled, &responses, reference.as_ref());
        let rewards = self.staged(Stage::Rewards, judging).await?;
        record.times.rewards = began.elapsed();

        let began = Instant::now();
        if self.settings.config.set_weights {
            *is_applied = true;
            let applying = self.hooks.set_weights(sampled, &rewards);
            self.staged(Stage::Weights, applying).await?;
        }
        record.times.weights = began.elapsed();
        Ok(Scored {
            responses,
            reference,
            rewards,
        })
    }

    /// Reference and query side by side; when one fails, the other is dropped where it is.
    async fn ask_together(
        &self,
        sampled: &Arc<Sampled<H::Sample>>,
    ) -> Result<(Option<H::Reference>, H::Responses), Broken> {
        let reference = self.staged(Stage::Reference, self.hooks.generate_reference(sampled));
        let responses = self.staged(Stage::Query, self.hooks.query_miners(sampled));
        futures::future::try_join(reference, responses).await
    }

    /// Reference and query side by side; when one fails, the other goes on by itself.
    async fn ask_apart(
        &self,
        sampled: &Arc<Sampled<H::Sample>>,
    ) -> Result<(Option<H::Reference>, H::Responses), Broken> {
        let within = self.settings.stage_timeout;
        let (hooks, sample) = (self.hooks.clone(), sampled.clone());
        let reference = tokio::spawn(async move {
            guarded(Stage::Reference, within, hooks.generate_reference(&sample)).await
        });
        let (hooks, sample) = (self.hooks.clone(), sampled.clone());
        let responses =
            tokio::spawn(async move { guarded(Stage::Query, within, hooks.query_miners(&sample)).await });
        let reference =
            reference.map(|joined| joined.unwrap_or(Err((Stage::Reference, StageProblem::Panicked))));
        let responses = responses.map(|joined| joined.unwrap_or(Err((Stage::Query, StageProblem::Panicked))));
        futures::future::try_join(reference, responses).await
    }

    async fn log(&self, record: LogRecord, sampled: &Sampled<H::Sample>, scored: &Scored<H>) -> Iterated {
        let elapsed = record.times.total;
        let spare = record.clone();
        let reference = scored.reference.as_ref();
        let logging = self
            .hooks
            .log_results(record, sampled, &scored.responses, reference, &scored.rewards);
        match self.staged(Stage::Log, logging).await {
            Ok(record) => {
                let shown = || serde_json::to_string(&record).unwrap_or_default();
                tracing::debug!(record = %shown(), "an organic iteration");
                Iterated::Done {
                    elapsed: record.times.total,
                }
            }
            Err(broken) => {
                self.status.send_modify(|status| status.log_failures += 1);
                let failed = self.failed(spare, Some(sampled), broken).await;
                // Everything else is done, so by default it costs no pause.
                if self.settings.is_original() {
                    failed
                } else {
                    Iterated::Done { elapsed }
                }
            }
        }
    }

    async fn failed(
        &self,
        mut record: LogRecord,
        sampled: Option<&Sampled<H::Sample>>,
        (stage, problem): Broken,
    ) -> Iterated {
        // Without a sample, or with all of it done but the log, there is nothing to give up.
        let is_given_up = sampled.is_some() && stage != Stage::Log && problem.is_permanent();
        let error = StageError {
            stage,
            sample_id: sampled.map(|sampled| sampled.id),
            attempt: record.attempt,
            problem,
        };
        record.fail(&error);
        if stage != Stage::Log {
            self.status.send_modify(|status| {
                status.failures += 1;
                if !is_given_up {
                    status.failures_in_a_row = status.failures_in_a_row.saturating_add(1);
                }
                status.last_failure = Some(stage);
            });
        }
        // The hook that tells of failures may fail too.
        let telling = AssertUnwindSafe(self.hooks.log_failure(&record, &error)).catch_unwind();
        if !matches!(timeout(self.settings.stage_timeout, telling).await, Ok(Ok(()))) {
            tracing::warn!(%error, "organic scoring failed, and the hook that logs it");
        }
        if is_given_up {
            Iterated::GivenUp
        } else {
            Iterated::Failed
        }
    }

    fn succeeded(&self, sampled: &Sampled<H::Sample>) {
        let is_organic = sampled.origin.is_organic();
        if is_organic {
            self.remember(&sampled.sample);
        }
        self.status.send_modify(|status| {
            let count = if is_organic {
                &mut status.organic
            } else {
                &mut status.synthetic
            };
            *count += 1;
            status.failures_in_a_row = 0;
        });
    }

    fn remember(&self, sample: &H::Sample) {
        let fingerprint = self.hooks.fingerprint(sample);
        let now = UnixNanos::now();
        if self.hooks.may_be_remembered(sample) {
            self.history.remember(fingerprint, sample.clone(), now);
        } else if let Some(fingerprint) = fingerprint {
            self.history.remember_fingerprint(fingerprint, now);
        }
    }

    fn settle(&self, id: crate::SampleId, state: JobState) {
        self.jobs.set(id, state);
        if let Err(error) = self.queue.settle(id) {
            tracing::warn!(%error, sample_id = %id, "an organic sample may be scored again after a restart");
        }
    }

    fn put_back(&self, queued: Queued<H::Sample>, state: JobState) {
        let id = queued.id;
        self.jobs.set(id, state);
        let evicted = match self.queue.put_back(queued) {
            Ok(added) => added.evicted,
            Err(error) => {
                tracing::warn!(%error, sample_id = %id, "an organic sample that is tried again may be lost in a restart");
                match error {
                    QueueError::NotDurable { evicted, .. } => evicted,
                    QueueError::Unwritable(_) => Vec::new(),
                }
            }
        };
        self.dropped(&evicted, DropReason::ForAnother);
    }

    async fn staged<T>(
        &self,
        stage: Stage,
        hook: impl Future<Output = Result<T, HookError>>,
    ) -> Result<T, Broken> {
        guarded(stage, self.settings.stage_timeout, hook).await
    }
}

/// A hook that may fail, panic or hang.
async fn guarded<T>(
    stage: Stage,
    within: Duration,
    hook: impl Future<Output = Result<T, HookError>>,
) -> Result<T, Broken> {
    let problem = match timeout(within, AssertUnwindSafe(hook).catch_unwind()).await {
        Ok(Ok(Ok(done))) => return Ok(done),
        Ok(Ok(Err(error))) => StageProblem::Failed(error),
        Ok(Err(_)) => StageProblem::Panicked,
        Err(_) => StageProblem::TimedOut { after: within },
    };
    Err((stage, problem))
}
