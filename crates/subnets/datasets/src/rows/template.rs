//! How the chat of a row is written down for a family of models.

use serde::{Deserialize, Serialize};

/// The chat template of a family of base models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// Qwen 1.5 and 2.5, chat or instruct.
    Qwen,
    /// Llama 3.2.
    Llama32,
    /// Gemma 2b and 7b. The system text is dropped, and answers end in Llama's mark, both as in the original.
    Gemma,
    /// TinyLlama chat.
    TinyLlama,
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A control token of the family; ordinary text to a tokenizer that has no such token.
    Mark(&'static str),
    /// Ordinary text.
    Text(&'static str),
    /// What the row says.
    Content,
}

use Part::{Content, Mark, Text};

impl Template {
    /// The system text of rows that bring none.
    pub fn default_system(self) -> &'static str {
        match self {
            Self::Qwen | Self::TinyLlama => "You are a helpful assistant.",
            Self::Llama32 | Self::Gemma => "",
        }
    }

    /// What stands before the first turn.
    pub(crate) fn system(self) -> &'static [Part] {
        match self {
            Self::Qwen => &[
                Mark("<|im_start|>"),
                Text("system\n"),
                Content,
                Mark("<|im_end|>"),
                Text("\n"),
            ],
            Self::Llama32 => &[
                Mark("<|begin_of_text|>"),
                Mark("<|start_header_id|>"),
                Text("system"),
                Mark("<|end_header_id|>"),
                Text("\n\n"),
                Content,
                Mark("<|eot_id|>"),
            ],
            Self::Gemma => &[Mark("<bos>")],
            Self::TinyLlama => &[
                Mark("<|system|>"),
                Text("\n"),
                Content,
                Text("\n"),
                Mark("<|endoftext|>"),
                Text("\n"),
            ],
        }
    }

    /// A question, up to where the answer begins.
    pub(crate) fn user(self) -> &'static [Part] {
        match self {
            Self::Qwen => &[
                Mark("<|im_start|>"),
                Text("user\n"),
                Content,
                Mark("<|im_end|>"),
                Text("\n"),
                Mark("<|im_start|>"),
                Text("assistant\n"),
            ],
            Self::Llama32 => &[
                Mark("<|start_header_id|>"),
                Text("user"),
                Mark("<|end_header_id|>"),
                Text("\n\n"),
                Content,
                Mark("<|eot_id|>"),
                Mark("<|start_header_id|>"),
                Text("assistant"),
                Mark("<|end_header_id|>"),
                Text("\n\n"),
            ],
            Self::Gemma => &[
                Mark("<start_of_turn>"),
                Text("user\n"),
                Content,
                Mark("<end_of_turn>"),
                Text("\n"),
                Mark("<start_of_turn>"),
                Text("model\n"),
            ],
            Self::TinyLlama => &[
                Mark("<|user|>"),
                Text("\n"),
                Content,
                Text("\n"),
                Mark("<|endoftext|>"),
                Text("\n"),
                Mark("<|assistant|>"),
                Text("\n"),
            ],
        }
    }

    /// An answer, all of which is learnt.
    pub(crate) fn assistant(self) -> &'static [Part] {
        match self {
            Self::Qwen => &[Content, Mark("<|im_end|>"), Text("\n")],
            Self::Llama32 | Self::Gemma => &[Content, Mark("<|eot_id|>")],
            Self::TinyLlama => &[Content, Mark("<|endoftext|>"), Text("\n")],
        }
    }
}

/// Writes parts out as text.
pub(crate) fn written(parts: &[Part], content: &str) -> String {
    parts
        .iter()
        .map(|part| match part {
            Mark(text) | Text(text) => text,
            Content => content,
        })
        .collect()
}
