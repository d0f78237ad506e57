//! btauth/1, the dialect of bittensor 11.
//!
//! The signature covers method, request target, the whole body, the time in nanoseconds (which is also the nonce), the
//! sender and the receiver. It is checked in steps, so that most of what is to be refused is refused before its body
//! is read, and what is not proven takes no room in the replay store:
//!
//! 1. [`BtauthClaim::parse`] reads the headers;
//! 2. [`BtauthClaim::check`] looks at receiver and time;
//! 3. [`FreshBtauth::verify`] checks the signature, once the body is there;
//! 4. [`ProvenBtauth::accept`] lets each request in once.
//!
//! ```
//! use assay_axon::{BodyDigest, BtauthClaim, BtauthPolicy, ReplayLimits, ReplayStore, UnixNanos, sign_btauth};
//! use assay_keys::{Pair, Scheme};
//! use http::{Method, uri::PathAndQuery};
//!
//! let (sender, own) = (Pair::from_uri("//Alice", Scheme::Sr25519)?, Pair::from_uri("//Bob", Scheme::Sr25519)?);
//! let (target, body) = (PathAndQuery::from_static("/generate"), BodyDigest::of(b"{}"));
//! let now = UnixNanos(1_732_089_592_345_678_901);
//! let headers = sign_btauth(&sender, &Method::POST, &target, &body, Some(own.account()), now);
//!
//! let mut store = ReplayStore::in_memory(ReplayLimits::default());
//! let caller = BtauthClaim::parse(&headers)?
//!     .check(&BtauthPolicy::default(), &own.account(), now)?
//!     .verify(&Method::POST, &target, &body)?
//!     .accept(&mut store, now)?;
//! assert_eq!(caller, sender.account());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod headers;
mod message;
mod verify;

pub use headers::{BtauthClaim, sign};
pub use verify::{BtauthError, BtauthPolicy, FreshBtauth, ProvenBtauth};
