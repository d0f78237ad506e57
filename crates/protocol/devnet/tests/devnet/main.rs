//! The devnet through its socket, as clients meet it.

mod answers;
mod blocks;
mod folder;
mod history;
mod killed;
mod limits;
mod node;
mod pool;
mod subscriptions;
mod transaction;
