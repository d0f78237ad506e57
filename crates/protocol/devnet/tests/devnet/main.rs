//! The devnet through its socket, as clients meet it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod answers;
mod blocks;
mod chain_head;
mod commit_reveal;
mod crowd;
mod faults;
mod folder;
mod forks;
mod history;
mod killed;
mod limits;
mod node;
mod pool;
mod shielded;
mod spec;
mod subscriptions;
mod subxt_backends;
mod transaction;
mod upgrade;
