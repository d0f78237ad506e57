#![doc = include_str!("../README.md")]

mod event;
mod hooks;
mod miner;
pub mod replay;
mod sample;
pub mod scoring;
mod validator;

pub use event::{ChatEvent, MinerReward, SampleSource, ScoredSample, Words};
pub use hooks::ChatScoring;
pub use miner::{answers, route};
pub use sample::{ChatSample, Fault, Given};
pub use validator::{ChatStanding, ChatValidator, ChatValidatorError};
