//! One module a command group. A module parses its arguments, calls the crate that does the work, and prints.

pub(crate) mod axon;
pub(crate) mod chain;
pub(crate) mod chat;
pub(crate) mod commitment;
pub(crate) mod config;
pub(crate) mod dashboard;
pub(crate) mod devnet;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod findings;
pub(crate) mod gateway;
pub(crate) mod hub;
pub(crate) mod miner;
pub(crate) mod model;
pub(crate) mod neuron;
pub(crate) mod on_chain;
pub(crate) mod query;
mod records_folders;
pub(crate) mod report;
pub(crate) mod stake;
pub(crate) mod subnet;
pub(crate) mod top;
pub(crate) mod tx;
pub(crate) mod validator;
pub(crate) mod wallet;
pub(crate) mod weights;
pub(crate) mod yuma;
