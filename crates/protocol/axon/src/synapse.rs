//! synapse-v10: the wire of bittensor's axon and dendrite up to 10.5.
//!
//! A request is `POST /<name>` with a JSON body. Its headers carry, as text, everything but the fields' values: who asks
//! ([`Terminal`] of the dendrite), who is asked (of the axon), and the hash of the fields that the signature covers.
//! That hash is over the texts that Python's `str` makes of the values, so the values are held as Python holds them.

pub mod body_hash;
pub mod field;
mod freshness;
mod head;
pub mod python_int;
mod python_json;
pub mod python_str;
pub mod python_value;
mod signing;
mod terminal;
mod verification;

pub use body_hash::{BodyHash, MalformedBodyHash, body_hash, field_hash};
pub use field::{CoercionError, Field, FieldType};
pub use freshness::{Freshness, Stale};
pub use head::{HeadError, InputObject, SynapseHead};
pub use python_int::{InvalidInt, MAX_DIGITS, PythonInt};
pub(crate) use python_json::read_fields;
pub use python_json::{MAX_DEPTH, PythonJsonError};
pub use python_value::PythonValue;
pub use signing::{AnswerText, RequestText, ResponseText, SIGN_ANSWER};
pub use terminal::Terminal;
pub use verification::{Rules, SynapseCaller, SynapseRefusal, verify, verify_after};

/// The version of a peer, as a number: 10.5.0 is 10,005,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerVersion(pub i64);

impl PeerVersion {
    /// The first one whose nonces are times.
    pub const TIMED_NONCES: Self = Self(7_002_000);
    /// What this crate says it is: the last one with an axon.
    pub const OURS: Self = Self(10_005_000);
}
