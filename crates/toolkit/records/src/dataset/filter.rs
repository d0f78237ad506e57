//! Which answers pass.

use super::{
    blacklist::Blacklist,
    counts::Counts,
    error::BuildError,
    exchange::Answer,
    plan::{BuildPlan, Case, Phrases},
};
use aho_corasick::AhoCorasick;

/// The plan's filters of answers.
#[derive(Debug)]
pub(super) struct Filter {
    include: Option<Finder>,
    exclude: Option<Finder>,
    blacklist: Blacklist,
    min_reward: Option<f64>,
    max_characters: Option<usize>,
}

/// What the question's text says of all its answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// How long it is, where that matters.
    characters: usize,
    is_included: bool,
    is_excluded: bool,
}

/// Why an answer does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Empty,
    LowReward,
    TooLong,
    Blacklisted,
    Excluded,
    NotIncluded,
}

impl Refusal {
    pub(super) fn count(self, counts: &mut Counts) {
        *match self {
            Self::Empty => &mut counts.empty,
            Self::LowReward => &mut counts.low_reward,
            Self::TooLong => &mut counts.too_long,
            Self::Blacklisted => &mut counts.blacklisted,
            Self::Excluded => &mut counts.excluded,
            Self::NotIncluded => &mut counts.not_included,
        } += 1;
    }
}

impl Filter {
    pub(super) fn new(plan: &BuildPlan) -> Result<Self, BuildError> {
        let Phrases {
            include,
            exclude,
            case,
        } = &plan.phrases;
        Ok(Self {
            include: Finder::new(include, *case)?,
            exclude: Finder::new(exclude, *case)?,
            blacklist: plan.blacklist.clone(),
            min_reward: plan.min_reward,
            max_characters: plan.max_characters,
        })
    }

    pub(super) fn asked(&self, prompt: &str) -> Asked {
        Asked {
            characters: self.max_characters.map_or(0, |_| prompt.chars().count()),
            is_included: self.include.as_ref().is_none_or(|include| include.is_in(prompt)),
            is_excluded: self.exclude.as_ref().is_some_and(|exclude| exclude.is_in(prompt)),
        }
    }

    /// Whether an answer may be in a row as a good one.
    pub(super) fn judge(&self, asked: Asked, answer: &Answer<'_>) -> Result<(), Refusal> {
        if answer.text.trim().is_empty() {
            return Err(Refusal::Empty);
        }
        if let Some(least) = self.min_reward
            && answer.reward.is_none_or(|reward| reward < least)
        {
            return Err(Refusal::LowReward);
        }
        self.judge_text(asked, answer.text)
    }

    /// Whether a text may be in a row at all.
    pub(super) fn judge_text(&self, asked: Asked, text: &str) -> Result<(), Refusal> {
        if self
            .max_characters
            .is_some_and(|most| asked.characters + text.chars().count() > most)
        {
            return Err(Refusal::TooLong);
        }
        if self.blacklist.contains(text) {
            return Err(Refusal::Blacklisted);
        }
        if asked.is_excluded || self.exclude.as_ref().is_some_and(|exclude| exclude.is_in(text)) {
            return Err(Refusal::Excluded);
        }
        if !asked.is_included && !self.include.as_ref().is_none_or(|include| include.is_in(text)) {
            return Err(Refusal::NotIncluded);
        }
        Ok(())
    }
}

/// Looks for any of some phrases.
#[derive(Debug)]
struct Finder {
    phrases: AhoCorasick,
    text: Text,
}

/// What the phrases are looked for in.
#[derive(Clone, Copy, Debug)]
enum Text {
    AsItIs,
    /// In small letters: only ASCII's are the same length both ways, so with others the text is rewritten.
    Lowered,
}

impl Finder {
    fn new(phrases: &[String], case: Case) -> Result<Option<Self>, BuildError> {
        if phrases.is_empty() {
            return Ok(None);
        }
        let is_ascii = phrases.iter().all(|phrase| phrase.is_ascii());
        let mut builder = AhoCorasick::builder();
        let (phrases, text) = match case {
            Case::Sensitive => (builder.build(phrases), Text::AsItIs),
            Case::Insensitive if is_ascii => {
                (builder.ascii_case_insensitive(true).build(phrases), Text::AsItIs)
            }
            Case::Insensitive => {
                let lowered = phrases.iter().map(|phrase| phrase.to_lowercase());
                (builder.build(lowered), Text::Lowered)
            }
        };
        let phrases = phrases.map_err(|error| BuildError::Plan {
            option: "phrases",
            why: error.to_string(),
        })?;
        Ok(Some(Self { phrases, text }))
    }

    fn is_in(&self, text: &str) -> bool {
        match self.text {
            Text::AsItIs => self.phrases.is_match(text),
            Text::Lowered => self.phrases.is_match(&text.to_lowercase()),
        }
    }
}
