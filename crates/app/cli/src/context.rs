//! What every command needs: the network, the wallet, the output and a runtime for asynchronous work.

use crate::{
    configuration::{Configuration, Overrides, expand_home},
    output::{Format, Output},
};
use assay_keys::Wallet;
use std::{future::Future, path::PathBuf};

/// The flags that every command takes, in the spelling of today's `btcli`; the dotted names of older tools are
/// accepted as well.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Chain to talk to: finney, test, local, or a ws:// endpoint [env: BT_NETWORK]
    #[arg(
        short = 'n',
        long,
        global = true,
        value_name = "NETWORK",
        aliases = ["subtensor.network", "subtensor.chain_endpoint", "chain-endpoint"]
    )]
    pub(crate) network: Option<String>,
    /// Name of the wallet [env: BT_WALLET]
    #[arg(short = 'w', long, global = true, value_name = "NAME", aliases = ["wallet.name", "wallet-name"])]
    pub(crate) wallet: Option<String>,
    /// Name of the wallet's hotkey [env: BT_WALLET_HOTKEY]
    #[arg(
        short = 'H',
        long,
        global = true,
        value_name = "NAME",
        alias = "wallet.hotkey"
    )]
    pub(crate) wallet_hotkey: Option<String>,
    /// Folder of the wallets [env: BT_WALLET_PATH]
    #[arg(long, global = true, value_name = "DIR", alias = "wallet.path")]
    pub(crate) wallet_path: Option<PathBuf>,
    /// Configuration file, instead of the working folder's assay.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print data as JSON, and ask nothing
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Agree to everything that would be asked
    #[arg(short = 'y', long, global = true)]
    pub(crate) yes: bool,
    /// Show what would be done, and do nothing; what cannot show it refuses
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Log more; twice for traces
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Log as much as -v
    #[arg(long = "logging.debug", global = true, hide = true)]
    pub(crate) logging_debug: bool,
    /// Log as much as -vv
    #[arg(long = "logging.trace", global = true, hide = true)]
    pub(crate) logging_trace: bool,
}

/// What every command needs.
#[derive(Debug)]
pub(crate) struct Context {
    configuration: Configuration,
    output: Output,
    yes: bool,
    dry_run: bool,
}

impl Context {
    /// Reads the configuration's layers and starts logging.
    ///
    /// # Errors
    ///
    /// As [`Configuration::load`].
    pub(crate) fn new(global: GlobalArgs) -> Result<Self, Box<figment::Error>> {
        let verbosity = match (global.logging_trace, global.logging_debug) {
            (true, _) => 2,
            (false, true) => global.verbose.max(1),
            (false, false) => global.verbose,
        };
        start_logging(verbosity);
        let overrides = Overrides {
            network: global.network,
            wallet: global.wallet,
            wallet_hotkey: global.wallet_hotkey,
            wallet_path: global.wallet_path,
        };
        let format = if global.json { Format::Json } else { Format::Human };
        Ok(Self {
            configuration: Configuration::load(global.config.as_deref(), &overrides)?,
            output: Output::new(format),
            yes: global.yes,
            dry_run: global.dry_run,
        })
    }

    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// The network as the user named it; the main network where nobody named one.
    pub(crate) fn network(&self) -> &str {
        self.chosen_network().unwrap_or("finney")
    }

    /// The network, unless nobody named one: then commands for a devnet look on this machine.
    pub(crate) fn chosen_network(&self) -> Option<&str> {
        self.configuration.network.as_deref()
    }

    /// The wallet that the flags, the environment or the file select. Nothing is opened yet.
    pub(crate) fn wallet(&self) -> Wallet {
        Wallet::open(
            self.wallet_path(),
            &self.configuration.wallet,
            &self.configuration.wallet_hotkey,
        )
    }

    /// The folder of all wallets.
    pub(crate) fn wallet_path(&self) -> PathBuf {
        expand_home(&self.configuration.wallet_path)
    }

    /// Whether to show what would be done and stop there.
    pub(crate) fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Turns `--dry-run` down, for what cannot be shown without being done.
    ///
    /// # Errors
    ///
    /// When it was given.
    pub(crate) fn refuse_dry_run(&self, what: &str) -> miette::Result<()> {
        if self.dry_run {
            return Err(miette::miette!(
                help = "leave --dry-run out to do it, or add --help to read what it does",
                "`{what}` cannot show beforehand what it would do"
            ));
        }
        Ok(())
    }

    /// Asks before something is spent, overwritten or lost.
    ///
    /// # Errors
    ///
    /// When nobody can be asked and `--yes` was not given, or the answer is no.
    pub(crate) fn confirm(&self, question: &str) -> miette::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !self.output.may_prompt() {
            return Err(miette::miette!(
                help = "add --yes to agree beforehand, or --dry-run to look first",
                "not asking \"{question}\": there is no terminal to answer at"
            ));
        }
        self.output.say(&format!("{question} [y/N]"));
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        match (read, answer.trim().to_lowercase().as_str()) {
            (Ok(_), "y" | "yes") => Ok(()),
            _ => Err(miette::miette!("not agreed: nothing was done")),
        }
    }

    /// Runs asynchronous work to its end on a runtime of its own.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = miette::Result<T>>) -> miette::Result<T> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_stack_size(WORKER_STACK)
            .build()
            .map_err(|error| miette::miette!("the asynchronous runtime does not start: {error}"))?;
        let result = runtime.block_on(work);
        // A task stuck in a system call must not keep the process from ending.
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        result
    }
}

/// Stack of a worker thread. In a build without optimisation the nested futures of a validator come near the usual two
/// megabytes; what is not used costs only addresses.
const WORKER_STACK: usize = 8 << 20;

fn start_logging(verbosity: u8) {
    let default = match verbosity {
        0 => "warn",
        1 => "info,assay=debug",
        _ => "debug,assay=trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("ASSAY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(
            std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr()),
        )
        .try_init();
    // A second start in one process (tests) keeps the first.
    drop(started);
}
