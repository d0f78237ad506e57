//! The axon: the server side.
//!
//! What is cheap and refuses most comes first, and a body is read only for whom it is worth it: route, address's rate,
//! head, receiver, freshness, signature, blacklist, caller's rate, and then the body, as far as its route lets it grow.
//! Two dialects, btauth/1 and Epistula, sign the body: there the hotkey is only claimed until the body is read, so
//! blacklists judge the claim, and a stranger who claims a known hotkey costs one bounded body.

mod access;
mod admission;
mod answer;
mod bittensor;
mod class;
mod config;
mod listener;
mod observer;
mod patient;
mod ping;
mod queue;
mod rate;
mod route;
mod service;

pub use access::{Access, Blacklisted, Everybody, Unverified};
pub use answer::Refusal;
pub use bittensor::Manner;
pub use class::SynapseClass;
pub use config::{AnswerTime, AxonConfig, ConnectionLimits, RateLimits};
pub use listener::{Axon, AxonBuilder, BindError};
pub use observer::{CUT_OFF, FinishedRequest, Observer};
pub use patient::Patient;
pub use ping::Ping;
pub use queue::{Place, Priority, QueueLimits, Refused, WorkQueue};
pub use rate::{BucketSize, Rates, TooFast};
pub use route::{Asked, Failure, Parts, Route, Synapse};
