//! Making a base model from nothing: a byte-level tokenizer, fresh weights, and training of every weight.
//!
//! For small models. All weights, their moments and eight copies of their gradient are in memory at once.

use std::{ops::ControlFlow, path::Path};

use tokenizers::{
    AddedToken, Tokenizer,
    models::TrainerWrapper,
    models::bpe::{BPE, BpeTrainer},
    normalizers::NFC,
    pre_tokenizers::{
        PreTokenizerWrapper,
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
    tokenizer::SplitDelimiterBehavior,
};

use crate::{
    Architecture, BaseModel, Example, ModelError, TrainingStep,
    counter_rng::CounterRng,
    decoder::{Decoder, plan_packs},
    lanes::Lanes,
    optimizer::{AdamConfig, AdamW, clip, norm},
    train::check_examples,
    weights::{Layout, Weights},
};

/// The special tokens of the chat format, in the order of their ids behind the learned ones.
pub const SPECIAL_TOKENS: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// How Qwen2 cuts a text before pairs are merged: words with the blank before them, single digits, punctuation.
const SPLIT: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|",
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// Learns a byte-level pair encoding of `vocabulary` tokens, the special ones included, and returns the content of its
/// `tokenizer.json`. The same texts give the same bytes.
///
/// # Errors
/// [`ModelError::Tokenizer`].
pub fn train_tokenizer(texts: &[String], vocabulary: usize) -> Result<Vec<u8>, ModelError> {
    let failed = |source| ModelError::Tokenizer {
        path: "a new tokenizer".into(),
        source,
    };
    let byte_level = ByteLevel::new(false, false, false);
    let split = Split::new(
        SplitPattern::Regex(SPLIT.to_owned()),
        SplitDelimiterBehavior::Isolated,
        false,
    )
    .map_err(failed)?;
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer
        .with_normalizer(Some(NFC))
        .map_err(failed)?
        .with_pre_tokenizer(Some(Sequence::new(vec![
            PreTokenizerWrapper::Split(split),
            PreTokenizerWrapper::ByteLevel(byte_level),
        ])))
        .with_decoder(Some(byte_level))
        .with_post_processor(Some(byte_level));
    let trainer = BpeTrainer::builder()
        .vocab_size(vocabulary.saturating_sub(SPECIAL_TOKENS.len()))
        .min_frequency(2)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    tokenizer
        .train(
            &mut TrainerWrapper::from(trainer),
            texts.iter().map(String::as_str),
        )
        .map_err(failed)?;
    let special: Vec<AddedToken> = SPECIAL_TOKENS
        .iter()
        .map(|token| AddedToken::from(*token, true).normalized(false))
        .collect();
    tokenizer.add_special_tokens(special).map_err(failed)?;
    Ok(tokenizer.to_string(true).map_err(failed)?.into_bytes())
}

impl BaseModel {
    /// A model with fresh weights: normal with standard deviation `1/√inputs` (output maps smaller by the root of
    /// their number, embeddings 0.05), biases 0, norms 1.
    ///
    /// # Errors
    /// An architecture out of range, or a tokenizer that does not load.
    pub fn fresh(architecture: Architecture, tokenizer_json: &[u8], seed: u64) -> Result<Self, ModelError> {
        architecture.check(Path::new("the given architecture"))?;
        let tokenizer = Tokenizer::from_bytes(tokenizer_json).map_err(|source| ModelError::Tokenizer {
            path: "the given tokenizer".into(),
            source,
        })?;
        let layout = Layout::new(&architecture);
        let mut values = vec![0.0; layout.length];
        let residual = 1.0 / (2.0 * architecture.layers as f32).sqrt();
        for tensor in layout.tensors(&architecture) {
            let slot = &mut values[tensor.range];
            if tensor.name.ends_with("norm.weight") {
                slot.fill(1.0);
            } else if let [_, inputs] = tensor.shape[..] {
                let mut deviation = 1.0 / (inputs as f32).sqrt();
                if tensor.name.ends_with("o_proj.weight") || tensor.name.ends_with("down_proj.weight") {
                    deviation *= residual;
                } else if tensor.name.contains("embed_tokens") || tensor.name.contains("lm_head") {
                    deviation = 0.05;
                }
                fill_normal(slot, deviation, CounterRng::new("weights", seed, &tensor.name));
            }
        }
        Ok(Self::assemble(
            architecture,
            Weights { layout, values },
            tokenizer,
            "tokenizer.json".into(),
        ))
    }
}

/// Box and Muller's transform of two uniforms for each value.
fn fill_normal(slot: &mut [f32], deviation: f32, generator: CounterRng) {
    for (counter, value) in (0_u64..).step_by(2).zip(slot) {
        let radius = (-2.0 * (1.0 - generator.uniform(counter)).ln()).sqrt();
        let angle = std::f32::consts::TAU * generator.uniform(counter + 1);
        *value = deviation * radius * angle.cos();
    }
}

/// How all weights are trained: AdamW with betas 0.9 and 0.95, gradients clipped at norm 1, a linear warm-up and a
/// linear way down to 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PretrainingRecipe {
    /// Optimiser steps.
    pub steps: u32,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warmup_steps: u32,
    /// Weight decay of the matrices; norms and biases have none.
    pub weight_decay: f64,
    /// Longest example in tokens.
    pub context_length: usize,
}

/// Trains every weight of a model on the batches that `batch` gives for each step. The same inputs give the same bits
/// for any number of threads. When `on_step` breaks off, the model is returned as it is then.
///
/// # Errors
/// Unsound examples, or a loss that stops being finite.
pub fn pretrain(
    base: &BaseModel,
    recipe: &PretrainingRecipe,
    batch: &mut dyn FnMut(u32) -> Vec<Example>,
    on_step: &mut dyn FnMut(&TrainingStep) -> ControlFlow<()>,
) -> Result<BaseModel, ModelError> {
    let architecture = base.architecture();
    let mut weights = base.weights().clone();
    let decayed: Vec<_> = weights
        .layout
        .tensors(architecture)
        .into_iter()
        .filter(|tensor| tensor.shape.len() == 2)
        .map(|tensor| tensor.range)
        .collect();
    let adam = AdamConfig {
        betas: [0.9, 0.95],
        eps: 1e-8,
        weight_decay: recipe.weight_decay,
    };
    let mut optimizer = AdamW::new(adam, weights.values.len());
    let mut lanes = Lanes::new(None, Some(weights.values.len()));
    for step in 0..recipe.steps {
        let examples = batch(step);
        check_examples(base, &examples, recipe.context_length)?;
        let packs = plan_packs(examples.iter().zip(0..), recipe.context_length);
        let target_tokens: usize = packs.iter().map(|pack| pack.target_rows.len()).sum();
        let decoder = Decoder {
            architecture,
            weights: &weights,
            rotary: base.rotary(),
            adapter: None,
        };
        let losses = lanes.run(decoder, &packs, 1.0 / target_tokens as f32);
        let loss = losses.iter().sum::<f64>() / target_tokens as f64;
        let gradient = lanes.gradients().base.get_or_insert_default();
        let grad_norm = norm(gradient);
        if !(loss.is_finite() && grad_norm.is_finite()) {
            return Err(ModelError::Diverged { step });
        }
        clip(gradient, grad_norm, 1.0);
        let learning_rate = recipe.learning_rate
            * if step < recipe.warmup_steps {
                f64::from(step + 1) / f64::from(recipe.warmup_steps)
            } else {
                f64::from(recipe.steps - step) / f64::from((recipe.steps - recipe.warmup_steps).max(1))
            };
        optimizer.step(&mut weights.values, gradient, learning_rate, &decayed);
        let report = TrainingStep {
            step,
            steps: recipe.steps,
            epoch: 0,
            loss,
            target_tokens,
            tokens: packs.iter().map(|pack| pack.rows()).sum(),
            rows: examples.len(),
            grad_norm,
            learning_rate,
        };
        if on_step(&report).is_break() {
            break;
        }
    }
    Ok(base.with_weights(weights))
}
