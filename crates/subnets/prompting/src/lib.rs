#![doc = include_str!("../README.md")]

pub mod bootstrap;
pub mod gating;
pub mod judging;
mod miner;
pub mod profile;
pub mod prompts;
pub mod scoring;
mod synapse;
mod validator;

pub use miner::{routes, routes_for};
pub use profile::{Fidelity, Profile, Settings};
pub use synapse::{Availability, Inference, Prompting, StreamPrompting};
pub use validator::{
    ChosenBy, Fault, ForwardError, MinerTold, People, PromptingEvent, PromptingStanding, PromptingValidator,
    PromptingValidatorError, RecordedWords, Routing, StepError, StepTold,
};
