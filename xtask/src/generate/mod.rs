//! Files that are generated from code, and the check that they are up to date.

mod base_model;
mod prompting_models;

use crate::{error::TaskError, process, repository};
use std::process::Command;

/// What to write.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Something that takes minutes to make and is made only when asked for
    #[command(subcommand)]
    slow: Option<Slow>,
    /// Write nothing; fail when a file is out of date
    #[arg(long)]
    check: bool,
}

/// What is made only when asked for.
#[derive(Debug, Clone, clap::Subcommand)]
enum Slow {
    /// The base model that is shipped, from its text
    BaseModel,
    /// The models of the prompting demonstration, and the texts that it begins with
    PromptingModels {
        /// Only these: miner, dpo, reciprocate, dahoas, rlhf, bert, mpnet, nsfw, gating
        roles: Vec<String>,
    },
}

impl Args {
    pub(crate) fn check() -> Self {
        Self {
            slow: None,
            check: true,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<(), TaskError> {
    match &args.slow {
        Some(Slow::BaseModel) => return base_model::make(),
        Some(Slow::PromptingModels { roles }) => return prompting_models::make(roles),
        None => {}
    }
    let mut out_of_date = Vec::new();
    let generated = [
        ("docs/cli.md", described("command-line")?),
        ("docs/streams.md", described("streams")?),
    ];
    for (path, content) in generated {
        let file = repository::root().join(path);
        if fs_err::read_to_string(&file).is_ok_and(|old| old == content) {
            continue;
        }
        if args.check {
            out_of_date.push(path.to_owned());
        } else {
            if let Some(folder) = file.parent() {
                fs_err::create_dir_all(folder)?;
            }
            fs_err::write(&file, content)?;
            eprintln!("wrote {path}");
        }
    }
    if out_of_date.is_empty() {
        Ok(())
    } else {
        Err(TaskError::OutOfDate { files: out_of_date })
    }
}

/// What the binary itself says of its command line, or of the streams that it records.
fn described(what: &str) -> Result<String, TaskError> {
    // The workspace as a whole, as the tests build it: another choice of packages means other features of what they
    // depend on, and all of that compiled once more.
    process::run(
        process::cargo()
            .args(["build", "--quiet", "--locked", "--bin", "assay"])
            .args(process::WORKSPACE),
    )?;
    let assay = repository::target().join("debug").join("assay");
    process::output(Command::new(assay).args(["config", what]))
}
