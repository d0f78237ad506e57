#![doc = include_str!("../README.md")]

mod body_digest;
pub mod btauth;
pub mod epistula;
mod moment;
mod receiver;
pub mod replay;
mod signed_header;
mod window;

pub use body_digest::BodyDigest;
pub use btauth::{BtauthClaim, BtauthError, BtauthPolicy, sign as sign_btauth};
pub use epistula::{EpistulaClaim, EpistulaError, EpistulaPolicy, RequestUuid, sign as sign_epistula};
pub use moment::UnixNanos;
pub use receiver::ReceiverProblem;
pub use replay::{FullBound, JournalError, ReplayError, ReplayKey, ReplayLimits, ReplayStore};
pub use signed_header::{HeaderProblem, MalformedHeader};
pub use window::{FreshnessWindow, Stale, WindowError};
