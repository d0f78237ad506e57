//! synapse-v10: the wire of bittensor's axon and dendrite up to 10.5.
//!
//! A request is `POST /<name>` with a JSON body. Its headers carry, as text, everything but the fields' values: who asks
//! ([`Terminal`] of the dendrite), who is asked (of the axon), and the hash of the fields that the signature covers.

mod freshness;
mod head;
mod signing;
mod terminal;
mod verification;

pub use freshness::{Freshness, Stale};
pub use head::{HeadError, InputObject, SynapseHead};
pub use signing::{RequestText, ResponseText};
pub use terminal::Terminal;
pub use verification::{Rules, SynapseCaller, SynapseRefusal, verify};

/// The version of a peer, as a number: 10.5.0 is 10,005,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerVersion(pub i64);

impl PeerVersion {
    /// The first one whose nonces are times.
    pub const TIMED_NONCES: Self = Self(7_002_000);
    /// What this crate says it is: the last one with an axon.
    pub const OURS: Self = Self(10_005_000);
}
