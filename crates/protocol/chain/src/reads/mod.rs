//! What can be read of the chain at one block.

mod account_roles;
mod accounts;
mod blocks;
mod bonds;
mod by_name;
mod commitments;
mod epoch_input;
mod events;
mod hyperparameters;
mod identities;
mod metagraph;
mod quotes;
mod schedule;
mod settings;
mod subnets;
mod weights;

pub use epoch_input::EpochForecast;
pub use quotes::{BuyQuote, SellQuote};
