//! What goes over the wire: a conversation, and the completion that a miner adds to it.

use crate::prompts::tasks::TaskKind;
use assay_axon::{
    server::Synapse,
    synapse::{Field, FieldType},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// Which tasks a miner does. A validator asks now and then, with the names of all that it has; a miner says to each whether it
/// does it, and who does not know this message does all. An idea of the original's successor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// Whether it is done, by the name of the task.
    pub task_availabilities: BTreeMap<String, bool>,
}

impl Availability {
    /// Asks about all tasks.
    #[must_use]
    pub fn ask() -> Self {
        Self::of(&BTreeSet::new())
    }

    /// Does these, and no others.
    #[must_use]
    pub fn of(done: &BTreeSet<TaskKind>) -> Self {
        let tasks = TaskKind::ALL.iter();
        Self {
            task_availabilities: tasks
                .map(|task| (task.as_str().to_owned(), done.contains(task)))
                .collect(),
        }
    }

    /// The tasks that it says it does not do. What it does not speak of it does.
    #[must_use]
    pub fn declined(&self) -> BTreeSet<TaskKind> {
        let declines = |task: &TaskKind| self.task_availabilities.get(task.as_str()) == Some(&false);
        TaskKind::ALL.into_iter().filter(declines).collect()
    }
}

impl Synapse for Availability {
    const NAME: &'static str = "Availability";
    const HASHED: &'static [&'static str] = &[];

    fn fields() -> Vec<Field> {
        vec![Field::required(
            "task_availabilities",
            FieldType::Dict(Box::new(FieldType::Bool)),
        )]
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
