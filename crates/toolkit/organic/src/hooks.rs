//! What a subnet fills in.

use crate::{Answer, Fingerprint, HookError, LogRecord, SampleId, Sampled, StageError};
use assay_axon::{
    Caller,
    server::{Asked, Blacklisted, Failure, Priority, Synapse},
};
use futures::future::BoxFuture;
use http::StatusCode;
use std::fmt;

/// What the entry hook made of a request: the answer, and the sample that is to be scored.
pub struct Entered<A, S> {
    pub(crate) answer: A,
    pub(crate) sample: Pending<S>,
}

/// When a sample is there.
pub(crate) enum Pending<S> {
    Now(S),
    Later(BoxFuture<'static, Option<S>>),
    Never,
}

impl<A, S> Entered<A, S> {
    /// The miners have answered: the sample is queued at once.
    pub const fn now(answer: A, sample: S) -> Self {
        Self {
            answer,
            sample: Pending::Now(sample),
        }
    }

    /// The answer is still being written: the sample is queued when `sample` is there, which is when the miners have
    /// been asked and their answers collected. It goes on when the user hangs up.
    pub fn after(answer: A, sample: impl Future<Output = Option<S>> + Send + 'static) -> Self {
        Self {
            answer,
            sample: Pending::Later(Box::pin(sample)),
        }
    }

    /// There is nothing to score.
    pub const fn without_sample(answer: A) -> Self {
        Self {
            answer,
            sample: Pending::Never,
        }
    }
}

impl<A, S> fmt::Debug for Entered<A, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.sample {
            Pending::Now(_) => "now",
            Pending::Later(_) => "later",
            Pending::Never => "never",
        };
        formatter
            .debug_struct("Entered")
            .field("sample", &when)
            .finish_non_exhaustive()
    }
}

/// How a subnet scores users' requests.
///
/// Four hooks must be there; the others have defaults. Whatever is implemented is used: how deep in other traits and
/// types makes no difference. A type that wraps another one forwards all of them.
///
/// One dead miner must not fail a hook: what came of each is a value among the responses.
pub trait OrganicScoring: Send + Sync + 'static {
    /// What users ask in. Its name is the route.
    type Entry: Synapse;
    /// What they are answered: [`Whole`](crate::Whole), or [`Streamed`](crate::Streamed) in parts.
    type Answer: Answer<Self::Entry>;
    /// What waits in the queue, or comes from a dataset.
    type Sample: Clone + Send + Sync + 'static;
    /// What the miners answered, all of them.
    type Responses: Send + Sync + 'static;
    /// What their answers are compared with.
    type Reference: Send + Sync + 'static;
    /// What they have earned.
    type Rewards: Send + Sync + 'static;

    /// Answers a user through miners and says what is to be scored later. The framework queues it: nothing that was
    /// not asked can be scored, and nothing that was can be forgotten. `asked.caller` is who the signature proves.
    ///
    /// `id` is the sample's name, which the answer may tell: [`OrganicScorer::job`](crate::OrganicScorer::job) knows
    /// what became of it. A [`Failure`] is the user's answer, and nothing is queued.
    fn on_organic_entry(
        &self,
        asked: Asked<Self::Entry>,
        id: SampleId,
    ) -> impl Future<Output = Result<Entered<Self::Answer, Self::Sample>, Failure>> + Send;

    /// Asks the miners, or reuses what they answered the user where `sample.may_reuse_responses`.
    fn query_miners(
        &self,
        sample: &Sampled<Self::Sample>,
    ) -> impl Future<Output = Result<Self::Responses, HookError>> + Send;

    /// Makes a reference, at the same time as the miners are asked. By default there is none.
    fn generate_reference(
        &self,
        sample: &Sampled<Self::Sample>,
    ) -> impl Future<Output = Result<Option<Self::Reference>, HookError>> + Send {
        let _ = sample;
        async { Ok(None) }
    }

    /// Judges the answers.
    fn generate_rewards(
        &self,
        sample: &Sampled<Self::Sample>,
        responses: &Self::Responses,
        reference: Option<&Self::Reference>,
    ) -> impl Future<Output = Result<Self::Rewards, HookError>> + Send;

    /// Applies the rewards, times `sample.reward_scale`: all of them or, when it fails, none, for the sample is tried
    /// again then.
    fn set_weights(
        &self,
        sample: &Sampled<Self::Sample>,
        rewards: &Self::Rewards,
    ) -> impl Future<Output = Result<(), HookError>> + Send;

    /// Logs an iteration that got through. The record comes back with what the hook adds; its `times.total` is what the
    /// next wait is shortened by. By default nothing is added, and the framework traces the record.
    fn log_results(
        &self,
        logs: LogRecord,
        sample: &Sampled<Self::Sample>,
        responses: &Self::Responses,
        reference: Option<&Self::Reference>,
        rewards: &Self::Rewards,
    ) -> impl Future<Output = Result<LogRecord, HookError>> + Send {
        let _ = (sample, responses, reference, rewards);
        async { Ok(logs) }
    }

    /// Logs an iteration that failed. By default it is traced as a warning.
    fn log_failure(&self, logs: &LogRecord, error: &StageError) -> impl Future<Output = ()> + Send {
        let _ = logs;
        tracing::warn!(%error, "organic scoring failed");
        async {}
    }

    /// Who goes first when the axon is busy. By default what the axon's other rules say.
    fn priority(&self, caller: &Caller) -> Option<Priority> {
        let _ = caller;
        None
    }

    /// Who is not served, asked before a body is read (where a hotkey may be only claimed) and again when the caller is
    /// proven. It must not wait. By default everybody is.
    ///
    /// # Errors
    /// [`Blacklisted`], which is `403`.
    fn blacklist(&self, caller: &Caller) -> Result<(), Blacklisted> {
        let _ = caller;
        Ok(())
    }

    /// Checks what the signature does not: it and the body's hash hold already. By default nothing.
    ///
    /// # Errors
    /// [`Unverified`], which is `401`.
    fn verify(&self, asked: &Asked<Self::Entry>) -> Result<(), Unverified> {
        let _ = asked;
        Ok(())
    }

    /// What makes two samples the same, so that a synthetic one that repeats a user's can be passed over. By default
    /// no two are.
    fn fingerprint(&self, sample: &Self::Sample) -> Option<Fingerprint> {
        let _ = sample;
        None
    }

    /// Whether a user's sample may be kept in the [`History`](crate::History) once it is scored, where a replay shows
    /// it, changed, to miners that the user never asked. Where it may not, only its fingerprint is kept. By default
    /// every one may.
    fn may_be_remembered(&self, sample: &Self::Sample) -> bool {
        let _ = sample;
        true
    }
}

/// A request that a hook does not take for what it says it is, in words that the caller is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not Verified with error: {reason}")]
pub struct Unverified {
    /// Without secrets, and short.
    pub reason: String,
}

impl From<Unverified> for Failure {
    fn from(unverified: Unverified) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            message: unverified.to_string(),
        }
    }
}
