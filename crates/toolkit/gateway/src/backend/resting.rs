//! Miners that gave no answer are left alone for a while.

use assay_keys::AccountId;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// The first rest. Longer, and one lost packet costs a miner much of its traffic; shorter, and a dead one is asked in
/// most chats.
const FIRST: Duration = Duration::from_secs(10);
/// The longest. Longer, and a miner that was away for a night waits for its traffic when it is back; shorter, and all
/// the dead of a subnet are asked over and over.
const LONGEST: Duration = Duration::from_secs(600);

/// How long whom. It knows nobody who is not in the metagraph.
#[derive(Debug, Default)]
pub(super) struct Resting(HashMap<AccountId, Rest>);

#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    length: Duration,
}

impl Resting {
    /// A miner gave no answer. Each time in a row doubles its rest; one within the rest changes nothing, for it was asked
    /// before it began.
    pub(super) fn no_answer(&mut self, hotkey: AccountId, now: Instant) {
        let length = match self.0.get(&hotkey) {
            Some(rest) if now < rest.until => return,
            Some(rest) => (rest.length * 2).min(LONGEST),
            None => FIRST,
        };
        let until = now + length;
        self.0.insert(hotkey, Rest { until, length });
    }

    /// A miner gave one.
    pub(super) fn answered(&mut self, hotkey: &AccountId) {
        self.0.remove(hotkey);
    }

    /// Whether a miner is left alone.
    pub(super) fn is_resting(&self, hotkey: &AccountId, now: Instant) -> bool {
        self.0.get(hotkey).is_some_and(|rest| now < rest.until)
    }

    /// Forgets all others.
    pub(super) fn keep(&mut self, is_known: impl Fn(&AccountId) -> bool) {
        self.0.retain(|hotkey, _| is_known(hotkey));
    }
}

#[cfg(test)]
mod tests {
    use super::Resting;
    use assay_keys::AccountId;
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn the_rest_doubles_until_an_answer_comes() {
        let (mut resting, miner, began) = (Resting::default(), AccountId([1; 32]), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        resting.no_answer(miner, at(0));
        // Asked in the same moment, and answered later.
        resting.no_answer(miner, at(5));
        assert!(resting.is_resting(&miner, at(9)) && !resting.is_resting(&miner, at(10)));
        resting.no_answer(miner, at(10));
        assert!(resting.is_resting(&miner, at(29)) && !resting.is_resting(&miner, at(30)));
        resting.answered(&miner);
        resting.no_answer(miner, at(40));
        assert!(!resting.is_resting(&miner, at(50)));
        for _ in 0..20 {
            resting.no_answer(miner, at(10_000));
        }
        assert!(!resting.is_resting(&miner, at(10_600)));
        resting.no_answer(miner, at(20_000));
        resting.keep(|_| false);
        assert!(!resting.is_resting(&miner, at(20_000)));
    }
}
