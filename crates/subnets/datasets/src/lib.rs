#![doc = include_str!("../README.md")]

pub mod commitment;
pub mod demo;
pub mod event;
pub mod held_out;
pub mod miner;
pub mod outcome;
pub mod profile;
pub mod recipe;
pub mod replay;
pub mod roster;
pub mod rows;
pub mod scoring;
pub mod screening;
pub mod seed;
pub mod shelf;
pub mod state;
pub mod trial;
pub mod validator;

pub use event::{DatasetEvent, EventKind, EventSink};
pub use miner::{Miner, MinerConfig, MinerError, Publish, Published};
pub use profile::{CompetitionId, Profile};
pub use recipe::Recipe;
pub use validator::{Patience, RoundSchedule, Validator, ValidatorConfig, ValidatorError};
