//! Which miners a request is sent to.

use crate::{Ending, FaultOutcome};
use assay_axon::UnixNanos;
use assay_keys::AccountId;
use rand::{RngCore, seq::SliceRandom};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A neuron as the metagraph shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its slot.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: AccountId,
    /// Who owns it.
    pub coldkey: AccountId,
    /// Where it listens; nothing when it does not.
    pub ip: Option<IpAddr>,
    /// What it is paid, from 0 to 1.
    pub incentive: f64,
    /// Whether it may set weights.
    pub has_validator_permit: bool,
    /// Its stake, in TAO.
    pub stake: f64,
}

/// Who goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Anybody.
    #[default]
    Random,
    /// Who is paid most.
    TopIncentive,
}

/// Whom a request may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingRules {
    /// Who goes first.
    pub selection: Selection,
    /// A neuron with a validator's permit and more stake than this, in TAO, is a validator and not asked.
    pub vpermit_tao_limit: f64,
    /// Of each owner, one at most.
    pub unique_coldkeys: bool,
    /// Of each address, one at most.
    pub unique_ips: bool,
}

impl Default for RoutingRules {
    fn default() -> Self {
        Self {
            selection: Selection::Random,
            vpermit_tao_limit: 4_096.0,
            unique_coldkeys: false,
            unique_ips: false,
        }
    }
}

/// At most `count` miners to send a request to, fewer where there are no more, by uid or by incentive as the rules say.
/// `own` is never among them, nor is whoever `rests` says rests.
#[must_use]
pub fn route(
    candidates: &[Candidate],
    rules: &RoutingRules,
    own: &AccountId,
    count: usize,
    rests: impl Fn(&AccountId) -> bool,
    rng: &mut impl RngCore,
) -> Vec<u16> {
    let is_validator =
        |candidate: &Candidate| candidate.has_validator_permit && candidate.stake > rules.vpermit_tao_limit;
    let mut able: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| candidate.ip.is_some() && candidate.hotkey != *own)
        .filter(|candidate| !is_validator(candidate) && !rests(&candidate.hotkey))
        .collect();
    // Shuffled first: of one owner's miners any may be the one, and of equal incentives too.
    able.shuffle(rng);
    if rules.selection == Selection::TopIncentive {
        able.sort_by(|a, b| b.incentive.total_cmp(&a.incentive));
    }
    let (mut owners, mut addresses) = (HashSet::new(), HashSet::new());
    able.retain(|candidate| {
        (!rules.unique_coldkeys || owners.insert(candidate.coldkey))
            && (!rules.unique_ips || addresses.insert(candidate.ip))
    });
    able.truncate(count);
    able.into_iter().map(|candidate| candidate.uid).collect()
}

/// The first rest of a miner that did not answer. A user should not wait for it again in the next minute.
const FIRST_REST: Duration = Duration::from_secs(60);

/// The longest. A miner that is back must be found out within the hour.
const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// Which miners have not answered lately, so that users are sent to others. Synthetic samples should still ask them:
/// that is how they come back.
#[derive(Debug, Default)]
pub struct MinerHealth(Mutex<HashMap<AccountId, Rest>>);

#[derive(Clone, Copy, Debug)]
struct Rest {
    until: UnixNanos,
    next: Duration,
}

impl MinerHealth {
    /// Notes how an answer ended. One that is whole ends every rest; one that did not come makes the next rest twice as
    /// long. Bad answers and our own faults change nothing.
    pub fn note(&self, hotkey: AccountId, ending: &Ending, now: UnixNanos) {
        let mut rests = self.lock();
        match ending {
            Ending::Completed => {
                rests.remove(&hotkey);
            }
            Ending::Failed { fault } if fault.outcome == FaultOutcome::NoAnswer => {
                let rest = rests.entry(hotkey).or_insert(Rest {
                    until: now,
                    next: FIRST_REST,
                });
                rest.until = now.plus(rest.next);
                rest.next = (rest.next * 2).min(LONGEST_REST);
            }
            Ending::Failed { .. } => {}
        }
    }

    /// Whether a miner rests.
    #[must_use]
    pub fn rests(&self, hotkey: &AccountId, now: UnixNanos) -> bool {
        self.lock().get(hotkey).is_some_and(|rest| now < rest.until)
    }

    /// Forgets all but these, such as the hotkeys that have a slot.
    pub fn keep(&self, hotkeys: &HashSet<AccountId>) {
        self.lock().retain(|hotkey, _| hotkeys.contains(hotkey));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
