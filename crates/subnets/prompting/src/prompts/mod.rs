//! What miners and scoring models are asked.
//!
//! The wording is our own. The phrases by which logs of the original are recognised are kept: see [`stages::MARKERS`].

pub mod base_text;
pub mod marking;
pub mod sentences;
pub mod stages;
pub mod tasks;
