//! What to make, and of what.

use super::{blacklist::Blacklist, error::BuildError, exchange::Kind, split::Splits};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use time::OffsetDateTime;

/// What to make, and of what. Everything but the sources has a default.
#[derive(Clone, Debug)]
pub struct BuildPlan {
    /// Where the events are. They are read in this order.
    pub sources: Vec<Source>,
    /// Only events from this moment on. An event without a time is left out then.
    pub since: Option<OffsetDateTime>,
    /// Only events before this moment.
    pub until: Option<OffsetDateTime>,
    /// Only events of these runs: what their `source` says, or `run_id` in files of the original projects. Empty: all.
    pub runs: BTreeSet<String>,
    /// Only steps of these kinds. Organic ones are people's own questions, so they are not in the default.
    pub kinds: BTreeSet<Kind>,
    /// Which of the answers to a question to take.
    pub take: Take,
    /// Texts to look for.
    pub phrases: Phrases,
    /// Answers that are never taken.
    pub blacklist: Blacklist,
    /// The least reward of an answer, or of the chosen one of a pair. An answer without a reward is left out then.
    pub min_reward: Option<f64>,
    /// The most characters of an answer and its question together: a trainer that reads less refuses the row.
    pub max_characters: Option<usize>,
    /// Whether only the best row of each prompt stays: the highest reward, for pairs the widest margin, the earlier of equals.
    pub best_per_prompt: bool,
    /// Which repetitions go.
    pub dedup: Dedup,
    /// What a row is.
    pub format: Format,
    /// What stands beside its texts.
    pub details: Details,
    /// How the rows are written.
    pub file: FileKind,
    /// What goes where.
    pub splits: Splits,
    /// A file that grows beyond so many bytes is ended, and the next begun.
    pub shard_bytes: u64,
    /// The licence's identifier as hubs know it, such as `mit` or `cc-by-4.0`.
    pub licence: String,
    /// The title of the card.
    pub title: String,
    /// Whether to take the place of a folder that is there.
    pub existing: Existing,
}

impl BuildPlan {
    /// The best answer to each question of the network, exact repetitions left out, as chats in lines of JSON.
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Self {
        Self {
            sources: sources.into_iter().collect(),
            since: None,
            until: None,
            runs: BTreeSet::new(),
            kinds: BTreeSet::from([Kind::Summary, Kind::Question, Kind::Answer, Kind::Other]),
            take: Take::Best,
            phrases: Phrases::default(),
            blacklist: Blacklist::default(),
            min_reward: None,
            max_characters: None,
            best_per_prompt: false,
            dedup: Dedup::Exact,
            format: Format::Chat,
            details: Details::None,
            file: FileKind::Jsonl,
            splits: Splits::default(),
            // The hub's viewer and loaders work file by file: much larger ones are slow to begin with, much smaller ones
            // are many requests.
            shard_bytes: 512 * 1024 * 1024,
            licence: "unknown".to_owned(),
            title: "Questions and answers of a network".to_owned(),
            existing: Existing::Refuse,
        }
    }

    /// Refuses what cannot be meant, before anything is read.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let refuse = |option, why: &str| {
            Err(BuildError::Plan {
                option,
                why: why.to_owned(),
            })
        };
        if self.sources.is_empty() {
            return refuse(
                "sources",
                "there is none; name a folder of records or a file of events",
            );
        }
        if self.kinds.is_empty() {
            return refuse("kinds", "there is none, so nothing would be taken");
        }
        if self
            .since
            .zip(self.until)
            .is_some_and(|(since, until)| since >= until)
        {
            return refuse("until", "it is not after since");
        }
        if self.min_reward.is_some_and(|least| !least.is_finite()) {
            return refuse("min_reward", "it is not a finite number");
        }
        if let Dedup::Near { threshold } = self.dedup
            && !(0.5..=1.0).contains(&threshold)
        {
            return refuse("dedup", "the threshold of near-duplicates lies between 0.5 and 1");
        }
        if let Format::Preference { margin } = self.format
            && !(margin.is_finite() && margin >= 0.0)
        {
            return refuse("margin", "it is a finite number, not below 0");
        }
        if self.format == Format::OpenAi && self.file == FileKind::Parquet {
            return refuse("file", "OpenAI's format is lines of JSON");
        }
        if self.format == Format::OpenAi && self.details != Details::None {
            return refuse("details", "OpenAI's format has no place for them");
        }
        if self.shard_bytes == 0 {
            return refuse("shard_bytes", "a file holds at least one byte");
        }
        if self
            .phrases
            .include
            .iter()
            .chain(&self.phrases.exclude)
            .any(String::is_empty)
        {
            return refuse("phrases", "an empty one is in every text");
        }
        let is_identifier = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        if !is_identifier(&self.licence) {
            return refuse("licence", "it is an identifier such as mit or cc-by-4.0");
        }
        if self.title.trim().is_empty() || self.title.chars().any(char::is_control) {
            return refuse("title", "it is one line that is not empty");
        }
        self.sources.iter().try_for_each(Source::check)
    }
}

/// Where events are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder that a [`Log`](crate::Log) writes. It may be written to meanwhile.
    Records(PathBuf),
    /// A file of events of the original validators (`completions.log`), of any of their versions, or a run's history as
    /// lines of JSON. `NaN` and `Infinity` are taken.
    Log(PathBuf),
    /// A Parquet file of events of the original validators, as their collector published.
    Frame(PathBuf),
}

impl Source {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Records(path) | Self::Log(path) | Self::Frame(path) => path,
        }
    }

    fn check(&self) -> Result<(), BuildError> {
        let path = self.path();
        let is_right = match self {
            Self::Records(_) => path.is_dir(),
            Self::Log(_) | Self::Frame(_) => path.is_file(),
        };
        if is_right {
            return Ok(());
        }
        Err(BuildError::NoSource {
            path: path.to_owned(),
            expected: match self {
                Self::Records(_) => "a folder of records",
                Self::Log(_) => "a file of events",
                Self::Frame(_) => "a Parquet file",
            },
        })
    }
}

/// Which of the answers to a question to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// The one with the highest reward of those that pass the filters; the first of equals. Where no answer has a reward,
    /// the one that the validator called the best.
    Best,
    /// The one that the validator called the best, or none when that does not pass: what the original collector took.
    Named,
    /// All that pass the filters.
    Every,
}

/// Texts to look for, in questions and answers alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrases {
    /// When there are any, at least one of them must be there.
    pub include: Vec<String>,
    /// None of them may be there.
    pub exclude: Vec<String>,
    /// Whether case counts.
    pub case: Case,
}

/// Whether capital letters differ from small ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// They do.
    #[default]
    Sensitive,
    /// They do not.
    Insensitive,
}

/// Which repetitions go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dedup {
    /// None.
    None,
    /// Rows with the same texts: the one with the highest reward stays, the earlier of equals.
    Exact,
    /// These, and then rows whose prompt and answer are both nearly those of an earlier row: the words of each, three at a
    /// time, have at least this Jaccard similarity. What is reported as near is so exactly; of pairs right at the threshold
    /// one in a hundred is not found.
    Near {
        /// From 0.5 to 1. Below some 0.7 different answers to similar questions go; above 0.9 a few changed words suffice to
        /// stay. 0.8 is usual.
        threshold: f64,
    },
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `prompt` and `completion`.
    Prompt,
    /// `messages`: one of the user, one of the assistant.
    Chat,
    /// `conversations`, the same two: a row of a dataset competition.
    Competition,
    /// `prompt`, `chosen` and `rejected`: the best answer to a question, and the worst one to the same question at the same
    /// time. Rewards of different times are not compared: they are relative to what else was answered.
    Preference {
        /// How much more reward the chosen one has, at least. With 0 it is any more.
        margin: f64,
    },
    /// `prompt` and `completion` as the original collector wrote them for OpenAI: ASCII, no end of line after the last.
    OpenAi,
}

/// What stands beside a row's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// Nothing.
    None,
    /// The reward: `score`; of pairs `score_chosen` and `score_rejected`.
    Score,
    /// This, and `kind`, `run` and `time`.
    Full,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Lines of JSON.
    Jsonl,
    /// Parquet, compressed.
    Parquet,
}

impl FileKind {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// What to do with a folder that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it, and make nothing.
    Refuse,
    /// Take its place, once the new one is complete.
    Replace,
}
