//! What goes over the wire: a conversation, and the completion that a miner adds to it.

use crate::{profile::InferenceRule, prompts::tasks::TaskKind};
use assay_axon::{
    server::Synapse,
    synapse::{Field, FieldType, PythonValue},
};
use assay_minds::Turn;
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

/// A conversation to answer with a model that everybody has, with what the model thought at each token, so that a validator
/// with the same model can check it. The likeliest answer is wanted: no temperature, no chance. An idea of the original's
/// successor, whose miners stream the same as chunks of a completion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    /// Who says each message.
    pub roles: Vec<String>,
    /// What they say, one for each role.
    pub messages: Vec<String>,
    /// Tokens of the answer at most.
    pub max_tokens: u32,
    /// Of the likeliest tokens at each place.
    pub top: u32,
    /// What the model says.
    #[serde(default)]
    pub completion: String,
    /// Its tokens, each as the model's vocabulary has it.
    #[serde(default)]
    pub tokens: Vec<String>,
    /// At each of them the likeliest tokens, with the natural logarithms of their probabilities.
    #[serde(default)]
    pub top_logprobs: Vec<BTreeMap<String, f64>>,
}

impl Inference {
    /// Asks this.
    #[must_use]
    pub fn ask(turns: Vec<Turn>, rule: &InferenceRule) -> Self {
        let (roles, messages) = turns.into_iter().map(|turn| (turn.role, turn.content)).unzip();
        Self {
            roles,
            messages,
            max_tokens: u32::try_from(rule.max_tokens).unwrap_or(u32::MAX),
            top: u32::try_from(rule.top).unwrap_or(u32::MAX),
            ..Self::default()
        }
    }
}

impl Synapse for Inference {
    const NAME: &'static str = "Inference";
    const HASHED: &'static [&'static str] = &["messages"];

    fn fields() -> Vec<Field> {
        let likeliest = FieldType::Dict(Box::new(FieldType::Float));
        vec![
            Field::required("roles", FieldType::list(FieldType::Str)),
            Field::required("messages", FieldType::list(FieldType::Str)),
            Field::required("max_tokens", FieldType::Int),
            Field::required("top", FieldType::Int),
            Field::with_default("completion", FieldType::Str, ""),
            Field::with_default(
                "tokens",
                FieldType::list(FieldType::Str),
                PythonValue::List(Vec::new()),
            ),
            Field::with_default(
                "top_logprobs",
                FieldType::list(likeliest),
                PythonValue::List(Vec::new()),
            ),
        ]
    }
}

/// A [`Prompting`] that is answered in parts as they are found.
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
