#![doc = include_str!("../README.md")]

pub mod gating;
pub mod profile;
pub mod prompts;
pub mod scoring;

pub use profile::{Fidelity, Profile, Settings};
