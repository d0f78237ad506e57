//! Conversations between a user and an assistant.

use crate::Fingerprint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whose: `user`, `assistant` or `system`.
    pub role: String,
    /// What it says.
    pub content: String,
}

impl Turn {
    /// A message of the user.
    pub fn user(content: impl Into<String>) -> Self {
        Self {
            role: "user".to_owned(),
            content: content.into(),
        }
    }

    /// Whether the assistant says it.
    #[must_use]
    pub fn is_assistant(&self) -> bool {
        self.role == "assistant"
    }

    /// Whether the user says it, in words.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.role == "user" && !self.content.trim().is_empty()
    }
}

/// A conversation. As JSON it has the original's form: lists of roles and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The messages in their order. Those of datasets here hold at least one of the user, end with none of the
    /// assistant, and none is empty.
    pub turns: Vec<Turn>,
    /// Where it comes from.
    pub source: String,
    /// Whether a user had it here.
    pub is_organic: bool,
}

impl Conversation {
    /// What makes two of them the same: the messages, without roles, blanks around them and upper case.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.turns.iter().map(|turn| &turn.content))
    }
}

#[derive(Serialize, Deserialize)]
struct Columns<'a> {
    roles: Vec<std::borrow::Cow<'a, str>>,
    messages: Vec<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    organic: bool,
    #[serde(default)]
    source: std::borrow::Cow<'a, str>,
}

impl Serialize for Conversation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let column = |of: fn(&Turn) -> &str| self.turns.iter().map(|turn| of(turn).into()).collect();
        Columns {
            roles: column(|turn| &turn.role),
            messages: column(|turn| &turn.content),
            organic: self.is_organic,
            source: self.source.as_str().into(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Conversation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns = Columns::deserialize(deserializer)?;
        let (roles, messages) = (columns.roles, columns.messages);
        if roles.len() != messages.len() {
            return Err(serde::de::Error::custom(format_args!(
                "{} roles for {} messages",
                roles.len(),
                messages.len()
            )));
        }
        let turns = roles.into_iter().zip(messages).map(|(role, content)| Turn {
            role: role.into_owned(),
            content: content.into_owned(),
        });
        Ok(Self {
            turns: turns.collect(),
            source: columns.source.into_owned(),
            is_organic: columns.organic,
        })
    }
}
