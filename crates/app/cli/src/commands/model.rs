//! Language models on files: text generation, LoRA training, evaluation.

mod eval;
mod generate;
mod lora;

use std::path::{Path, PathBuf};

use assay_datasets::{
    Recipe,
    rows::{Dataset, RowEncoder, Template},
};
use assay_models::{Adapter, BaseModel};
use miette::{IntoDiagnostic, WrapErr, miette};

use crate::{configuration::expand_home, context::Context, up::unpack_base_model};

/// Language models and LoRA.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Continue a prompt
    Generate(generate::Args),
    /// Train a LoRA adapter on a dataset
    Lora(lora::Args),
    /// Measure the loss of datasets
    Eval(eval::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Generate(args) => generate::run(&args, context),
        Command::Lora(args) => lora::run(&args, context),
        Command::Eval(args) => eval::run(&args, context),
    }
}

/// Which model.
#[derive(Debug, clap::Args)]
struct ModelArgs {
    /// Folder of the base model, in the Hugging Face layout, instead of the small one that is shipped
    #[arg(long, value_name = "DIR")]
    base_model: Option<PathBuf>,
    /// Folder of a LoRA adapter in the peft layout
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
}

/// A loaded model.
struct Loaded {
    folder: PathBuf,
    base: BaseModel,
    adapter: Option<Adapter>,
}

impl ModelArgs {
    fn load(&self) -> miette::Result<Loaded> {
        let folder = match &self.base_model {
            Some(folder) => folder.clone(),
            None => unpack_base_model(&expand_home(Path::new("~/.assay/base-model")))?,
        };
        let base = BaseModel::load(&folder)
            .map_err(|error| {
                miette!(
                    help = "a model folder holds config.json, tokenizer.json and model.safetensors",
                    "{error}"
                )
            })
            .wrap_err_with(|| format!("the base model in {} does not load", folder.display()))?;
        let adapter = self.adapter.as_deref().map(load_adapter).transpose()?;
        Ok(Loaded {
            folder,
            base,
            adapter,
        })
    }
}

fn load_adapter(folder: &Path) -> miette::Result<Adapter> {
    Adapter::load_peft(folder)
        .map_err(|error| {
            let help = "an adapter folder holds adapter_config.json and adapter_model.safetensors";
            miette!(help = help, "{error}")
        })
        .wrap_err_with(|| format!("the adapter in {} does not load", folder.display()))
}

/// The recipe in `file`, or beside the base model, or the seed's.
fn recipe(file: Option<&Path>, base_model: &Path) -> miette::Result<Recipe> {
    let beside = base_model.join("recipe.toml");
    match file {
        Some(file) => Recipe::load(file).into_diagnostic(),
        None if beside.is_file() => Recipe::load(&beside).into_diagnostic(),
        None => Ok(Recipe::seed(Template::Qwen)),
    }
}

/// The rows of a dataset as a validator would see them.
fn read_dataset(file: &Path, recipe: &Recipe, base_model: &Path) -> miette::Result<Dataset> {
    let context_length = recipe.training.context_length;
    let encoder = RowEncoder::open(
        base_model,
        recipe.template,
        recipe.marks_in_content,
        context_length,
    )
    .into_diagnostic()?;
    let opened = fs_err::File::open(file).into_diagnostic()?;
    Dataset::read(std::io::BufReader::new(opened), &encoder, recipe.system_text, &recipe.limits)
        .into_diagnostic()?
        .map_err(|fault| {
            let help = "each line is {\"system\": …, \"conversations\": [{\"role\": \"user\", …}, {\"role\": \"assistant\", …}]}";
            miette!(help = help, "{fault}")
        })
        .wrap_err_with(|| format!("{} cannot be used", file.display()))
}

/// A bar on standard error, which hides itself where nobody looks.
fn progress_bar(length: u64, what: &'static str, hidden: bool) -> indicatif::ProgressBar {
    let bar = if hidden {
        indicatif::ProgressBar::hidden()
    } else {
        indicatif::ProgressBar::new(length)
    };
    bar.set_length(length);
    let style = indicatif::ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg} {eta}");
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar.set_prefix(what);
    bar
}
