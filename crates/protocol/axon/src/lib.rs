#![doc = include_str!("../README.md")]

mod moment;

pub use moment::UnixNanos;
