//! What can be read of the chain at one block.

mod accounts;
mod by_name;
mod commitments;
mod events;
mod hyperparameters;
mod metagraph;
mod schedule;
mod subnets;
mod weights;
