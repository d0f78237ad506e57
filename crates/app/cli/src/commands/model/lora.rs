//! `assay model lora`: trains an adapter as a validator would.

use std::{ops::ControlFlow, path::PathBuf, time::Instant};

use assay_models::{BaseModel, evaluate, train};
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::Serialize;

use super::{ModelArgs, progress_bar, read_dataset, recipe};
use crate::context::Context;

/// Train a LoRA adapter on a dataset.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the base model, in the Hugging Face layout, instead of the small one that is shipped
    #[arg(long, value_name = "DIR")]
    base_model: Option<PathBuf>,
    /// Dataset to train on, JSON lines
    #[arg(long, value_name = "FILE")]
    dataset: PathBuf,
    /// Folder to write the adapter to, in the peft layout
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Recipe, instead of the one beside the model
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Dataset to measure before and after training
    #[arg(long, value_name = "FILE")]
    eval: Option<PathBuf>,
    /// Seed of the adapter's start and of dropout
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// What came of it. Losses are in nats.
#[derive(Debug, Serialize)]
struct Trained {
    adapter: PathBuf,
    rows: usize,
    steps: u32,
    tokens: usize,
    seconds: f64,
    first_loss: f64,
    last_loss: f64,
    eval_before: Option<f64>,
    eval_after: Option<f64>,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay model lora")?;
    let model = ModelArgs {
        base_model: args.base_model.clone(),
        adapter: None,
    };
    let loaded = model.load()?;
    let recipe = recipe(args.recipe.as_deref(), &loaded.folder)?;
    let dataset = read_dataset(&args.dataset, &recipe, &loaded.folder)?;
    let held_out = args
        .eval
        .as_ref()
        .map(|file| read_dataset(file, &recipe, &loaded.folder))
        .transpose()?;
    let measure = |adapter| -> miette::Result<Option<f64>> {
        let Some(held_out) = &held_out else {
            return Ok(None);
        };
        let context_length = recipe.training.context_length;
        let evaluation = evaluate(
            &loaded.base,
            adapter,
            &held_out.examples,
            context_length,
            &mut |_| ControlFlow::Continue(()),
        );
        Ok(Some(recipe.loss.of(
            &evaluation.map_err(|error| explained(&error, &loaded.base))?,
        )))
    };
    let output = context.output();
    let eval_before = measure(None)?;
    let steps = recipe.training.total_steps(dataset.examples.len());
    let bar = progress_bar(u64::from(steps), "training", output.is_json());
    let started = Instant::now();
    let (mut tokens, mut first_loss, mut last_loss) = (0, None, 0.0);
    let adapter = train(
        &loaded.base,
        &dataset.examples,
        &recipe.training,
        args.seed,
        &mut |step| {
            tokens += step.tokens;
            first_loss.get_or_insert(step.loss);
            last_loss = step.loss;
            bar.set_position(u64::from(step.step) + 1);
            bar.set_message(format!("loss {:.4}", step.loss));
            ControlFlow::Continue(())
        },
    )
    .map_err(|error| explained(&error, &loaded.base))?;
    let seconds = started.elapsed().as_secs_f64();
    bar.finish_and_clear();
    adapter
        .save_peft(&args.out)
        .into_diagnostic()
        .wrap_err_with(|| format!("the adapter cannot be written to {}", args.out.display()))?;
    let trained = Trained {
        adapter: args.out.clone(),
        rows: dataset.examples.len(),
        steps,
        tokens,
        seconds,
        first_loss: first_loss.unwrap_or(f64::NAN),
        last_loss,
        eval_before,
        eval_after: measure(Some(&adapter))?,
    };
    output.data(&trained, summary)
}

/// The error with what to do about it.
fn explained(error: &assay_models::ModelError, base: &BaseModel) -> miette::Report {
    match error {
        assay_models::ModelError::Context { .. } => miette!(
            help = format!(
                "set context_length in the recipe to {} or less",
                base.max_context()
            ),
            "{error}"
        ),
        other => miette!("{other}"),
    }
}

fn summary(trained: &Trained) -> String {
    let mut text = format!(
        "{} rows, {} steps, {} tokens in {:.1} s; training loss {:.4} at first, {:.4} at last\n",
        trained.rows, trained.steps, trained.tokens, trained.seconds, trained.first_loss, trained.last_loss
    );
    if let Some((before, after)) = trained.eval_before.zip(trained.eval_after) {
        text.push_str(&format!("evaluation loss {before:.4} before, {after:.4} after\n"));
    }
    text.push_str(&format!("adapter in {}", trained.adapter.display()));
    text
}
