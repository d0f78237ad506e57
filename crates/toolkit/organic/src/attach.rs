//! The scorer's place in an axon.

use crate::{
    Entered, JobQuestion, JobState, OrganicScorer, OrganicScoring, SampleId, hooks::Pending, push,
    scorer::Inner,
};
use assay_axon::{
    Caller, Identity,
    server::{Access, Asked, AxonBuilder, Blacklisted, Failure, Parts, Priority, Route, Synapse},
};
use http::StatusCode;
use std::{
    fmt,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// What an entry hook answers with. It decides whether the route answers whole or in parts.
pub trait Answer<E: Synapse>: Send + Sized + 'static {
    /// A route whose handler answers with this.
    fn route<F, A>(handler: F) -> Route
    where
        F: Fn(Asked<E>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Self, Failure>> + Send + 'static;
}

/// An answer that is there, as the synapse with its fields filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<E>(pub E);

/// An answer in parts as they come.
pub struct Streamed(pub Parts);

impl fmt::Debug for Streamed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Streamed")
    }
}

impl<E: Synapse> Answer<E> for Whole<E> {
    fn route<F, A>(handler: F) -> Route
    where
        F: Fn(Asked<E>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Self, Failure>> + Send + 'static,
    {
        Route::new(move |asked: Asked<E>| {
            let answer = handler(asked);
            async move { answer.await.map(|Self(synapse)| synapse) }
        })
    }
}

impl<E: Synapse> Answer<E> for Streamed {
    fn route<F, A>(handler: F) -> Route
    where
        F: Fn(Asked<E>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Self, Failure>> + Send + 'static,
    {
        Route::streaming(move |asked: Asked<E>| {
            let answer = handler(asked);
            async move { answer.await.map(|Self(parts)| parts) }
        })
    }
}

/// The scorer's rules on its own routes, and the axon's other rules on all others.
pub struct OrganicAccess<H: OrganicScoring> {
    scorer: Arc<Inner<H>>,
    others: Arc<dyn Access>,
}

impl<H: OrganicScoring> Access for OrganicAccess<H> {
    fn admit(&self, caller: &Caller, route: &str) -> Result<(), Blacklisted> {
        if route == H::Entry::NAME || route == JobQuestion::NAME {
            self.scorer.admit(caller)
        } else if route == push::NAME && !self.scorer.push_signers.is_empty() {
            self.scorer.admit_push(caller)
        } else {
            self.others.admit(caller, route)
        }
    }

    fn priority(&self, caller: &Caller) -> Priority {
        let own = self.scorer.hooks.priority(caller);
        own.unwrap_or_else(|| self.others.priority(caller))
    }
}

impl<H: OrganicScoring> fmt::Debug for OrganicAccess<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OrganicAccess").finish_non_exhaustive()
    }
}

impl<H: OrganicScoring> OrganicScorer<H> {
    /// Gives an axon the scorer's route and rules. `others` are the rules of the axon's other routes: this takes the
    /// place of [`AxonBuilder::access`].
    #[must_use]
    pub fn attach(&self, axon: AxonBuilder, others: impl Access) -> AxonBuilder {
        axon.route(self.route()).access(self.access(others))
    }

    /// The route by itself. It judges callers too, but only once their bodies are read; with
    /// [`access`](Self::access) they are refused before.
    #[must_use]
    pub fn route(&self) -> Route {
        let scorer = self.0.clone();
        H::Answer::route(move |asked| {
            let scorer = scorer.clone();
            async move { scorer.enter_sample(asked).await }
        })
    }

    /// A route where callers ask what became of their requests: [`JobQuestion`]. A question takes nothing off the quota,
    /// which is for requests that miners answer; the axon's own rates bound it.
    #[must_use]
    pub fn job_route(&self) -> Route {
        let scorer = self.0.clone();
        Route::new(move |asked: Asked<JobQuestion>| {
            let scorer = scorer.clone();
            async move {
                scorer.admit_proven(&asked.caller)?;
                let sample_id = asked.synapse.sample_id;
                let known = sample_id.parse().ok().and_then(|id| scorer.jobs.get(id));
                let (stage, dropped) = match known {
                    Some(JobState::GivenUp { stage }) => (Some(stage.name()), None),
                    Some(JobState::Dropped { why }) => (None, Some(why.name())),
                    _ => (None, None),
                };
                Ok(JobQuestion {
                    sample_id,
                    state: known.map(|state| state.name().to_owned()),
                    stage: stage.map(str::to_owned),
                    dropped: dropped.map(str::to_owned),
                })
            }
        })
    }

    /// The rules by themselves.
    #[must_use]
    pub fn access(&self, others: impl Access) -> OrganicAccess<H> {
        OrganicAccess {
            scorer: self.0.clone(),
            others: Arc::new(others),
        }
    }
}

impl<H: OrganicScoring> Inner<H> {
    /// Whether this caller may ask. An operator's token is let in by the whitelist, since the operator gave it away.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<(), Blacklisted> {
        if let Identity::Hotkey(hotkey) = &caller.identity
            && !self.whitelist.is_empty()
            && !self.whitelist.contains(hotkey)
        {
            return Err(Blacklisted {
                reason: "not on the whitelist for organic requests".to_owned(),
            });
        }
        self.hooks.blacklist(caller)
    }

    /// As [`admit`](Self::admit), of a caller who is proven.
    pub(crate) fn admit_proven(&self, caller: &Caller) -> Result<(), Failure> {
        if matches!(caller.identity, Identity::Hotkey(_)) && caller.hotkey().is_none() {
            return Err(Failure {
                status: StatusCode::UNAUTHORIZED,
                message: "organic requests are signed".to_owned(),
            });
        }
        self.admit(caller).map_err(forbidden)
    }

    /// Takes one request off the caller's quota.
    pub(crate) fn count(&self, caller: &Caller) -> Result<(), Failure> {
        let Some(quota) = &self.quota else {
            return Ok(());
        };
        let mut quota = quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota
            .take(caller.identity.clone(), Instant::now())
            .map_err(|too_fast| Failure {
                status: StatusCode::TOO_MANY_REQUESTS,
                message: too_fast.to_string(),
            })
    }

    async fn enter_sample(self: Arc<Self>, asked: Asked<H::Entry>) -> Result<H::Answer, Failure> {
        self.admit_proven(&asked.caller)?;
        self.count(&asked.caller)?;
        self.hooks.verify(&asked)?;
        let caller = asked.caller.hotkey();
        let time = asked.time;
        let id = self.new_id();
        let Entered { answer, sample } = self.hooks.on_organic_entry(asked, id).await?;
        match sample {
            Pending::Now(sample) => self.queue_or_tell(id, sample, caller),
            Pending::Never => self.status.send_modify(|status| status.without_sample += 1),
            Pending::Later(sample) => {
                // As long as the answer may take, and the miners after it.
                let patience = time + self.settings.timeout + Duration::from_secs(1);
                let scorer = self.clone();
                self.intake.spawn(async move {
                    match timeout(patience, sample).await {
                        Ok(Some(sample)) => scorer.queue_or_tell(id, sample, caller),
                        Ok(None) => scorer.status.send_modify(|status| status.without_sample += 1),
                        Err(_) => {
                            tracing::warn!(sample_id = %id, "the sample of an organic request did not come in time");
                            scorer.status.send_modify(|status| status.without_sample += 1);
                        }
                    }
                });
            }
        }
        Ok(answer)
    }

    /// The user has its answer, whatever becomes of the sample.
    fn queue_or_tell(&self, id: SampleId, sample: H::Sample, caller: Option<assay_keys::AccountId>) {
        if let Err(error) = self.enqueue(id, sample, caller) {
            tracing::warn!(%error, sample_id = %id, "an organic sample cannot be queued");
        }
    }
}

pub(crate) fn forbidden(blacklisted: Blacklisted) -> Failure {
    Failure {
        status: StatusCode::FORBIDDEN,
        message: format!("Forbidden. Key is blacklisted: {blacklisted}."),
    }
}
