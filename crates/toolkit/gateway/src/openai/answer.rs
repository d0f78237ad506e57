//! The objects of answers.

use crate::{cut::Finish, exchange::TokenUsage};
use serde::Serialize;

/// A model of the list.
#[derive(Debug, Serialize)]
pub(crate) struct ModelObject<'a> {
    pub(crate) id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

impl<'a> ModelObject<'a> {
    pub(crate) fn new(id: &'a str, created: u64) -> Self {
        Self {
            id,
            object: "model",
            created,
            owned_by: "subnet",
        }
    }
}

/// All models.
#[derive(Debug, Serialize)]
pub(crate) struct ModelList<'a> {
    object: &'static str,
    data: Vec<ModelObject<'a>>,
}

impl<'a> ModelList<'a> {
    pub(crate) fn new(data: Vec<ModelObject<'a>>) -> Self {
        Self { object: "list", data }
    }
}

/// Tokens, in OpenAI's words.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct UsageObject {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl From<TokenUsage> for UsageObject {
    fn from(usage: TokenUsage) -> Self {
        Self {
            prompt_tokens: usage.prompt,
            completion_tokens: usage.completion,
            total_tokens: usage.total(),
        }
    }
}

/// Why an answer ended, in OpenAI's words.
const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
    }
}

/// A whole answer.
#[derive(Debug, Serialize)]
pub(crate) struct Completed<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: UsageObject,
}

#[derive(Debug, Serialize)]
struct Choice<'a> {
    index: u8,
    message: Said<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Debug, Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<()>,
}

impl<'a> Completed<'a> {
    pub(crate) fn new(
        id: &'a str,
        created: u64,
        model: &'a str,
        text: &'a str,
        finish: Finish,
        usage: TokenUsage,
    ) -> Self {
        Self {
            id,
            object: "chat.completion",
            created,
            model,
            choices: [Choice {
                index: 0,
                message: Said {
                    role: "assistant",
                    content: text,
                    refusal: None,
                },
                logprobs: None,
                finish_reason: finish_reason(finish),
            }],
            usage: usage.into(),
        }
    }
}

/// A piece of a streamed answer.
#[derive(Debug, Serialize)]
pub(crate) struct Chunk<'a> {
    pub(crate) id: &'a str,
    pub(crate) object: &'static str,
    pub(crate) created: u64,
    pub(crate) model: &'a str,
    pub(crate) choices: Vec<ChunkChoice<'a>>,
    /// Left out where it is not wanted; null before the last chunk where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Option<UsageObject>>,
}

/// What a piece adds.
#[derive(Debug, Serialize)]
pub(crate) struct ChunkChoice<'a> {
    index: u8,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

impl<'a> ChunkChoice<'a> {
    fn new(delta: Delta<'a>, finish_reason: Option<&'static str>) -> Self {
        Self {
            index: 0,
            delta,
            logprobs: None,
            finish_reason,
        }
    }

    /// Who speaks.
    pub(crate) fn role() -> Self {
        let delta = Delta {
            role: Some("assistant"),
            content: Some(""),
        };
        Self::new(delta, None)
    }

    /// Some text.
    pub(crate) fn text(text: &'a str) -> Self {
        let delta = Delta {
            role: None,
            content: Some(text),
        };
        Self::new(delta, None)
    }

    /// The end.
    pub(crate) fn end(finish: Finish) -> Self {
        Self::new(Delta::default(), Some(finish_reason(finish)))
    }
}
