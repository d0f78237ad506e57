//! What is left of a chat when it is over: the question, and what each miner made of it.

use crate::{
    backend::{Miner, MinerFailure},
    keys::Privacy,
    question::{Message, Question, Sampling},
};
use serde::Serialize;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A finished chat, for scoring.
#[derive(Clone)]
pub struct Exchange {
    /// The id that the user saw in the answer, `chatcmpl-…`.
    pub id: String,
    /// The name of the API key; none where no keys are wanted.
    pub key: Option<String>,
    /// Whether its texts may leave this process's memory.
    pub privacy: Privacy,
    /// What was asked.
    pub question: Arc<Question>,
    /// When it came.
    pub received: SystemTime,
    /// What each miner that was asked made of it, in the order of asking. Whoever is not here was not asked.
    pub completions: Vec<Completion>,
    /// Whose answer the user saw.
    pub relayed: Option<Relayed>,
    /// What came of it for the user.
    pub delivery: Delivery,
    /// How long it took.
    pub latency: Latency,
    /// Tokens, as the gateway counts them.
    pub usage: TokenUsage,
}

/// One miner's answer.
#[derive(Clone, PartialEq)]
pub struct Completion {
    /// Whose.
    pub miner: Miner,
    /// What it said until it ended or was no longer heard.
    pub text: String,
    /// Where pieces of the text end, and when they came.
    pub pieces: Vec<Piece>,
    /// How it ended.
    pub ended: Ended,
    /// From when it was asked until it ended.
    pub took: Duration,
}

/// A piece of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Bytes of the text up to its end.
    pub end: usize,
    /// When it came, after the miner was asked.
    #[serde(rename = "after_s", serialize_with = "seconds")]
    pub after: Duration,
}

/// How a miner's answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is whole.
    Whole,
    /// It is no answer, or half of one.
    Failed(MinerFailure),
    /// It was no longer heard: the user went away or did not want it scored, the gateway stopped, or it was asked too
    /// late for a fair chance. That must not cost the miner anything.
    Stopped,
}

/// Whose answer the user saw, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Relayed {
    /// Which of the completions.
    pub index: usize,
    /// Bytes of its text that were passed on. It is less than the whole where a stop text or `max_tokens` ended it.
    pub bytes: usize,
}

/// What came of a chat for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The whole answer.
    Whole,
    /// The beginning of one, and then an error.
    Broken,
    /// An error: no miner had an answer.
    NoAnswer,
    /// The user went away first.
    ClientLeft,
}

/// How long a chat took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Until the first of the answer could be passed on.
    #[serde(rename = "first_token_s", serialize_with = "maybe_seconds")]
    pub first_token: Option<Duration>,
    /// Until the user had the answer or an error.
    #[serde(rename = "total_s", serialize_with = "seconds")]
    pub total: Duration,
}

/// Tokens of a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenUsage {
    /// Of the question.
    pub prompt: u64,
    /// Of the answer that was passed on.
    pub completion: u64,
}

impl TokenUsage {
    /// Both.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}

impl Completion {
    /// The pieces as they came: text, and when, after the miner was asked.
    pub fn chunks(&self) -> impl Iterator<Item = (&str, Duration)> {
        let starts = std::iter::once(0).chain(self.pieces.iter().map(|piece| piece.end));
        starts
            .zip(&self.pieces)
            .map(|(start, piece)| (self.text.get(start..piece.end).unwrap_or_default(), piece.after))
    }
}

impl Exchange {
    /// What the user saw of the answer.
    #[must_use]
    pub fn answer(&self) -> Option<&str> {
        let relayed = self.relayed?;
        self.completions.get(relayed.index)?.text.get(..relayed.bytes)
    }

    /// What may be written down of it. Of a private exchange that is who, when and how long, and no text.
    #[must_use]
    pub fn record(&self) -> ExchangeRecord<'_> {
        let shared = self.privacy == Privacy::Shared;
        let received = self.received.duration_since(SystemTime::UNIX_EPOCH);
        ExchangeRecord {
            id: &self.id,
            key: self.key.as_deref(),
            privacy: self.privacy,
            received_unix_s: received.map_or(0.0, |since| since.as_secs_f64()),
            model: &self.question.model,
            messages: shared.then_some(&self.question.messages),
            sampling: shared.then_some(&self.question.sampling),
            completions: self
                .completions
                .iter()
                .map(|completion| CompletionRecord {
                    miner: completion.miner,
                    text: shared.then_some(&completion.text),
                    bytes: completion.text.len(),
                    // How long each piece is tells a good deal of what it says.
                    pieces: shared.then_some(&completion.pieces),
                    ended: completion.ended.to_string(),
                    took_s: completion.took.as_secs_f64(),
                })
                .collect(),
            relayed: self.relayed,
            delivery: self.delivery,
            latency: self.latency,
            prompt_tokens: self.usage.prompt,
            completion_tokens: self.usage.completion,
        }
    }
}

impl ExchangeRecord<'_> {
    /// Tokens of the answer that was passed on.
    #[must_use]
    pub const fn completion_tokens(&self) -> u64 {
        self.completion_tokens
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => formatter.write_str("whole"),
            Self::Failed(failure) => failure.fmt(formatter),
            Self::Stopped => formatter.write_str("stopped"),
        }
    }
}

/// An exchange as it may be stored and exported.
#[derive(Debug, Serialize)]
pub struct ExchangeRecord<'a> {
    id: &'a str,
    key: Option<&'a str>,
    privacy: Privacy,
    received_unix_s: f64,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<&'a Vec<Message>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling: Option<&'a Sampling>,
    completions: Vec<CompletionRecord<'a>>,
    relayed: Option<Relayed>,
    delivery: Delivery,
    latency: Latency,
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[derive(Serialize)]
struct CompletionRecord<'a> {
    #[serde(flatten)]
    miner: Miner,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a String>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<&'a Vec<Piece>>,
    ended: String,
    took_s: f64,
}

/// Without the text, as everything that may come into a log.
impl fmt::Debug for CompletionRecord<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CompletionRecord")
            .field("miner", &self.miner)
            .field("bytes", &self.bytes)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Without texts: what is private must not come into a log, and what is not is too long for one.
impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Exchange")
            .field("id", &self.id)
            .field("key", &self.key)
            .field("privacy", &self.privacy)
            .field("completions", &self.completions)
            .field("relayed", &self.relayed)
            .field("delivery", &self.delivery)
            .field("latency", &self.latency)
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

/// Without the text.
impl fmt::Debug for Completion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Completion")
            .field("miner", &self.miner)
            .field("bytes", &self.text.len())
            .field("pieces", &self.pieces.len())
            .field("ended", &self.ended)
            .field("took", &self.took)
            .finish()
    }
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn maybe_seconds<S: serde::Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}
