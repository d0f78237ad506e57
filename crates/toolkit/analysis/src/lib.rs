#![doc = include_str!("../README.md")]

mod choices;
mod epochs;
mod evaluations;
mod follow;
mod kept;
mod likeness;
mod machine;
mod mean;
mod miner;
mod miners;
mod prompting;
mod requests;
mod scope;
mod scores;
mod store;
mod table;
mod weights;

pub use follow::Follower;
pub use miner::{Change, Miner};
pub use scope::Scope;
pub use store::{Holds, Limits, Store};
pub use table::{Cell, Column, First, Kind, Table};
