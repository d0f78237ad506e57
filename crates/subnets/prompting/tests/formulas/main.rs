//! The formulas beside the figures of the original.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod combination;
mod diversity;
mod gating;
mod log_probability;
mod marking;
mod masks;
mod near;
mod ngram;
mod normalisation;
mod penalties;
mod profiles;
mod prompts;
mod successor;
