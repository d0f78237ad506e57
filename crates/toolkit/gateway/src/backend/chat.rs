//! How a question looks to miners: the synapse of streamed prompts, as the prompting subnets of bittensor name it.

use crate::question::{Question, Sampling};
use assay_axon::{
    dendrite::{RequestError, SynapseRequest},
    server::Synapse,
    synapse::{Field, FieldType, PythonValue},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a miner's axon gets, and what a miner in Rust answers through
/// [`Route::streaming`](assay_axon::server::Route::streaming), in parts that are text and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatSynapse {
    /// Who says each message: `system`, `user`, `assistant` or `tool`.
    pub roles: Vec<String>,
    /// What they say, one for each role.
    pub messages: Vec<String>,
    /// Left empty: the answer comes in parts.
    #[serde(default)]
    pub completion: String,
    /// How the answer is to be drawn (`temperature`, `top_p`, `max_tokens`, `stop`, `seed` and the penalties), where the
    /// gateway tells it. It is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<serde_json::Value>,
}

const NAME: &str = "StreamPromptingSynapse";

impl Synapse for ChatSynapse {
    const NAME: &'static str = NAME;
    const HASHED: &'static [&'static str] = &["messages"];

    fn fields() -> Vec<Field> {
        vec![
            roles(),
            messages(),
            Field::with_default("completion", FieldType::Str, ""),
            Field::with_default("sampling", FieldType::optional(FieldType::Any), PythonValue::None),
        ]
    }
}

/// Which fields the class of the miners signs, in its `required_hash_fields`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedFields {
    /// None.
    Nothing,
    /// The messages, as the original does.
    #[default]
    Messages,
    /// The roles and then the messages.
    RolesAndMessages,
}

/// The class that the miners of a subnet take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatWire {
    /// Its name, which is its route too.
    pub class: String,
    /// What its signature covers. When it is not what the miners' class says, every miner refuses.
    pub signed: SignedFields,
    /// Whether miners are told how to draw the answer, in a further field that the original class does not have and
    /// passes over.
    pub sampling: TellSampling,
}

/// Whether miners are told how to draw an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TellSampling {
    /// In the field `sampling`.
    #[default]
    Told,
    /// Not at all. What the user wants of it has no effect but for `stop` and `max_tokens`.
    Kept,
}

impl Default for ChatWire {
    fn default() -> Self {
        Self {
            class: NAME.to_owned(),
            signed: SignedFields::default(),
            sampling: TellSampling::default(),
        }
    }
}

/// The synapse as it is sent.
#[derive(Serialize)]
struct Sent<'a> {
    roles: Vec<&'static str>,
    messages: Vec<&'a str>,
    completion: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling: Option<&'a Sampling>,
}

impl ChatWire {
    pub(super) fn request(
        &self,
        question: &Question,
        timeout: Duration,
    ) -> Result<SynapseRequest, RequestError> {
        let said = &question.messages;
        let sent = Sent {
            roles: said.iter().map(|message| message.role.for_miners()).collect(),
            messages: said.iter().map(|message| message.text.as_str()).collect(),
            completion: "",
            sampling: match self.sampling {
                TellSampling::Told => Some(&question.sampling),
                TellSampling::Kept => None,
            },
        };
        let request = SynapseRequest::new(&self.class, &sent, timeout)?.requiring(&["roles", "messages"])?;
        match self.signed {
            SignedFields::Nothing => Ok(request),
            SignedFields::Messages => request.hashing(&[messages()]),
            SignedFields::RolesAndMessages => request.hashing(&[roles(), messages()]),
        }
    }
}

fn roles() -> Field {
    Field::required("roles", FieldType::list(FieldType::Str))
}

fn messages() -> Field {
    Field::required("messages", FieldType::list(FieldType::Str))
}
