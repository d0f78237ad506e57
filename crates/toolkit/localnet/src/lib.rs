#![doc = include_str!("../README.md")]

mod account;
mod error;
mod founding;
mod hurry;
mod rehearsal;
mod subnet;

pub use account::Account;
pub use error::LocalnetError;
pub use hurry::Hurried;
pub use rehearsal::{Part, Rehearsal, RehearsalError, ScorerError, free_addresses};
pub use subnet::{LocalChain, LocalSubnet, LocalSubnetConfig};
