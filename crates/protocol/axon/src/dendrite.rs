//! The dendrite: the side that asks.
//!
//! A [`Dendrite`] signs requests with one hotkey and sends them over one pool of connections, to old axons
//! ([`Dendrite::call`], [`Dendrite::stream`]) and to those that speak btauth/1 ([`Dendrite::call_btauth`]) or Epistula
//! ([`Dendrite::call_epistula`]). [`Retries`] calls again. What comes of it is an [`Outcome`], never a bare status, because what a miner may be made to pay for depends on it
//! ([`Outcome::recorded`] gives the status of bittensor 10 all the same):
//!
//! | outcome | what it means | may cost the miner |
//! |---|---|---|
//! | [`Outcome::Answered`] | an answer, yet to be judged | by its worth |
//! | [`Outcome::Refused`], [`Outcome::NoAnswer`] | no answer | yes |
//! | [`Outcome::BadAnswer`] | something that is no answer | yes |
//! | [`Outcome::OwnFault`] | it failed on this machine | never |
//!
//! The fourth of the house's outcomes, not asked, is whoever never comes to a dendrite. A status is chosen by the one
//! who answers, so none of them excuses it: a 401 counts as no answer. Whoever gets it from all sides has a wrong clock.
//!
//! ```no_run
//! use assay_axon::{Dendrite, DendriteConfig, SynapseRequest, Target};
//! use assay_axon::synapse::{Field, FieldType};
//! use std::time::Duration;
//!
//! #[derive(serde::Serialize)]
//! struct Echo {
//!     text: String,
//!     reply: Option<String>,
//! }
//!
//! # async fn ask(pair: assay_keys::Pair, target: Target) -> Result<(), Box<dyn std::error::Error>> {
//! let dendrite = Dendrite::new(pair, DendriteConfig::default());
//! let echo = Echo { text: "hello".to_owned(), reply: None };
//! let request = SynapseRequest::new("Echo", &echo, Duration::from_secs(12))?
//!     .requiring(&["text"])?
//!     .hashing(&[Field::required("text", FieldType::Str)])?;
//! let reply = dendrite.call(&target, &request).await;
//! if let Some(answer) = reply.outcome.answer() {
//!     let text: Option<String> = answer.fields.get("reply")?;
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod client;
mod config;
mod failure;
mod fields;
mod nonces;
mod outcome;
mod recorded;
mod refusal;
mod request;
mod retries;
mod stream;
mod target;
mod transport;

pub use address::Addresses;
pub use client::{Answer, BtauthRequest, Dendrite, RawAnswer, RawRequest};
pub(crate) use client::{raw_message, synapse_message};
pub use config::DendriteConfig;
pub use failure::{BadAnswer, Failure, NoAnswer, OwnFault};
pub use fields::SynapseFields;
pub use outcome::{Outcome, Reply, Verdict};
pub use recorded::RecordedStatus;
pub(crate) use refusal::message as refusal_message;
pub use refusal::{Refusal, RefusalKind};
pub use request::{RequestError, SynapseRequest};
pub use retries::{Repeatable, Retries};
pub use stream::AnswerStream;
pub use target::Target;
pub(crate) use transport::connect_failure;
