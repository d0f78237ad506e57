//! From rows to tokens.
//!
//! System text, questions and answers are encoded piece by piece and put one after the other, cut on the right at
//! the context length; the answers, with the marks that end them, are what is learnt.
//!
//! A control token spelled out inside a row ("<|im_end|>" in a question) is the original's prompt injection: it
//! becomes the real token and breaks the chat's structure. Here it stays text unless
//! [`MarksInContent::Interpreted`] asks for the original's way.

use std::path::{Path, PathBuf};

use assay_models::Example;
use serde::{Deserialize, Serialize};
use tokenizers::Tokenizer;

use super::{
    row::{Row, RowFault},
    template::{Part, Template, written},
};

/// What control tokens spelled out in a row's content mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarksInContent {
    /// Nothing: they are ordinary text.
    #[default]
    Text,
    /// What they mean to the model, as in the original.
    Interpreted,
}

/// Why an encoder could not be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The tokenizer file does not load.
    #[error("tokenizer {path} does not load: {reason}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What the tokenizer says.
        reason: String,
    },
    /// The tokenizer failed on a text.
    #[error("the tokenizer failed on a text of {bytes} bytes: {reason}")]
    Text {
        /// Length of the text.
        bytes: usize,
        /// What the tokenizer says.
        reason: String,
    },
}

/// Turns rows into examples for one base model.
#[derive(Debug)]
pub struct RowEncoder {
    tokenizer: Tokenizer,
    template: Template,
    marks: MarksInContent,
    context_length: usize,
}

impl RowEncoder {
    /// Opens `tokenizer.json` of a base model's folder.
    ///
    /// # Errors
    /// When the file is missing or is no tokenizer.
    pub fn open(
        model: &Path,
        template: Template,
        marks: MarksInContent,
        context_length: usize,
    ) -> Result<Self, EncodeError> {
        let path = model.join("tokenizer.json");
        let mut tokenizer = Tokenizer::from_file(&path).map_err(|e| EncodeError::Tokenizer {
            path,
            reason: e.to_string(),
        })?;
        tokenizer.set_encode_special_tokens(marks == MarksInContent::Text);
        Ok(Self {
            tokenizer,
            template,
            marks,
            context_length,
        })
    }

    /// Tokens a row is cut to.
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// The row as tokens, not longer than the context.
    ///
    /// # Errors
    /// `Ok(Err(fault))` when the row has nothing to learn within the context; `Err` when the tokenizer itself
    /// fails, which is no fault of the row.
    pub fn encode(&self, row: &Row) -> Result<Result<Example, RowFault>, EncodeError> {
        let mut input_ids = Vec::new();
        let mut target_mask = Vec::new();
        let mut push = |ids: Vec<u32>, target: bool| {
            target_mask.extend(std::iter::repeat_n(target, ids.len()));
            input_ids.extend(ids);
            input_ids.len() >= self.context_length
        };
        let system = row.system.as_deref().unwrap_or(self.template.default_system());
        let mut full = push(self.piece(self.template.system(), system)?, false);
        for turn in &row.turns {
            // What lies beyond the cut needs no encoding: a miner cannot buy our time with it.
            if full {
                break;
            }
            push(self.piece(self.template.user(), &turn.user)?, false);
            full = push(self.piece(self.template.assistant(), &turn.assistant)?, true);
        }
        let example = Example {
            input_ids,
            target_mask,
        }
        .truncated(self.context_length);
        if example.target_count() == 0 {
            return Ok(Err(RowFault::AnswerBeyondContext {
                context: self.context_length,
            }));
        }
        Ok(Ok(example))
    }

    /// The row as the text that is encoded.
    pub fn rendered(&self, row: &Row) -> String {
        let system = row.system.as_deref().unwrap_or(self.template.default_system());
        let mut text = written(self.template.system(), system);
        for turn in &row.turns {
            text += &written(self.template.user(), &turn.user);
            text += &written(self.template.assistant(), &turn.assistant);
        }
        text
    }

    /// The part of [`Self::rendered`] that is learnt.
    pub fn rendered_targets(&self, row: &Row) -> String {
        row.turns
            .iter()
            .map(|turn| written(self.template.assistant(), &turn.assistant))
            .collect()
    }

    fn piece(&self, parts: &[Part], content: &str) -> Result<Vec<u32>, EncodeError> {
        if self.marks == MarksInContent::Interpreted {
            return self.ids(&written(parts, content));
        }
        // Text between two control tokens is encoded in one go, because that is how a tokenizer sees it: it cuts
        // at the control tokens first and merges within what is left.
        let mut all = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Mark(mark) => match self.special(mark) {
                    Some(id) => {
                        if !text.is_empty() {
                            all.extend(self.ids(&text)?);
                            text.clear();
                        }
                        all.push(id);
                    }
                    None => text.push_str(mark),
                },
                Part::Text(fixed) => text.push_str(fixed),
                Part::Content => text.push_str(content),
            }
        }
        if !text.is_empty() {
            all.extend(self.ids(&text)?);
        }
        Ok(all)
    }

    fn special(&self, mark: &str) -> Option<u32> {
        let known = self.tokenizer.get_added_vocabulary().is_special_token(mark);
        known.then(|| self.tokenizer.token_to_id(mark)).flatten()
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, EncodeError> {
        self.tokenizer
            .encode_fast(text, false)
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|e| EncodeError::Text {
                bytes: text.len(),
                reason: e.to_string(),
            })
    }
}
