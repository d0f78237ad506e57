#![doc = include_str!("../README.md")]

mod moment;
pub mod synapse;

pub use moment::UnixNanos;
