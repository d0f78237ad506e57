//! Datasets as files of rows: their checks, their identity, and their way to tokens.
//!
//! A dataset is UTF-8 text with one JSON object a line: `system` (text, null or missing) and `conversations`, a
//! list of `{role, content}` in which user and assistant alternate. The same code judges a file at the miner,
//! before it is uploaded, and at the validator.

mod canonical;
mod dataset;
mod encode;
mod row;
mod template;

pub(crate) use canonical::hash_into;
pub use canonical::{canonical_text, fingerprint};
pub use dataset::{Dataset, DatasetFault, DatasetLimits, ReadError};
pub use encode::{EncodeError, MarksInContent, RowEncoder};
pub use row::{Row, RowFault, Speaker, SystemText, Turn};
pub use template::Template;
