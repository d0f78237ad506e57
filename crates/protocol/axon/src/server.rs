//! The axon: the server side.

mod queue;
mod rate;

pub use queue::{Place, Priority, QueueLimits, Refused, WorkQueue};
pub use rate::{BucketSize, Rates, TooFast};
