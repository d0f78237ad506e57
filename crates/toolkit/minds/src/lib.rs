#![doc = include_str!("../README.md")]

mod endpoint;
mod local_model;
mod log_probs;
mod mind;
mod parrot;
mod scripted;
mod turns;

pub use assay_organic::synth::Turn;
pub use endpoint::Endpoint;
pub use local_model::LocalModel;
pub use log_probs::{AnswerWithLogProbs, Expected, LogProbWishes};
pub use mind::{Mind, MindError, Wishes, as_wished, whole_answer};
pub use parrot::Parrot;
pub use scripted::Scripted;
pub use turns::{NoConversation, turns};
