//! Text generation.

use std::ops::ControlFlow;

use crate::{Adapter, BaseModel, ModelError};

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// Always the likeliest.
    Greedy,
    /// Drawn from the likeliest tokens that together hold `top_p` of the probability at the given temperature.
    TopP {
        /// Divides the logits; above 0.
        temperature: f64,
        /// Share of the probability that is kept; above 0, up to 1.
        top_p: f64,
        /// Seed of the draws.
        seed: u64,
    },
}

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StopReason {
    /// A stop token came; it is not part of the output.
    StopToken,
    /// As many tokens as were asked for.
    Length,
    /// The model's context is full.
    Context,
    /// The caller's callback ended it.
    Caller,
}

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The new tokens, without the prompt and the stop token.
    pub ids: Vec<u32>,
    /// Why it ended.
    pub reason: StopReason,
}

/// Continues a prompt of token ids by at most `max_tokens`, telling each new token to `on_token`.
///
/// # Errors
/// An empty or too long prompt, tokens outside the vocabulary, an adapter of another base.
pub fn generate(
    _base: &BaseModel,
    _adapter: Option<&Adapter>,
    _prompt: &[u32],
    _max_tokens: usize,
    _stop: &[u32],
    _sampling: Sampling,
    _on_token: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Result<Generated, ModelError> {
    todo!()
}
