//! The LoRA trainer.

use std::ops::ControlFlow;

use crate::{Adapter, BaseModel, Example, ModelError, TrainingRecipe};

/// One optimiser step, told to the caller after it was taken.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct TrainingStep {
    /// The step, from 0.
    pub step: u32,
    /// Steps in all.
    pub steps: u32,
    /// The epoch, from 0.
    pub epoch: u32,
    /// Mean loss over the target tokens of the step's rows, before the step, in nats.
    pub loss: f64,
    /// Target tokens of the step's rows.
    pub target_tokens: usize,
    /// All tokens of the step's rows.
    pub tokens: usize,
    /// Rows of the step.
    pub rows: usize,
    /// Global gradient norm before clipping.
    pub grad_norm: f64,
    /// The learning rate used.
    pub learning_rate: f64,
}

/// Trains an adapter on examples. The same inputs give the same bits for any number of threads.
///
/// When `on_step` breaks off, training ends early and the adapter is returned as it is then.
///
/// # Errors
/// Unsound examples or recipe, or a loss that stops being finite.
pub fn train(
    _base: &BaseModel,
    _examples: &[Example],
    _recipe: &TrainingRecipe,
    _seed: u64,
    _on_step: &mut dyn FnMut(&TrainingStep) -> ControlFlow<()>,
) -> Result<Adapter, ModelError> {
    todo!()
}
