//! `assay model generate`: continues a prompt.

use std::ops::ControlFlow;

use assay_models::{BaseModel, Sampling, StopReason, generate};
use miette::{IntoDiagnostic, miette};
use serde::Serialize;

use super::ModelArgs;
use crate::context::Context;

/// Continue a prompt.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// System text before the prompt
    #[arg(long, default_value = "You are a helpful assistant.", conflicts_with = "raw")]
    system: String,
    /// Take the prompt as it is, without the chat format around it
    #[arg(long)]
    raw: bool,
    /// Most tokens to generate
    #[arg(long, default_value_t = 128)]
    max_tokens: usize,
    /// Draw tokens at this temperature instead of taking the likeliest
    #[arg(long, value_name = "NUMBER")]
    temperature: Option<f64>,
    /// Draw among the likeliest tokens that hold this share of the probability
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, requires = "temperature")]
    top_p: f64,
    /// Seed of the draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The prompt
    prompt: String,
}

/// What was generated.
#[derive(Debug, Serialize)]
struct Answer {
    text: String,
    tokens: usize,
    prompt_tokens: usize,
    reason: StopReason,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let loaded = args.model.load()?;
    let base = &loaded.base;
    let prompt = if args.raw {
        args.prompt.clone()
    } else {
        format!(
            "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
            args.system.trim(),
            args.prompt.trim()
        )
    };
    let ids = base.encode(&prompt).into_diagnostic()?;
    let sampling = match args.temperature {
        None => Sampling::Greedy,
        Some(temperature) => Sampling::TopP {
            temperature,
            top_p: args.top_p,
            seed: args.seed,
        },
    };
    let generated = generate(
        base,
        loaded.adapter.as_ref(),
        &ids,
        args.max_tokens,
        &stop_tokens(base),
        sampling,
        &mut |_| ControlFlow::Continue(()),
    )
    .map_err(|error| {
        miette!(
            help = format!("this model's context is {} tokens", base.max_context()),
            "{error}"
        )
    })?;
    let answer = Answer {
        text: base.decode(&generated.ids).into_diagnostic()?,
        tokens: generated.ids.len(),
        prompt_tokens: ids.len(),
        reason: generated.reason,
    };
    context.output().data(&answer, |answer| answer.text.clone())
}

/// What ends an answer: what the configuration names, and the marks of the chat format.
fn stop_tokens(base: &BaseModel) -> Vec<u32> {
    let marks = ["<|im_end|>", "<|endoftext|>"]
        .into_iter()
        .filter_map(|mark| base.token_id(mark));
    base.architecture()
        .end_tokens
        .iter()
        .copied()
        .chain(marks)
        .collect()
}
