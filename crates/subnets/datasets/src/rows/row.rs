//! One row of a dataset: what it must look like, and what it says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::fingerprint;
use crate::scoring::Fingerprint;

/// What to do with rows that bring no system text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemText {
    /// A missing or null system text is the template's default one, as the original's documentation promises.
    #[default]
    Optional,
    /// It must be there, as the original's loader demands.
    Required,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The system text, trimmed; `None` when missing or null.
    pub system: Option<String>,
    /// Questions and answers in order, trimmed; at least one.
    pub turns: Vec<Turn>,
    /// Which row it is, whatever way it was written down. Fields that training ignores count too.
    pub fingerprint: Fingerprint,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What the user says; may be empty.
    pub user: String,
    /// What the assistant answers; may be empty, its end is learnt all the same.
    pub assistant: String,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowFault {
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// Not one JSON value.
    #[error("not valid JSON (column {column})")]
    NotJson {
        /// Where the reader gave up, from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// `system` is there and is neither text nor null.
    #[error("\"system\" is neither text nor null")]
    SystemNotText,
    /// `system` is missing or null where it is required.
    #[error("\"system\" is missing or null")]
    SystemMissing,
    /// `conversations` is missing.
    #[error("\"conversations\" is missing")]
    ConversationsMissing,
    /// `conversations` is no list.
    #[error("\"conversations\" is not a list")]
    ConversationsNotAList,
    /// A turn is no object with a role and a content.
    #[error("conversations[{turn}] is not an object with \"role\" and \"content\"")]
    TurnMalformed {
        /// Its place in the list, from 0.
        turn: usize,
    },
    /// User and assistant do not alternate, beginning with the user.
    #[error("conversations[{turn}] must have the role {expected:?}")]
    RoleOrder {
        /// Its place in the list, from 0.
        turn: usize,
        /// Who should speak there.
        expected: Speaker,
    },
    /// A turn's content is no text.
    #[error("conversations[{turn}] has a content that is not text")]
    ContentNotText {
        /// Its place in the list, from 0.
        turn: usize,
    },
    /// There is no question with an answer, so nothing could be learnt.
    #[error("no answer of the assistant to learn from")]
    NoAnswer,
    /// The row is so long that its first answer begins after the cut.
    #[error("the first answer begins after the cut at {context} tokens")]
    AnswerBeyondContext {
        /// Tokens a row may have.
        context: usize,
    },
}

/// Who speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The one who asks.
    User,
    /// The one who answers.
    Assistant,
}

impl Speaker {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// Trims as Python's `str.strip` does: Unicode white space and the four ASCII separators 0x1c to 0x1f.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

impl Row {
    /// Reads one line of a dataset.
    ///
    /// The list of conversations is read in pairs; what is left over at its end is ignored, as the original does.
    ///
    /// # Errors
    /// What is wrong with the row first.
    pub fn parse(line: &[u8], system_text: SystemText) -> Result<Self, RowFault> {
        let line = std::str::from_utf8(line).map_err(|_| RowFault::NotUtf8)?;
        let value: Value =
            serde_json::from_str(line).map_err(|e| RowFault::NotJson { column: e.column() })?;
        let row = value.as_object().ok_or(RowFault::NotAnObject)?;
        let system = match row.get("system") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(strip(text).to_owned()),
            Some(_) => return Err(RowFault::SystemNotText),
        };
        if system.is_none() && system_text == SystemText::Required {
            return Err(RowFault::SystemMissing);
        }
        let list = row
            .get("conversations")
            .ok_or(RowFault::ConversationsMissing)?
            .as_array()
            .ok_or(RowFault::ConversationsNotAList)?;
        let mut turns = Vec::with_capacity(list.len() / 2);
        for (pair, both) in list.chunks_exact(2).enumerate() {
            turns.push(Turn {
                user: said(&both[0], 2 * pair, Speaker::User)?,
                assistant: said(&both[1], 2 * pair + 1, Speaker::Assistant)?,
            });
        }
        if turns.is_empty() {
            return Err(RowFault::NoAnswer);
        }
        Ok(Self {
            system,
            turns,
            fingerprint: fingerprint(&value),
        })
    }
}

fn said(turn: &Value, place: usize, speaker: Speaker) -> Result<String, RowFault> {
    let malformed = RowFault::TurnMalformed { turn: place };
    let turn = turn.as_object().ok_or_else(|| malformed.clone())?;
    let role = turn.get("role").ok_or_else(|| malformed.clone())?;
    let content = turn.get("content").ok_or(malformed)?;
    if role.as_str() != Some(speaker.name()) {
        return Err(RowFault::RoleOrder {
            turn: place,
            expected: speaker,
        });
    }
    let content = content.as_str().ok_or(RowFault::ContentNotText { turn: place })?;
    Ok(strip(content).to_owned())
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn trimming_takes_what_python_takes() {
        assert_eq!(strip("\u{1c}\u{1f} \u{a0}\u{2003}\u{85}a b\u{3000}\n"), "a b");
        // Not white space to either: the zero-width space and the byte order mark.
        assert_eq!(strip("\u{200b}a\u{feff}"), "\u{200b}a\u{feff}");
    }
}
