//! What goes over the wire: a conversation, and the completion that a miner adds to it.

use assay_axon::{
    server::Synapse,
    synapse::{Field, FieldType},
};
use serde::{Deserialize, Serialize};

/// A conversation to complete, answered whole. Named and signed as the subnet's Python miners have it: the signature covers
/// the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompting {
    /// Who says each message, `user` for all that this subnet's validators ask.
    pub roles: Vec<String>,
    /// What they say, one for each role.
    pub messages: Vec<String>,
    /// What the miner says.
    #[serde(default)]
    pub completion: String,
}

impl Prompting {
    /// One message of the user, as this subnet's validators ask.
    pub fn ask(message: impl Into<String>) -> Self {
        Self {
            roles: vec!["user".to_owned()],
            messages: vec![message.into()],
            completion: String::new(),
        }
    }
}

/// The same, answered in parts as they are found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamPrompting(pub Prompting);

fn fields() -> Vec<Field> {
    vec![
        Field::required("roles", FieldType::list(FieldType::Str)),
        Field::required("messages", FieldType::list(FieldType::Str)),
        Field::with_default("completion", FieldType::Str, ""),
    ]
}

impl Synapse for Prompting {
    const NAME: &'static str = "Prompting";
    const HASHED: &'static [&'static str] = &["messages"];

    fn fields() -> Vec<Field> {
        fields()
    }
}

impl Synapse for StreamPrompting {
    const NAME: &'static str = "StreamPrompting";
    const HASHED: &'static [&'static str] = &["messages"];

    fn fields() -> Vec<Field> {
        fields()
    }
}
