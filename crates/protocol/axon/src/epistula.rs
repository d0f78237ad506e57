//! Epistula v2, a dialect that several subnets share.
//!
//! The signature covers the whole body, a uuid, the time in milliseconds and the receiver, but neither method nor
//! path: a request for one route can be sent to another, once. It is checked in the same steps as btauth/1:
//! [`EpistulaClaim::parse`] and [`EpistulaClaim::check`] before the body is read, [`FreshEpistula::verify`] once it is
//! there, [`ProvenEpistula::accept`] to let each request in once.
//!
//! ```
//! use assay_axon::{BodyDigest, EpistulaClaim, EpistulaPolicy, ReplayLimits, ReplayStore, RequestUuid, UnixNanos};
//! use assay_axon::sign_epistula;
//! use assay_keys::{Pair, Scheme};
//!
//! let (sender, own) = (Pair::from_uri("//Alice", Scheme::Sr25519)?, Pair::from_uri("//Bob", Scheme::Sr25519)?);
//! let body = BodyDigest::of(b"{}");
//! let now = UnixNanos(1_732_089_592_345_678_901);
//! let headers = sign_epistula(&sender, &body, Some(own.account()), &RequestUuid::random(), now);
//!
//! let mut store = ReplayStore::in_memory(ReplayLimits::default());
//! let caller = EpistulaClaim::parse(&headers)?
//!     .check(&EpistulaPolicy::default(), &own.account(), now)?
//!     .verify(&body)?
//!     .accept(&mut store, now)?;
//! assert_eq!(caller, sender.account());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod headers;
mod message;
mod uuid;
mod verify;

pub use headers::{EpistulaClaim, sign};
pub use message::{SecretSpelling, UnixMillis, secret_messages};
pub use uuid::RequestUuid;
pub use verify::{EpistulaError, EpistulaPolicy, FreshEpistula, ProvenEpistula};
