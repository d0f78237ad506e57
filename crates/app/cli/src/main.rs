//! The binary: argument parsing, wiring and terminal output.

mod chain;
mod commands;
mod configuration;
mod context;
mod hinted;
mod output;
mod top;
mod up;

use clap::{CommandFactory, Parser, Subcommand};
use context::Context;
use miette::IntoDiagnostic;
use std::process::ExitCode;

/// The C library's allocator keeps an arena for each of the many threads that a node reads with, and each fills to a peak
/// of its own: a day of blocks left four times the memory in use.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Build, run and analyse Bittensor data subnets.
#[derive(Debug, Parser)]
#[command(name = "assay", version, max_term_width = 100, propagate_version = false)]
#[command(after_help = "Start with `assay up`: a whole subnet on this machine, in seconds.")]
struct Cli {
    #[command(flatten)]
    global: context::GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole subnet on this machine: chain, hub, miners, validators, dashboard
    Up(up::Args),
    #[command(visible_alias = "localnet")]
    Devnet(commands::devnet::Args),
    Dashboard(commands::dashboard::Args),
    /// Make, list, move and use wallets
    #[command(subcommand)]
    Wallet(commands::wallet::Command),
    /// Look at subnets, create them, register on them
    #[command(subcommand)]
    Subnet(commands::subnet::Command),
    /// Add, remove, move and show stake
    #[command(subcommand)]
    Stake(commands::stake::Command),
    /// Set and follow a validator's weights
    #[command(subcommand)]
    Weights(commands::weights::Command),
    /// Write and read commitments on chain
    #[command(subcommand)]
    Commitment(commands::commitment::Command),
    /// Replay Yuma Consensus, and look ahead
    #[command(subcommand)]
    Yuma(commands::yuma::Command),
    /// Validate on a subnet
    #[command(subcommand)]
    Validator(commands::validator::Command),
    /// Mine on a subnet
    #[command(subcommand)]
    Miner(commands::miner::Command),
    /// Serve an axon, and call the axons of others
    #[command(subcommand)]
    Axon(commands::axon::Command),
    /// Make and revoke the keys with which people ask through a gateway
    #[command(subcommand)]
    Gateway(commands::gateway::Command),
    /// Serve a hub of datasets and models, and use one
    #[command(subcommand)]
    Hub(commands::hub::Command),
    /// Make datasets of recorded questions and answers, and publish them
    #[command(subcommand)]
    Dataset(commands::dataset::Command),
    /// Train, evaluate and run language models
    #[command(subcommand)]
    Model(commands::model::Command),
    /// Print the commented reference of assay.toml
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Read anything of the chain by its name: storage, runtime APIs, constants
    #[command(subcommand)]
    Chain(commands::chain::Command),
    /// Send any call of the chain by its name, and tell what bytes do
    #[command(subcommand)]
    Tx(commands::tx::Command),
    Query(commands::query::Args),
    Report(commands::report::Args),
    #[command(subcommand)]
    Replay(commands::replay::Command),
    Top(commands::top::Args),
    /// Send what was recorded to where others keep such things
    #[command(subcommand)]
    Export(commands::export::Command),
    Doctor(commands::doctor::Args),
    Explain(commands::explain::Args),
    /// Write the completion script of a shell to standard output
    Completions {
        /// The shell to write for
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    output::install_error_style(&cli.global);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            output::report(&report);
            ExitCode::from(hinted::exit_code(&report))
        }
    }
}

fn run(cli: Cli) -> miette::Result<()> {
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "assay", &mut std::io::stdout().lock());
        return Ok(());
    }
    let context = Context::new(cli.global).into_diagnostic()?;
    match cli.command {
        Command::Up(args) => up::run(args, &context),
        Command::Devnet(args) => commands::devnet::run(args, &context),
        Command::Dashboard(args) => commands::dashboard::run(args, &context),
        Command::Wallet(command) => commands::wallet::run(command, &context),
        Command::Subnet(command) => commands::subnet::run(command, &context),
        Command::Stake(command) => commands::stake::run(command, &context),
        Command::Weights(command) => commands::weights::run(command, &context),
        Command::Commitment(command) => commands::commitment::run(command, &context),
        Command::Yuma(command) => commands::yuma::run(command, &context),
        Command::Validator(command) => commands::validator::run(command, &context),
        Command::Miner(command) => commands::miner::run(command, &context),
        Command::Axon(command) => commands::axon::run(command, &context),
        Command::Gateway(command) => commands::gateway::run(command, &context),
        Command::Hub(command) => commands::hub::run(command, &context),
        Command::Dataset(command) => commands::dataset::run(command, &context),
        Command::Model(command) => commands::model::run(command, &context),
        Command::Config(command) => commands::config::run(command, &context, Cli::command()),
        Command::Chain(command) => commands::chain::run(command, &context),
        Command::Tx(command) => commands::tx::run(command, &context),
        Command::Query(args) => commands::query::run(args, &context),
        Command::Report(args) => commands::report::run(&args, &context),
        Command::Replay(command) => commands::replay::run(command, &context),
        Command::Top(args) => commands::top::run(args, &context),
        Command::Export(command) => commands::export::run(command, &context),
        Command::Doctor(args) => commands::doctor::run(args, &context),
        Command::Explain(args) => commands::explain::run(&args, &context),
        Command::Completions { .. } => Ok(()),
    }
}
