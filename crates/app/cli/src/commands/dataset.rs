//! `assay dataset`: datasets made of recorded questions and answers, and published.

mod build;
mod push;

use crate::context::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Build(Box<build::Args>),
    Push(push::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay dataset")?;
    match command {
        Command::Build(args) => build::run(&args, context),
        Command::Push(args) => push::run(&args, context),
    }
}
