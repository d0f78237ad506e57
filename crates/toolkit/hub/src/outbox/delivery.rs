//! One attempt at a time.

use super::{
    Outbox, OutboxError, Ticket,
    store::{Batch, Change},
};
use crate::{CommitRequest, HubClient, HubError, Operation, Retry, Revision, Source};
use std::{
    num::NonZeroUsize,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What stands before the key in a commit's message.
const KEY_LABEL: &str = "Outbox-Key: ";

/// Commits looked at for the key. More than others will make between a kill and the restart, and few enough for the
/// hub to list in two pages.
const LOOK_BACK: NonZeroUsize = NonZeroUsize::new(100).expect("a hundred is not zero");

/// First pause after a failure that says nothing of when to come back; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest such pause. A hub that was away for a night is found back within minutes; asking more often than that
/// would only add to its load while it comes back.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Nothing waits.
    Idle,
    /// Nothing may be sent before this time. No request was made.
    Wait {
        /// The end of the pause.
        until: SystemTime,
    },
    /// A commit was made.
    Committed {
        /// The commit.
        revision: Revision,
        /// The changes it holds.
        tickets: Vec<Ticket>,
    },
    /// An attempt failed and is made again.
    Retrying {
        /// Why it failed.
        reason: String,
        /// When it may be made again.
        not_before: SystemTime,
    },
    /// The hub refuses these changes, and would again.
    GaveUp {
        /// Why.
        reason: String,
        /// The changes.
        tickets: Vec<Ticket>,
    },
}

impl Outbox {
    /// Makes at most one commit, and no request at all before the time that the hub asked for.
    ///
    /// # Errors
    ///
    /// As [`drain`](Self::drain).
    pub async fn step(&self, client: &HubClient) -> Result<Step, OutboxError> {
        let _one_at_a_time = self.stepping.lock().await;
        self.store.form_batches(self.batches).await?;
        let Some(batch) = self.store.next_batch().await? else {
            return Ok(Step::Idle);
        };
        let not_before = batch.not_before.max(self.store.pause().await?);
        if time(not_before) > self.clock.now() {
            return Ok(Step::Wait {
                until: time(not_before),
            });
        }
        let changes = self.store.changes(&batch).await?;
        let tickets = changes.iter().map(|change| change.ticket).collect();
        match self.attempt(client, &batch, &changes).await {
            Ok(revision) => {
                self.store.delivered(&batch, revision).await?;
                let needed = self.store.contents().await?;
                for sha256 in changes.iter().filter_map(|change| change.sha256.as_ref()) {
                    if !needed.contains(sha256) {
                        self.spool.remove(sha256)?;
                    }
                }
                Ok(Step::Committed { revision, tickets })
            }
            Err(error) => self.failed(&batch, tickets, &error).await,
        }
    }

    async fn attempt(
        &self,
        client: &HubClient,
        batch: &Batch,
        changes: &[Change],
    ) -> Result<Revision, HubError> {
        let target = &batch.target;
        let label = format!("{KEY_LABEL}{}", batch.key);
        let commits = client
            .list_commits(&target.repo, target.kind, &target.branch, LOOK_BACK)
            .await?;
        if let Some(made) = commits.iter().find(|commit| commit.message.contains(&label)) {
            tracing::info!(repo = %target.repo, revision = %made.revision, "the commit had been made already");
            return Ok(made.revision);
        }
        let head = commits.first().map(|commit| commit.revision);
        let request = CommitRequest {
            branch: target.branch.clone(),
            summary: summary(changes),
            description: label,
            // On top of what was just looked at: were the earlier attempt still on its way, one of the two is refused.
            parent: head,
            operations: changes.iter().map(|change| self.operation(change)).collect(),
        };
        client.commit(&target.repo, target.kind, request).await
    }

    fn operation(&self, change: &Change) -> Operation {
        let path = change.path.clone();
        match &change.sha256 {
            Some(sha256) => Operation::Add {
                path,
                source: Source::File(self.spool.path(sha256)),
            },
            None => Operation::Delete { path },
        }
    }

    async fn failed(
        &self,
        batch: &Batch,
        tickets: Vec<Ticket>,
        error: &HubError,
    ) -> Result<Step, OutboxError> {
        let reason = described(error);
        let repo = &batch.target.repo;
        let now = self.clock.now();
        let not_before = match error.retry() {
            Retry::Never => {
                tracing::error!(%repo, reason, "the hub refuses a commit: its changes are kept as failed");
                self.store.failed(batch, &reason).await?;
                return Ok(Step::GaveUp { reason, tickets });
            }
            Retry::After(pause) => now + pause,
            Retry::Backoff => {
                now + FIRST_PAUSE
                    .saturating_mul(1 << batch.attempts.min(16))
                    .min(LONGEST_PAUSE)
            }
        };
        tracing::warn!(%repo, reason, attempt = batch.attempts + 1, "a commit was not made and is tried again");
        self.store.put_off(batch, millis(not_before)).await?;
        if matches!(error, HubError::RateLimited { .. }) {
            // The hub counts per account: other repositories would be refused as well.
            self.store.set_pause(millis(not_before)).await?;
        }
        Ok(Step::Retrying {
            reason,
            not_before: time(millis(not_before)),
        })
    }
}

/// The error with its causes, in one line.
fn described(error: &HubError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn summary(changes: &[Change]) -> String {
    let first = changes.first().map_or("", |change| change.message.as_str());
    let same = changes.iter().all(|change| change.message == first);
    match changes.len() {
        0 | 1 => first.to_owned(),
        _ if same => first.to_owned(),
        count => format!("{first} (and {} more)", count - 1),
    }
}

/// Milliseconds since 1970, rounded up: a pause is never cut short.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
