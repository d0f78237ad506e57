#![doc = include_str!("../README.md")]

pub mod backend;
mod clock;
mod cut;
mod exchange;
pub mod keys;
mod listener;
mod openai;
mod outlet;
mod question;
mod race;
mod server;
mod stats;
mod tokens;

pub use backend::{Backend, BackendError, Candidate, Miner, MinerFailure, Uid};
pub use clock::{Clock, SystemClock};
pub use exchange::{
    Completion, Delivery, Ended, Exchange, ExchangeRecord, Latency, Piece, Relayed, TokenUsage,
};
pub use listener::{Gateway, GatewayError};
pub use outlet::{ExchangeSink, SinkError};
pub use question::{Message, Question, Role, Sampling};
pub use server::{Access, Fanout, GatewayConfig, GatewayLimits, GatewayTimes};
pub use stats::{GatewayStats, Quantiles, StatsSnapshot};
pub use tokens::{ApproximateTokens, TokenCounter};
