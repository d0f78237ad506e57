//! Losses of examples under a model.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::{
    Adapter, BaseModel, Example, ModelError,
    decoder::{Keep, Workspace, plan_packs},
    lanes::parking::Pool,
    train::{active, check_examples},
};

/// Packs between two calls of the progress callback, per thread. It has no influence on the result.
const PACKS_PER_REPORT: usize = 2;

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

/// Evaluates examples, each cut to `context_length` tokens, under a base model with or without an adapter. The same
/// inputs give the same bits for any number of threads.
///
/// # Errors
/// Unsound examples, an adapter of another base, or [`ModelError::Stopped`] when `progress` breaks off.
pub fn evaluate(
    base: &BaseModel,
    adapter: Option<&Adapter>,
    examples: &[Example],
    context_length: usize,
    progress: &mut dyn FnMut(EvaluationProgress) -> ControlFlow<()>,
) -> Result<Evaluation, ModelError> {
    check_examples(base, examples, context_length)?;
    if let Some(adapter) = adapter {
        adapter.check_fits(base.architecture())?;
    }
    let decoder = base.decoder(adapter.map(|adapter| active(adapter, None)));
    let packs = plan_packs(examples.iter().zip(0..), context_length);
    let workspaces = Pool::<Workspace>::default();
    let mut sums: Vec<f64> = Vec::with_capacity(examples.len());
    let mut target_tokens: Vec<usize> = Vec::with_capacity(examples.len());
    for some in packs.chunks(PACKS_PER_REPORT * rayon::current_num_threads()) {
        let losses: Vec<Vec<f64>> = some
            .par_iter()
            .map(|pack| {
                let mut workspace = workspaces.take();
                decoder.forward(pack, &mut workspace, Keep::Nothing);
                let losses = decoder.segment_losses(pack, &mut workspace, None, None);
                workspaces.put(workspace);
                losses
            })
            .collect();
        sums.extend(losses.into_iter().flatten());
        target_tokens.extend(
            some.iter()
                .flat_map(|pack| pack.segment_targets.iter().map(ExactSizeIterator::len)),
        );
        if progress(EvaluationProgress {
            done: sums.len(),
            total: examples.len(),
        })
        .is_break()
        {
            return Err(ModelError::Stopped);
        }
    }
    let per_example: Vec<f64> = sums
        .iter()
        .zip(&target_tokens)
        .map(|(sum, tokens)| sum / *tokens as f64)
        .collect();
    let mean_of_examples = per_example.iter().sum::<f64>() / per_example.len() as f64;
    let token_weighted = sums.iter().sum::<f64>() / target_tokens.iter().sum::<usize>() as f64;
    Ok(Evaluation {
        per_example,
        target_tokens,
        mean_of_examples,
        token_weighted,
    })
}
