//! What changed for a miner from one epoch to the next, and why.

use crate::{
    mean::Mean,
    store::{EpochRow, Store},
    table::{Cell, Kind},
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use time::OffsetDateTime;

/// Something that changed for a miner.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// What.
    pub what: &'static str,
    /// What kind of value it is.
    pub kind: Kind,
    /// Before.
    pub before: Cell,
    /// Now.
    pub after: Cell,
    /// Why, in words, where the records tell.
    pub why: Option<String>,
}

impl Store {
    /// What changed from the second newest epoch to the newest.
    pub(super) fn changes(&self, hotkey: &str, epochs: &[&EpochRow]) -> Vec<Change> {
        let [now, before, ..] = epochs else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        let (then, until) = (self.time_of(before.block), self.time_of(now.block));
        let change = |what, kind, before: Cell, after: Cell, why| Change {
            what,
            kind,
            before,
            after,
            why,
        };
        if now.uid != before.uid {
            let why = Some("it was registered anew".to_owned());
            changes.push(change("Slot", Kind::Uid, before.uid.into(), now.uid.into(), why));
        }
        let shares = then.zip(until).map(|(then, until)| {
            (
                self.share_of_scores(hotkey, then),
                self.share_of_scores(hotkey, until),
            )
        });
        let why = shares.and_then(|(before, after)| match (before, after) {
            (Some(before), Some(after)) => Some(format!(
                "of all miners' scores it has {} where it had {}",
                percent(after.share),
                percent(before.share)
            )),
            (None, Some(after)) => Some(format!(
                "it has a score now: {} of all miners' scores",
                percent(after.share)
            )),
            _ => None,
        });
        changes.push(change(
            "Incentive",
            Kind::Share,
            before.incentive.into(),
            now.incentive.into(),
            why,
        ));
        changes.push(change(
            "Emission",
            Kind::Alpha,
            before.emission.into(),
            now.emission.into(),
            None,
        ));
        if let Some((before_score, Some(after_score))) = shares {
            changes.push(change(
                "Score",
                Kind::Score,
                before_score.map(|share| share.score).into(),
                after_score.score.into(),
                then.zip(until)
                    .and_then(|(then, until)| self.rewards_between(hotkey, then, until)),
            ));
        }
        changes.extend(self.change_of_loss(hotkey));
        changes
    }

    /// When an epoch was recorded.
    fn time_of(&self, block: u64) -> Option<OffsetDateTime> {
        self.epochs
            .iter()
            .filter(|(_, neuron)| neuron.block == block)
            .map(|(time, _)| time)
            .max()
    }

    /// The miner's newest score at a time, and what part of all it is.
    fn share_of_scores(&self, hotkey: &str, at: OffsetDateTime) -> Option<ScoreShare> {
        let mut newest: HashMap<&str, f64> = HashMap::new();
        // A score is recorded just after its epoch.
        let at = at + time::Duration::SECOND;
        for (_, score) in self.scores.iter().take_while(|(time, _)| *time <= at) {
            if let Some(value) = score.score {
                newest.insert(&score.hotkey, value.max(0.0));
            }
        }
        let total: f64 = newest.values().sum();
        let score = *newest.get(hotkey)?;
        Some(ScoreShare {
            score,
            share: if total > 0.0 { score / total } else { 0.0 },
        })
    }

    /// In words, what it got between two epochs.
    fn rewards_between(&self, hotkey: &str, then: OffsetDateTime, until: OffsetDateTime) -> Option<String> {
        let mut reward = Mean::default();
        let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
        let between = |time: OffsetDateTime| time > then && time <= until;
        for (time, sample) in self.samples.iter() {
            for given in sample.rewards.iter().filter(|given| &*given.hotkey == hotkey) {
                if between(time) {
                    reward.add_some(given.reward);
                    if &*given.outcome != "answered" {
                        *faults.entry(&given.outcome).or_default() += 1;
                    }
                }
            }
        }
        if reward.count() == 0 {
            for (_, score) in self
                .scores
                .iter()
                .filter(|(time, score)| between(*time) && &*score.hotkey == hotkey)
            {
                reward.add_some(score.reward);
            }
        }
        let mean = reward.mean()?;
        let faults: Vec<String> = faults
            .into_iter()
            .map(|(outcome, times)| format!("{times} × {}", outcome.replace('_', " ")))
            .collect();
        let failed = if faults.is_empty() {
            String::new()
        } else {
            format!("; {}", faults.join(", "))
        };
        Some(format!(
            "{} in between, of {mean:.3} on average{failed}",
            if reward.count() == 1 {
                "one reward".to_owned()
            } else {
                format!("{} rewards", reward.count())
            }
        ))
    }

    /// From the round before to the newest.
    fn change_of_loss(&self, hotkey: &str) -> Option<Change> {
        let rounds = self.evaluations_of(hotkey);
        let now = rounds.rows.first()?;
        let before = rounds.rows.get(1);
        let why = match (
            rounds.cell(now, "outcome").text(),
            rounds.cell(now, "reason").text(),
        ) {
            (Some("measured"), None) => self.rank_in_round(hotkey),
            (Some(outcome), reason) => Some(match reason {
                Some(reason) => format!("{}: {reason}", outcome.replace('_', " ")),
                None => outcome.replace('_', " "),
            }),
            _ => None,
        };
        Some(Change {
            what: "Loss",
            kind: Kind::Loss,
            before: before.map_or(Cell::Null, |row| rounds.cell(row, "loss").clone()),
            after: rounds.cell(now, "loss").clone(),
            why,
        })
    }

    /// In words, its place among those that were measured.
    fn rank_in_round(&self, hotkey: &str) -> Option<String> {
        let newest = self.evaluations();
        let measured: Vec<_> = newest
            .rows
            .iter()
            .filter(|row| newest.cell(row, "loss") != &Cell::Null)
            .collect();
        let place = measured
            .iter()
            .position(|row| newest.cell(row, "hotkey").text() == Some(hotkey))?;
        Some(format!(
            "place {} of the {} that were measured",
            place + 1,
            measured.len()
        ))
    }
}

#[derive(Clone, Copy, Debug)]
struct ScoreShare {
    score: f64,
    share: f64,
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
