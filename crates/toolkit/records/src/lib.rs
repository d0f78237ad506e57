#![doc = include_str!("../README.md")]

mod columns;
pub mod dataset;
mod describe;
mod error;
mod layout;
mod log;
#[cfg(feature = "sql")]
pub mod objects;
mod read;
mod reference;
mod retention;
mod roll;
#[cfg(feature = "sql")]
pub mod sql;
mod stream;
pub mod streams;

pub use columns::{Column, Columns};
pub use error::{RecordError, RecordsError, ShapeError};
pub use layout::{Day, Segment, Segments, streams};
pub use log::{Health, Log, LogConfig};
pub use read::{Events, Follower, Place, Row, read};
pub use reference::{in_words, reference};
pub use retention::Retention;
pub use stream::{Event, Stamp, Stream};
