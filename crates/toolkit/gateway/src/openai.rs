//! The wire of the OpenAI API, as far as chats go.

mod answer;
mod fields;
mod refusal;
mod request;

pub(crate) use answer::{Chunk, ChunkChoice, Completed, ModelList, ModelObject, UsageObject};
pub(crate) use refusal::Refusal;
pub(crate) use request::{ChatRequest, Reply, RequestLimits};
