//! The LoRA trainer.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::{
    Adapter, BaseModel, Example, ModelError, TrainingRecipe,
    decoder::{ActiveAdapter, Decoder, Dropout, plan_packs},
    lanes::Lanes,
    optimizer::{AdamConfig, AdamW, clip, norm},
    row_order::epoch_order,
};

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
/// A step's loss is the sum of its target tokens' losses over their number, whatever rows they come from. When
/// `on_step` breaks off, training ends early and the adapter is returned as it is then.
///
/// # Errors
/// Unsound examples or recipe, or a loss that stops being finite.
pub fn train(
    base: &BaseModel,
    examples: &[Example],
    recipe: &TrainingRecipe,
    seed: u64,
    on_step: &mut dyn FnMut(&TrainingStep) -> ControlFlow<()>,
) -> Result<Adapter, ModelError> {
    recipe.check()?;
    let adapter = Adapter::fresh(base.architecture(), &recipe.lora, seed);
    train_from(base, adapter, examples, recipe, seed, on_step)
}

/// As [`train`], from an adapter that is there already; `recipe.lora` counts for its dropout only.
///
/// # Errors
/// As [`train`], and an adapter of another base.
pub fn train_from(
    base: &BaseModel,
    mut adapter: Adapter,
    examples: &[Example],
    recipe: &TrainingRecipe,
    seed: u64,
    on_step: &mut dyn FnMut(&TrainingStep) -> ControlFlow<()>,
) -> Result<Adapter, ModelError> {
    recipe.check()?;
    adapter.check_fits(base.architecture())?;
    check_examples(base, examples, recipe.context_length)?;
    adapter.config.dropout = recipe.lora.dropout;
    let dropout = Dropout::new(recipe.lora.dropout, &adapter.layout, seed, recipe.context_length);
    let mut lanes = Lanes::new(Some(adapter.values.len()), None);
    let adam = AdamConfig {
        betas: recipe.betas,
        eps: recipe.eps,
        weight_decay: recipe.weight_decay,
    };
    let mut optimizer = AdamW::new(adam, adapter.values.len());
    let everything = 0..adapter.values.len();
    let steps = recipe.total_steps(examples.len());
    let mut step = 0;
    'training: for epoch in 0.. {
        let order = epoch_order(examples.len(), epoch, recipe.order);
        for window in order.chunks(recipe.window()) {
            if step == steps {
                break 'training;
            }
            let presented = window.iter().map(|row| {
                let presentation = u64::from(epoch) * examples.len() as u64 + *row as u64;
                (&examples[*row], presentation)
            });
            let packs = plan_packs(presented, recipe.context_length);
            let target_tokens: usize = packs.iter().map(|pack| pack.target_rows.len()).sum();
            let decoder = base.decoder(Some(active(&adapter, dropout.as_ref())));
            let losses = lanes.run(decoder, &packs, 1.0 / target_tokens as f32);
            let loss = losses.iter().sum::<f64>() / target_tokens as f64;
            let gradient = lanes.gradients().adapter.get_or_insert_default();
            let grad_norm = norm(gradient);
            if !(loss.is_finite() && grad_norm.is_finite()) {
                return Err(ModelError::Diverged { step });
            }
            if let Some(limit) = recipe.max_grad_norm {
                clip(gradient, grad_norm, limit);
            }
            let learning_rate = recipe.learning_rate_at(step, steps);
            optimizer.step(
                &mut adapter.values,
                gradient,
                learning_rate,
                std::slice::from_ref(&everything),
            );
            let report = TrainingStep {
                step,
                steps,
                epoch,
                loss,
                target_tokens,
                tokens: packs.iter().map(|pack| pack.rows()).sum(),
                rows: window.len(),
                grad_norm,
                learning_rate,
            };
            step += 1;
            if on_step(&report).is_break() {
                break 'training;
            }
        }
    }
    Ok(adapter)
}

/// A loss and its gradient by the adapter's matrices.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterGradient {
    /// Summed loss of all target tokens, in nats.
    pub loss_sum: f64,
    /// Number of target tokens.
    pub target_tokens: usize,
    /// Gradient of the mean loss, row by row, by the tensor's name in a `peft` file.
    pub by_tensor: BTreeMap<String, Vec<f32>>,
}

/// The gradient of the mean loss over the examples' target tokens, without dropout.
///
/// # Errors
/// Unsound examples, or an adapter of another base.
pub fn adapter_gradient(
    base: &BaseModel,
    adapter: &Adapter,
    examples: &[Example],
) -> Result<AdapterGradient, ModelError> {
    adapter.check_fits(base.architecture())?;
    let context_length = base.max_context();
    check_examples(base, examples, context_length)?;
    let packs = plan_packs(examples.iter().zip(0..), context_length);
    let target_tokens: usize = packs.iter().map(|pack| pack.target_rows.len()).sum();
    let mut lanes = Lanes::new(Some(adapter.values.len()), None);
    let losses = lanes.run(
        base.decoder(Some(active(adapter, None))),
        &packs,
        1.0 / target_tokens as f32,
    );
    let gradient = lanes.gradients().adapter.get_or_insert_default();
    let by_tensor = adapter
        .layout
        .tensors()
        .map(|tensor| (tensor.name, gradient[tensor.range].to_vec()))
        .collect();
    Ok(AdapterGradient {
        loss_sum: losses.iter().sum(),
        target_tokens,
        by_tensor,
    })
}

/// An adapter ready to compute with.
pub(crate) fn active<'a>(adapter: &'a Adapter, dropout: Option<&'a Dropout>) -> ActiveAdapter<'a> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "single precision is what the products compute in"
    )]
    let scale = adapter.config.scale() as f32;
    ActiveAdapter {
        layout: &adapter.layout,
        values: &adapter.values,
        scale,
        dropout,
    }
}

/// Refuses examples that cannot be computed or whose loss is undefined.
pub(crate) fn check_examples(
    base: &BaseModel,
    examples: &[Example],
    context_length: usize,
) -> Result<(), ModelError> {
    if examples.is_empty() {
        return Err(ModelError::NoExamples);
    }
    if !(2..=base.max_context()).contains(&context_length) {
        return Err(ModelError::Context {
            requested: context_length,
            limit: base.max_context(),
        });
    }
    let vocabulary = base.architecture().vocabulary;
    examples
        .iter()
        .enumerate()
        .try_for_each(|(index, example)| example.check(index, vocabulary, context_length))
}

impl BaseModel {
    pub(crate) fn decoder<'a>(&'a self, adapter: Option<ActiveAdapter<'a>>) -> Decoder<'a> {
        Decoder {
            architecture: self.architecture(),
            weights: self.weights(),
            rotary: self.rotary(),
            adapter,
        }
    }
}
