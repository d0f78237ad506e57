#![doc = include_str!("../README.md")]

pub mod bootstrap;
mod miner;
mod synapse;

pub use miner::routes;
pub use synapse::{Prompting, StreamPrompting};
