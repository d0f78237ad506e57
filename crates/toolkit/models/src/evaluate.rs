//! Losses of examples under a model.

use std::ops::ControlFlow;

use crate::{Adapter, BaseModel, Example, ModelError};

/// Losses in nats per target token.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Evaluation {
    /// Mean loss over the target tokens of each example, in the order given.
    pub per_example: Vec<f64>,
    /// Number of target tokens of each example.
    pub target_tokens: Vec<usize>,
    /// Arithmetic mean of `per_example`: a short answer weighs as much as a long one.
    pub mean_of_examples: f64,
    /// Mean over all target tokens.
    pub token_weighted: f64,
}

/// How far an evaluation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationProgress {
    /// Examples done.
    pub done: usize,
    /// Examples in all.
    pub total: usize,
}

/// Evaluates examples, each cut to `context_length` tokens, under a base model with or without an adapter.
///
/// # Errors
/// Unsound examples, an adapter of another base, or [`ModelError::Stopped`] when `progress` breaks off.
pub fn evaluate(
    _base: &BaseModel,
    _adapter: Option<&Adapter>,
    _examples: &[Example],
    _context_length: usize,
    _progress: &mut dyn FnMut(EvaluationProgress) -> ControlFlow<()>,
) -> Result<Evaluation, ModelError> {
    todo!()
}
