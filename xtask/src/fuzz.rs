//! `cargo xtask fuzz`: tries the parsers of what comes from the network with inputs that nobody thought of.

use crate::{error::TaskError, process, repository};

/// The targets in `fuzz/targets`, each with the longest input that makes sense.
const TARGETS: [(&str, u32); 10] = [
    ("rpc_parameters", 4_096),
    ("extrinsic_bytes", 2_048),
    ("scale_arguments", 2_048),
    ("metadata", 65_536),
    ("axon_heads", 4_096),
    ("python_values", 2_048),
    ("tensors", 2_048),
    ("torch_files", 2_048),
    ("axon_requests", 4_096),
    ("dendrite_answers", 4_096),
];

/// The version of the tool that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";

/// What to try, and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this target
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run(args: &Args) -> Result<(), TaskError> {
    let chosen = |name: &str| args.target.as_deref().is_none_or(|target| target == name);
    if let Some(target) = &args.target
        && !TARGETS.iter().any(|(name, _)| name == target)
    {
        return Err(TaskError::UnknownTarget {
            name: target.clone(),
            known: TARGETS.map(|(name, _)| name).join(", "),
        });
    }
    if !process::exists_as_subcommand("fuzz") {
        process::run(process::cargo().args([
            "install",
            "--locked",
            "--quiet",
            "--version",
            CARGO_FUZZ,
            "cargo-fuzz",
        ]))?;
    }
    for (name, longest) in TARGETS.into_iter().filter(|(name, _)| chosen(name)) {
        let mut command = process::cargo();
        command
            .current_dir(repository::root())
            // No sanitizer: it needs another toolchain, and there is no unsafe code of ours for it to watch.
            .args(["fuzz", "run", "--sanitizer", "none", name, "--"])
            .arg(format!("-max_total_time={}", args.seconds))
            .arg(format!("-max_len={longest}"))
            // A thread's stack is a large mapping, so the limit is on what one input allocates.
            .args(["-rss_limit_mb=4096", "-timeout=60", "-print_final_stats=1"]);
        process::run(&mut command)?;
    }
    Ok(())
}
