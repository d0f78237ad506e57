#![doc = include_str!("../README.md")]

mod announced;
mod body_digest;
pub mod btauth;
mod caller;
pub mod dendrite;
mod dialect;
pub mod epistula;
mod json;
mod moment;
mod operator;
pub mod probe;
mod receiver;
pub mod replay;
pub mod server;
mod signed_header;
pub mod synapse;
pub mod tensor;
mod window;

pub use body_digest::BodyDigest;
pub use btauth::{BtauthClaim, BtauthError, BtauthPolicy, sign as sign_btauth};
pub use caller::{Caller, Identity, Standing};
pub use dendrite::{Dendrite, DendriteConfig, Outcome, SynapseRequest, Target};
pub use dialect::{Dialect, DialectError};
pub use epistula::{EpistulaClaim, EpistulaError, EpistulaPolicy, RequestUuid, sign as sign_epistula};
pub use moment::UnixNanos;
pub use operator::{OperatorName, OperatorRefusal, OperatorTokens, TokenError};
pub use probe::{Finding, Probe, Report, probe};
pub use receiver::ReceiverProblem;
pub use replay::{FullBound, JournalError, ReplayError, ReplayKey, ReplayLimits, ReplayStore};
pub use signed_header::{HeaderProblem, MalformedHeader};
pub use tensor::Tensor;
pub use window::{FreshnessWindow, Stale, WindowError};
