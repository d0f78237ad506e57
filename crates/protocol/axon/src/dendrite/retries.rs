//! Calling again.

use super::{NoAnswer, Outcome, OwnFault, RefusalKind, Reply};
use std::time::Duration;
use tokio::time::Instant;

/// When a call is made again, and how often.
///
/// ```no_run
/// # use assay_axon::{Dendrite, SynapseRequest, Target, dendrite::Retries};
/// # async fn ask(dendrite: &Dendrite, target: &Target, request: &SynapseRequest) {
/// let reply = Retries::default().run(|| dendrite.call(target, request)).await;
/// # }
/// ```
///
/// Each call is signed anew, so a repetition is another request to whoever is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Calls beyond the first. More help against short outages only; with many, whoever is down holds the round up.
    pub most: u32,
    /// The longest pause before the first of them; each further one may be twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// None begins later than so long after the first call.
    pub within: Duration,
    /// After which outcomes.
    pub after: Repeatable,
}

/// Which outcomes a call may be repeated after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeatable {
    /// Only those after which the request was surely not handled: no connection came about, it said that it has too much
    /// to do or that we ask too often, or the request never left this machine.
    #[default]
    Unhandled,
    /// Also those that leave open whether it was handled: no answer in time, a connection that closed, an error of its
    /// own. Right only where handling it twice harms nobody.
    Idempotent,
}

impl Default for Retries {
    /// Twice, within some seconds, where the request was surely not handled.
    fn default() -> Self {
        Self {
            most: 2,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(4),
            within: Duration::from_secs(12),
            after: Repeatable::Unhandled,
        }
    }
}

impl Retries {
    /// Calls until there is an outcome that allows no repetition, or there were enough. The reply is the last one.
    pub async fn run<A, F: Future<Output = Reply<A>>>(&self, mut call: impl FnMut() -> F) -> Reply<A> {
        let began = Instant::now();
        let mut repetition = 0;
        loop {
            let reply = call().await;
            if repetition >= self.most || !self.after.allows(&reply.outcome) {
                return reply;
            }
            let pause = self.pause_before(repetition, rand::random());
            if began.elapsed().saturating_add(pause) > self.within {
                return reply;
            }
            tokio::time::sleep(pause).await;
            repetition += 1;
        }
    }

    /// The pause before a repetition, counted from 0, for a random number from 0 to 1: between half and all of what it may
    /// be, so that many who failed at one moment do not come again at one moment.
    #[must_use]
    pub fn pause_before(&self, repetition: u32, random: f64) -> Duration {
        let doubled = 2u32.saturating_pow(repetition);
        let longest = self.pause.saturating_mul(doubled).min(self.longest_pause);
        longest.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
    }
}

impl Repeatable {
    /// Whether a call with this outcome may be repeated.
    #[must_use]
    pub fn allows<A>(self, outcome: &Outcome<A>) -> bool {
        let is_idempotent = self == Self::Idempotent;
        match outcome {
            Outcome::Answered(_) | Outcome::BadAnswer(_) => false,
            Outcome::Refused(refusal) => match refusal.kind {
                RefusalKind::TooFast | RefusalKind::Busy => true,
                RefusalKind::TimedOut | RefusalKind::Failed(_) => is_idempotent,
                _ => false,
            },
            Outcome::NoAnswer(why) => match why {
                NoAnswer::Unreachable { .. } => true,
                NoAnswer::TimedOut { .. } | NoAnswer::Disconnected => is_idempotent,
                NoAnswer::NotServing | NoAnswer::NotPublic { .. } => false,
            },
            Outcome::OwnFault(why) => match why {
                OwnFault::Crowded { .. } | OwnFault::Machine { .. } | OwnFault::NoRoute { .. } => true,
                // The answer was there, and there was no room for it.
                OwnFault::Memory { .. } => is_idempotent,
                OwnFault::Scheme | OwnFault::Unsendable { .. } => false,
            },
        }
    }
}
