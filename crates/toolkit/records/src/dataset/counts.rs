//! How many came, and where each was left out.

use serde::{Deserialize, Serialize};

/// How many came, and where each was left out.
///
/// Each event is of `other_runs`, of `other_kinds`, `outside_time`, `without_prompt`, or its answers are looked at. Each answer
/// is in exactly one of the counts from `empty` to `candidates`; of a pair it is the chosen one that counts there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Events that were read. One of the original validator's first version holds two: a question and an answer.
    pub events: u64,
    /// Lines that are other things than questions and answers, such as weights.
    pub other_lines: u64,
    /// Events outside the times that were asked for, or without a time.
    pub outside_time: u64,
    /// Events of other runs.
    pub other_runs: u64,
    /// Events of other kinds.
    pub other_kinds: u64,
    /// Events whose question is empty or was kept private.
    pub without_prompt: u64,
    /// Answers in the events that are left.
    pub answers: u64,
    /// Answers without a text.
    pub empty: u64,
    /// Answers below the least reward, or without one.
    pub low_reward: u64,
    /// Answers that are too long together with their question.
    pub too_long: u64,
    /// Answers on the blacklist.
    pub blacklisted: u64,
    /// Answers with a phrase to leave out, in them or in their question.
    pub excluded: u64,
    /// Answers with none of the phrases to look for.
    pub not_included: u64,
    /// Answers beside a better one to the same question, or beside the one that the validator named.
    pub outdone: u64,
    /// Answers that are the best, and have none beside them that is worse by the margin. Pairs only.
    pub unpaired: u64,
    /// Rows before repetitions.
    pub candidates: u64,
    /// Rows with the same texts as another.
    pub duplicates: u64,
    /// Rows whose prompt has a better one.
    pub beaten: u64,
    /// Rows that are nearly an earlier one.
    pub near_duplicates: u64,
    /// Rows that were written.
    pub rows: u64,
}

impl Counts {
    /// The steps with what each left out, in their order.
    #[must_use]
    pub fn left_out(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("events outside the time range", self.outside_time),
            ("events of other runs", self.other_runs),
            ("events of other kinds", self.other_kinds),
            ("events without a question", self.without_prompt),
            ("answers without a text", self.empty),
            ("answers below the least reward", self.low_reward),
            ("answers that are too long with their question", self.too_long),
            ("answers on the blacklist", self.blacklisted),
            ("answers with an excluded phrase", self.excluded),
            ("answers without an included phrase", self.not_included),
            ("answers beside a better one", self.outdone),
            ("answers without a worse one to pair", self.unpaired),
            ("exact duplicates", self.duplicates),
            ("rows beside a better one of their prompt", self.beaten),
            ("near-duplicates", self.near_duplicates),
        ]
    }

    /// What was left out and why, in one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let parts: Vec<String> = self
            .left_out()
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        if parts.is_empty() {
            "there were no answers in them".to_owned()
        } else {
            parts.join(", ")
        }
    }
}
