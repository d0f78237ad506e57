//! Datasets for training, made of recorded questions and answers.
//!
//! A [`BuildPlan`] says what to take, what to leave out and how to write it; [`build`] makes a folder of it in the layout
//! of a Hugging Face hub: `data/train-00000-of-00001.jsonl`, and a card `README.md` with every count.
//!
//! ```no_run
//! use assay_records::dataset::{BuildPlan, Dedup, Source, build};
//!
//! let mut plan = BuildPlan::new([Source::Records("records".into()), Source::Log("completions.log".into())]);
//! plan.min_reward = Some(0.5);
//! plan.dedup = Dedup::Near { threshold: 0.8 };
//! let report = build(&plan, "dataset".as_ref())?;
//! println!("{} rows", report.rows());
//! # Ok::<(), assay_records::dataset::BuildError>(())
//! ```
//!
//! # How
//!
//! Events stream by one after the other, however many there are. What passes the filters goes to a file beside the
//! dataset; in memory stay a hash of each prompt or pair (some 50 bytes) and, for near-duplicates, the buckets of each row
//! that is kept (some 500 bytes). A second pass writes what was not outdone. So a terabyte of events is no trouble, and the
//! same events and plan give the same files, byte for byte.

mod blacklist;
mod build;
mod card;
mod choose;
mod counts;
mod error;
mod exchange;
mod filter;
mod hash;
mod keep;
mod near;
mod plan;
mod report;
mod source;
mod split;
mod spool;
mod staging;
mod write;

pub use blacklist::Blacklist;
pub use build::build;
pub use counts::Counts;
pub use error::BuildError;
pub use exchange::Kind;
pub use plan::{BuildPlan, Case, Dedup, Details, Existing, FileKind, Format, Phrases, Source, Take};
pub use report::{Fault, File, Report, SplitReport};
pub use split::{Split, Splits};
