//! A question and its answers, whatever file they came from.

use super::{error::BuildError, report::Fault};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text was summed up: steps whose name begins with `augment` or `summar`.
    Summary,
    /// A question to a text was asked for: `followup`, `question`.
    Question,
    /// A question was answered: `answer`.
    Answer,
    /// A user's request: the stream of organic iterations.
    Organic,
    /// Steps of other names.
    Other,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Summary,
        Self::Question,
        Self::Answer,
        Self::Organic,
        Self::Other,
    ];

    /// What a step of this name is.
    #[must_use]
    pub fn of(name: &str) -> Self {
        const BEGINNINGS: [(&str, Kind); 5] = [
            ("augment", Kind::Summary),
            ("summar", Kind::Summary),
            ("followup", Kind::Question),
            ("question", Kind::Question),
            ("answer", Kind::Answer),
        ];
        let found = BEGINNINGS
            .iter()
            .find(|(beginning, _)| name.starts_with(beginning));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Organic => "organic",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = BuildError;

    fn from_str(name: &str) -> Result<Self, BuildError> {
        // The original validators call a question a followup.
        let name = if name == "followup" { "question" } else { name };
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| BuildError::Plan {
                option: "kinds",
                why: format!(
                    "{:?} is none of summary, question, answer, organic and other",
                    name.chars().take(80).collect::<String>()
                ),
            })
    }
}

/// What one miner said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Answer<'a> {
    pub(super) text: &'a str,
    /// `None` when it is not a number.
    pub(super) reward: Option<f64>,
}

/// A question and its answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exchange<'a> {
    pub(super) kind: Kind,
    /// Microseconds since 1970.
    pub(super) at: Option<i64>,
    pub(super) run: &'a str,
    pub(super) prompt: &'a str,
    pub(super) answers: &'a [Answer<'a>],
    /// What the validator called the best.
    pub(super) named: Option<&'a str>,
}

/// Who takes what the sources hold.
pub(super) trait Intake {
    /// An error ends all reading: it is about the disk that is written to.
    fn exchange(&mut self, exchange: &Exchange<'_>) -> Result<(), BuildError>;

    /// A line that is something else.
    fn other_line(&mut self);

    /// A line or file that cannot be read. Reading goes on behind it.
    fn fault(&mut self, fault: Fault);
}
