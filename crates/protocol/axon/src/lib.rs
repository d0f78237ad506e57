#![doc = include_str!("../README.md")]

mod body_digest;
mod moment;
pub mod replay;
mod window;

pub use body_digest::BodyDigest;
pub use moment::UnixNanos;
pub use replay::{FullBound, JournalError, ReplayError, ReplayKey, ReplayLimits, ReplayStore};
pub use window::{FreshnessWindow, Stale, WindowError};
