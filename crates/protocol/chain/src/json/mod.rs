//! The chain's values as JSON, in both directions, by the types that the metadata declares.
//!
//! | on chain | JSON |
//! |---|---|
//! | account | its SS58 address; `0x` and 64 digits are read as well |
//! | bytes, hashes | `"0x…"`; any other text is read as its UTF-8 bytes |
//! | numbers | a number, beyond 64 bits its decimal digits as text; both are read |
//! | `Option` | `null` or the value |
//! | enum | `"Name"`, or `{"Name": fields}` |
//! | struct | an object; one with a single unnamed field is that field |
//! | tuple, list | an array |
//!
//! What is written can be read again, except an `Option` in an `Option`.

mod error;
mod read;
mod write;

pub use error::ArgumentError;
pub(crate) use read::{arguments, value_of};
pub(crate) use write::json_of;
