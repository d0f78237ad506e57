//! `assay model eval`: losses of datasets.

use std::{ops::ControlFlow, path::PathBuf};

use assay_models::evaluate;
use miette::{IntoDiagnostic, miette};
use serde::Serialize;

use super::{ModelArgs, progress_bar, read_dataset, recipe};
use crate::{context::Context, output};

/// Measure the loss of datasets.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Recipe that says how rows are written and cut, instead of the one beside the model
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Datasets, JSON lines
    #[arg(required = true, value_name = "FILE")]
    datasets: Vec<PathBuf>,
}

/// What was measured on one dataset. Losses are in nats.
#[derive(Debug, Serialize)]
struct Measured {
    dataset: PathBuf,
    rows: usize,
    target_tokens: usize,
    /// The loss by the recipe's own mean.
    loss: f64,
    mean_of_rows: f64,
    token_weighted: f64,
    per_row: Vec<f64>,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let loaded = args.model.load()?;
    let recipe = recipe(args.recipe.as_deref(), &loaded.folder)?;
    let context_length = recipe.training.context_length.min(loaded.base.max_context());
    let output = context.output();
    let mut all = Vec::new();
    for file in &args.datasets {
        let dataset = read_dataset(file, &recipe, &loaded.folder)?;
        let bar = progress_bar(dataset.examples.len() as u64, "evaluating", output.is_json());
        let evaluation = evaluate(
            &loaded.base,
            loaded.adapter.as_ref(),
            &dataset.examples,
            context_length,
            &mut |progress| {
                bar.set_position(progress.done as u64);
                ControlFlow::Continue(())
            },
        )
        .into_diagnostic()?;
        bar.finish_and_clear();
        all.push(Measured {
            dataset: file.clone(),
            rows: dataset.examples.len(),
            target_tokens: evaluation.target_tokens.iter().sum(),
            loss: recipe.loss.of(&evaluation),
            mean_of_rows: evaluation.mean_of_examples,
            token_weighted: evaluation.token_weighted,
            per_row: evaluation.per_example,
        });
    }
    if all.is_empty() {
        return Err(miette!("no dataset was given"));
    }
    output.data(&all, |all| table(all))
}

fn table(all: &[Measured]) -> String {
    let mut table = output::table([
        "dataset",
        "rows",
        "target tokens",
        "loss",
        "mean of rows",
        "token mean",
    ]);
    for measured in all {
        table.add_row([
            measured.dataset.display().to_string(),
            measured.rows.to_string(),
            measured.target_tokens.to_string(),
            format!("{:.4}", measured.loss),
            format!("{:.4}", measured.mean_of_rows),
            format!("{:.4}", measured.token_weighted),
        ]);
    }
    table.to_string()
}
