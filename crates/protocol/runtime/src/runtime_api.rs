//! What clients ask a node about subnets: the traits of the runtime APIs, the structs they answer with, and where the
//! numbers come from. Field order is the wire order.
//!
//! The structs carry a few fields that the chain has retired (rank, trust, pruning score): per neuron they are 0, 0
//! and 65535, in metagraphs they are empty.

mod beta_basket;
mod delegate_info;
mod dynamic_info;
mod hyperparameters;
mod metagraph;
mod neuron_info;
mod stake_info;
mod subnet_info;
mod subnet_registration;
mod subnet_state;
mod swap_simulation;

pub use beta_basket::*;
pub use delegate_info::*;
pub use dynamic_info::*;
pub use hyperparameters::*;
pub use metagraph::*;
pub use neuron_info::*;
pub use stake_info::*;
pub use subnet_info::*;
pub use subnet_registration::*;
pub use subnet_state::*;
pub use swap_simulation::*;

use crate::{
    Runtime,
    pallets::subtensor::{NetUid, SubnetIdentitiesV3, SubnetworkN, TokenSymbol, Uid},
};
use codec::Compact;

/// Text as the chain sends it: every byte compact, which doubles the bytes above 63. Clients expect it.
type CompactText = Vec<Compact<u8>>;

fn text(bytes: &[u8]) -> CompactText {
    bytes.iter().copied().map(Compact).collect()
}

fn compact<V: Copy>(values: Vec<V>) -> Vec<Compact<V>> {
    values.into_iter().map(Compact).collect()
}

/// What the owner calls the subnet, or a name made of its number.
fn subnet_name(netuid: NetUid) -> CompactText {
    let given = SubnetIdentitiesV3::<Runtime>::get(netuid).map(|identity| identity.subnet_name);
    match given.filter(|name| !name.is_empty()) {
        Some(name) => text(&name),
        None if netuid == crate::pallets::subtensor::ROOT => text(b"root"),
        None => text(format!("subnet {netuid}").as_bytes()),
    }
}

fn token_symbol(netuid: NetUid) -> CompactText {
    text(&TokenSymbol::<Runtime>::get(netuid))
}

fn uids(netuid: NetUid) -> impl Iterator<Item = Uid> {
    0..SubnetworkN::<Runtime>::get(netuid)
}
