//! The steps of a validator, counted for the records: whom a round asked, what came, what that was worth.
//!
//! A round of the scorer is a step. A scorer that goes on for long ends its steps by itself
//! ([`Context::end_step`](super::Context::end_step)); what it leaves open is the round's last.

use super::context::Desk;
use crate::{Recorder, records::in_short};
use assay_chain::{AccountId, Block};
use assay_records::streams::{Forward, Score};
use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;

/// What a validator has counted since its last step.
#[derive(Debug)]
pub(super) struct Steps {
    recorder: Recorder,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    step: u64,
    began: Instant,
    block: Option<Block>,
    asked: u32,
    answered: u32,
    /// Sum and number of each miner's rewards.
    rewards: BTreeMap<AccountId, (f64, u32)>,
    /// Whether the round has ended steps by itself.
    has_ended_some: bool,
}

impl Open {
    fn new(step: u64, block: Option<Block>) -> Self {
        Self {
            step,
            began: Instant::now(),
            block,
            asked: 0,
            answered: 0,
            rewards: BTreeMap::new(),
            has_ended_some: false,
        }
    }

    fn is_blank(&self) -> bool {
        self.asked == 0 && self.rewards.is_empty()
    }
}

impl Steps {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            open: Mutex::new(Open::new(0, None)),
        }
    }

    pub(super) fn count(&self, asked: u32, answered: u32) {
        let mut open = self.open();
        open.asked = open.asked.saturating_add(asked);
        open.answered = open.answered.saturating_add(answered);
    }

    pub(super) fn rewarded(&self, hotkey: AccountId, reward: f64) {
        let mut open = self.open();
        let (sum, count) = open.rewards.entry(hotkey).or_default();
        *sum += reward;
        *count += 1;
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// The step begins only now.
    pub(super) fn begin_step(&self) {
        let Some(steps) = &self.steps else { return };
        let block = self.reader.latest().map(|metagraph| metagraph.block.number);
        let mut open = steps.open();
        open.began = Instant::now();
        open.block = block;
    }

    /// Ends the step that is open, by the scorer's own wish.
    pub(super) fn end_step(&self, failed: Option<&str>) {
        let Some(steps) = &self.steps else { return };
        let block = self.reader.latest().map(|metagraph| metagraph.block.number);
        let ended = {
            let mut open = steps.open();
            let mut next = Open::new(open.step + 1, block);
            next.has_ended_some = true;
            mem::replace(&mut *open, next)
        };
        self.tell(steps, ended, failed);
    }

    fn tell(&self, steps: &Steps, ended: Open, failed: Option<&str>) {
        let recorder = &steps.recorder;
        recorder.record(&Forward {
            system: recorder.system().to_owned(),
            netuid: Some(self.netuid.0),
            step: ended.step,
            block: ended.block.map(|block| block.0),
            seconds: Some(ended.began.elapsed().as_secs_f64()),
            asked: ended.asked,
            answered: ended.answered,
            failed: failed.map(in_short),
        });
        let metagraph = self.reader.latest();
        let uid = |hotkey: &AccountId| Some(metagraph.as_ref()?.by_hotkey(hotkey)?.uid.0);
        let scores: Vec<_> = {
            let book = self.book();
            let scored = ended.rewards.into_iter();
            scored
                .map(|(hotkey, rewards)| (hotkey, rewards, book.get(&hotkey).map(|score| score.value)))
                .collect()
        };
        for (hotkey, (sum, count), score) in scores {
            recorder.record(&Score {
                system: recorder.system().to_owned(),
                netuid: Some(self.netuid.0),
                step: ended.step,
                block: ended.block.map(|block| block.0),
                hotkey: hotkey.to_string(),
                uid: uid(&hotkey),
                reward: Some(sum / f64::from(count)),
                score,
            });
        }
    }
}

/// A round that is under way. Dropped before its end, it was cut off.
pub(super) struct Round<'a> {
    desk: &'a Desk,
    is_over: bool,
}

impl<'a> Round<'a> {
    pub(super) fn begin(desk: &'a Desk, block: Block) -> Self {
        if let Some(steps) = &desk.steps {
            let mut open = steps.open();
            *open = Open::new(open.step, Some(block));
        }
        Self { desk, is_over: false }
    }

    pub(super) fn end(mut self, failed: Option<&str>) {
        self.over(failed);
    }

    fn over(&mut self, failed: Option<&str>) {
        let Some(steps) = self.desk.steps.as_ref().filter(|_| !self.is_over) else {
            return;
        };
        self.is_over = true;
        let ended = {
            let mut open = steps.open();
            if open.has_ended_some && open.is_blank() && failed.is_none() {
                // All that it did is told.
                return;
            }
            let next = Open::new(open.step + 1, None);
            mem::replace(&mut *open, next)
        };
        self.desk.tell(steps, ended, failed);
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.over(Some("the round was cut off"));
    }
}
