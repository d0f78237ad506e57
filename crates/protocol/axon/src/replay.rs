//! Which signed requests were accepted, so that each is accepted once.
//!
//! A store remembers every accepted request until its signature is too old to be accepted anyway. It never forgets one
//! sooner: when it is full it refuses what is new. That makes room a thing to share, so there is a bound for each
//! caller and one overall, and when the store is nearly full the caller who holds most is refused first. Only proven
//! requests get here, so nobody can use up another's share.
//!
//! With a journal (see [`ReplayStore::open`]) a restart opens no replay. Each request is written to the file before it
//! counts as accepted. The write is handed to the system without waiting for the disk: that outlives a killed process,
//! which is the common case, but not a power cut, after which requests of the last seconds could be sent again. Waiting
//! for the disk would cost each request milliseconds.

mod journal;
mod key;
mod limits;
mod newest;
mod store;
mod tally;

pub use journal::{Damage, JournalError};
pub use key::ReplayKey;
pub use limits::ReplayLimits;
pub use newest::NewestNonces;
pub use store::{FullBound, ReplayError, ReplayStore};
