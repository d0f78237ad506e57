//! `cargo xtask test`: everything the tests need is set up, then all of them run.

use crate::{debian, error::TaskError, node, process, python, vectors};

/// What to run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Only this package
    #[arg(short, long)]
    package: Option<String>,
    /// Leave out the tests that need the Python or JavaScript packages or a browser
    #[arg(long)]
    quick: bool,
    /// Words that select tests by name
    filters: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), TaskError> {
    vectors::check_all_are_read()?;
    let mut environment = Vec::new();
    if !args.quick {
        debian::ensure("chromium", &["chromium"])?;
        for (name, interpreter) in python::prepare_all()? {
            environment.push((format!("ASSAY_PYTHON_{}", name.to_uppercase()), interpreter));
        }
        for (name, modules) in node::prepare_all()? {
            environment.push((format!("ASSAY_NODE_{}", name.to_uppercase()), modules));
        }
    }
    let packages = |command: &mut std::process::Command| {
        match &args.package {
            Some(package) => command.args(["--package", package]),
            None => command.args(process::WORKSPACE),
        };
    };

    let nextest = process::exists("cargo-nextest");
    let mut command = process::cargo();
    if nextest {
        // Not --all-targets: benches have a harness of their own, and examples are built anyway.
        command.args(["nextest", "run", "--locked", "--no-fail-fast"]);
        packages(&mut command);
        if !args.quick {
            command.args(["--run-ignored", "all"]);
        }
        command.args(&args.filters);
    } else {
        // The documentation's examples have a run of their own below, without the ignored ones.
        command.args(["test", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"]);
        packages(&mut command);
        command.arg("--").args(&args.filters);
        if !args.quick {
            command.arg("--include-ignored");
        }
    }
    command.envs(environment.iter().map(|(name, path)| (name, path)));
    process::run(&mut command)?;

    if args.filters.is_empty() {
        let mut doctests = process::cargo();
        doctests.args(["test", "--locked", "--doc"]);
        packages(&mut doctests);
        process::run(&mut doctests)?;
    }
    Ok(())
}
