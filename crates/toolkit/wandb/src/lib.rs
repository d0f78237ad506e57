#![doc = include_str!("../README.md")]

mod config;
mod error;
mod exporter;
mod hardware;
mod offline;
mod online;
mod redact;
mod run;
mod state;

pub use config::{About, Begin, Mode, PUBLIC_SERVER, Redaction, Rotation, Server, Timing, WandbConfig};
pub use error::WandbError;
pub use exporter::{Exporter, RunLink, Status};
pub use redact::Texts;
