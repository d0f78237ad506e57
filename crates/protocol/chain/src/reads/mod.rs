//! What can be read of the chain at one block.

mod account_roles;
mod accounts;
mod blocks;
mod bonds;
pub(crate) mod by_name;
mod commitments;
pub(crate) mod delegation;
mod epoch_input;
mod events;
mod hyperparameters;
mod identities;
mod metagraph;
mod quotes;
mod schedule;
mod settings;
mod subnets;
mod weight_commits;
mod weights;

pub use epoch_input::EpochForecast;
pub use quotes::{BuyQuote, SellQuote};
