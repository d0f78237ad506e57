//! Developer tasks. `cargo xtask test` sets up whatever the tests need and runs all of them.
#![expect(clippy::print_stderr, reason = "a developer's tool talks to the terminal")]
#![expect(clippy::print_stdout, reason = "figures and paths are this tool's data")]

mod ballista;
mod bench;
mod debian;
mod error;
mod fuzz;
mod generate;
mod lint;
mod node;
mod process;
mod python;
mod repository;
mod test;
mod vectors;

use clap::{Parser, Subcommand};
use error::TaskError;
use std::process::ExitCode;

/// Developer tasks of the Assay workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Set up what the tests need, then run all of them
    Test(test::Args),
    /// Lint, check generated files, and test: everything that a change must pass
    Ci,
    /// Check formatting, clippy and the supply chain
    Lint,
    /// Write the files that are generated from code
    #[command(name = "gen")]
    Generate(generate::Args),
    /// Measure, beside the peers
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Try the parsers of what comes from the network with made-up inputs
    Fuzz(fuzz::Args),
    /// Ask the analyses' queries on a Ballista cluster of two executors; builds it the first time, which takes long
    Ballista,
    /// Prepare one of the Python environments and print the path of its interpreter
    Venv {
        /// A folder of `conformance/`
        name: String,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), TaskError> {
    match task {
        Task::Test(args) => test::run(&args),
        Task::Ci => {
            lint::run()?;
            generate::run(&generate::Args::check())?;
            test::run(&test::Args::default())
        }
        Task::Lint => lint::run(),
        Task::Generate(args) => generate::run(&args),
        Task::Bench(bench) => bench::run(&bench),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Ballista => ballista::run(),
        Task::Venv { name } => {
            println!("{}", python::prepare(&name)?.display());
            Ok(())
        }
    }
}
