//! What miners say they do, so that nobody is asked for what it declines.
//!
//! Declining is not free: who does not do a task gets nothing for it, as often as it would have been asked. Otherwise the best
//! way to a high score would be to do the easiest task alone.

use super::{Parts, locked};
use crate::{Availability, prompts::tasks::TaskKind};
use assay_axon::Outcome;
use assay_chain::AccountId;
use assay_neuron::Context;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// How often miners are asked. More often, and it is traffic without news; less often, and who begins with a task waits for its
/// first question.
const EVERY: Duration = Duration::from_secs(60);
/// How long they have. Who does not answer in time does everything.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is known.
#[derive(Default)]
pub(super) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    asked: Option<Instant>,
    declined: BTreeMap<AccountId, BTreeSet<TaskKind>>,
}

impl Known {
    /// Whether this miner does what a step of this name asks for.
    pub(super) fn does(&self, hotkey: &AccountId, step: &str) -> bool {
        let Some(task) = TaskKind::of_step(step) else {
            return true;
        };
        let state = locked(&self.0);
        state
            .declined
            .get(hotkey)
            .is_none_or(|declined| !declined.contains(&task))
    }

    /// Whether it is time to ask; if it is, it is not for anybody else.
    fn is_due(&self) -> bool {
        let mut state = locked(&self.0);
        let due = state.asked.is_none_or(|asked| asked.elapsed() >= EVERY);
        if due {
            state.asked = Some(Instant::now());
        }
        due
    }

    fn learn(&self, declined: BTreeMap<AccountId, BTreeSet<TaskKind>>) {
        locked(&self.0).declined = declined;
    }

    /// Nobody was there to be asked: the next round tries again.
    fn nobody(&self) {
        locked(&self.0).asked = None;
    }
}

/// Asks all miners what they do, when it is time, beside whatever else is done.
pub(super) fn ask(context: &Context, parts: &Arc<Parts>) {
    if !parts.availability.is_due() {
        return;
    }
    let (context, parts) = (context.clone(), Arc::clone(parts));
    tokio::spawn(async move {
        let Ok(metagraph) = context.metagraph().await else {
            return;
        };
        let Ok(miners) = context.choose(&metagraph, usize::MAX, &BTreeSet::new()) else {
            parts.availability.nobody();
            return;
        };
        match context.ask_aside(&miners, &Availability::ask(), PATIENCE).await {
            Err(error) => tracing::warn!(%error, "miners are not asked what they do"),
            Ok(replies) => parts.availability.learn(
                replies
                    .into_iter()
                    .filter_map(|reply| match reply.outcome {
                        Outcome::Answered(said) => Some((reply.miner.target.hotkey, said.declined())),
                        _ => None,
                    })
                    .collect(),
            ),
        }
    });
}
