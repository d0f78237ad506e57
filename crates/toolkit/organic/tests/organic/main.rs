//! Organic scoring through its public surface: the loop under a paused clock, queues on disk, axons on sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

mod config;
mod entry;
mod fan_in;
mod given_up;
mod journal;
mod queue;
mod recorder;
mod routing;
mod schedule;
mod subnet;
mod synth;
mod vectors;
