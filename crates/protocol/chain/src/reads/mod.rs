//! What can be read of the chain at one block.

mod account_roles;
mod accounts;
mod blocks;
mod bonds;
mod by_name;
mod commitments;
mod events;
mod hyperparameters;
mod identities;
mod metagraph;
mod schedule;
mod subnets;
mod weights;
