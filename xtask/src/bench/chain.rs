//! The embedded chain's speed, and that of our client and command line beside bittensor 11's.
//!
//! There is no peer for the node that could run here: the public one wants a container. Its figures stand beside the
//! goals instead. Client and command line are measured against the same node, by turns with the peer's.

use super::json_line;
use crate::{error::TaskError, process, python, repository};
use serde::Deserialize;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Runs of a program whose start is measured. One may fall into a busy moment.
const TURNS: usize = 5;

/// Sizes of the subnets whose metagraph is read, each with the goal for our client in milliseconds.
const SUBNETS: [(u16, f64); 2] = [(256, 20.0), (1_024, 60.0)];

/// What the node should reach, by the beginning of a measure's name.
const GOALS: [(&str, &str); 4] = [
    ("start to first answer", "at most 200"),
    ("empty blocks", "at least 1000"),
    ("transfers: sustained", "at least 5000"),
    ("set_weights of 256: sustained", "at least 5000"),
];

/// A line of the node's benchmark.
#[derive(Deserialize)]
struct Measure {
    measure: String,
    place: String,
    value: f64,
}

/// What a reader of metagraphs prints.
#[derive(Deserialize)]
struct Metagraph {
    best_ms: f64,
    neurons: usize,
    requests: Option<u64>,
    version: Option<String>,
}

/// A node with neurons, which ends with this value.
struct Served {
    program: Child,
    url: String,
    netuid: u16,
}

/// Where a served node says it is.
#[derive(Deserialize)]
struct Place {
    url: String,
    netuid: u16,
}

/// Measures and prints the tables.
pub(crate) fn run() -> Result<(), TaskError> {
    let python = python::prepare("sdk11")?;
    process::run(process::cargo().args(["build", "--quiet", "--release", "--bin", "assay"]))?;
    let assay = repository::target().join("release").join("assay");
    node()?;
    for (neurons, goal) in SUBNETS {
        let served = Served::start(neurons)?;
        metagraph(&python, &served, goal)?;
        command_line(&assay, &python, &served)?;
    }
    Ok(())
}

/// The node alone.
fn node() -> Result<(), TaskError> {
    let output = process::output(&mut bench("assay-devnet", "chain", &[]))?;
    println!("the node, best of several tries");
    println!();
    println!("{:<46} {:>8} {:>12}   goal", "measure", "place", "value");
    for line in output.lines().filter(|line| line.starts_with('{')) {
        let Measure {
            measure,
            place,
            value,
        } = json_line(line, "the node's benchmark")?;
        let goal = GOALS
            .iter()
            .find(|(name, _)| measure.starts_with(name))
            .map_or("", |(_, goal)| goal);
        println!("{measure:<46} {place:>8} {value:>12.1}   {goal}");
    }
    println!();
    Ok(())
}

/// The metagraph is read again and again, the connection not counted.
fn metagraph(python: &Path, served: &Served, goal: f64) -> Result<(), TaskError> {
    let netuid = served.netuid.to_string();
    let script = repository::root().join("benches").join("metagraph_sdk11.py");
    // Its own place for the metadata that it keeps, not the user's.
    let cache = tempfile::tempdir()?;
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    let (mut neurons, mut requests, mut version) = (0, 0, String::new());
    for _ in 0..3 {
        let output = process::output(&mut bench("assay-chain", "metagraph", &[&served.url, &netuid]))?;
        let read: Metagraph = json_line(&output, "our metagraph benchmark")?;
        ours = ours.min(read.best_ms);
        (neurons, requests) = (read.neurons, read.requests.unwrap_or_default());
        let output = process::output(
            Command::new(python)
                .arg(&script)
                .args([&served.url, &netuid])
                .env("BITTENSOR_RUNTIME_CACHE_DIR", cache.path()),
        )?;
        let read: Metagraph = json_line(&output, "the SDK's metagraph benchmark")?;
        theirs = theirs.min(read.best_ms);
        version = read.version.unwrap_or_default();
    }
    println!("metagraph of {neurons}, without the connection, best of several reads, ms");
    println!("  assay            {ours:>9.1}   in {requests} requests; goal at most {goal}");
    println!("  bittensor {version:<6} {theirs:>9.1}   {:.1}x", theirs / ours);
    println!();
    Ok(())
}

/// Whole commands, from the start of the process to its end.
fn command_line(assay: &Path, python: &Path, served: &Served) -> Result<(), TaskError> {
    let home = tempfile::tempdir()?;
    let wallets = home.path().join("wallets");
    process::output(
        Command::new(assay)
            .args([
                "wallet",
                "new",
                "--no-password",
                "-w",
                "bench",
                "--json",
                "--wallet-path",
            ])
            .arg(&wallets),
    )?;
    let btcli = python.with_file_name("btcli");
    let netuid = served.netuid.to_string();
    let commands: [(&str, Vec<&str>, Vec<&str>); 2] = [
        ("wallet list", vec!["wallet", "list"], vec!["wallet", "list"]),
        (
            "subnet metagraph",
            vec!["subnet", "metagraph", "-n", &served.url, "--netuid", &netuid],
            vec!["subnets", "metagraph", "-n", &served.url, &netuid],
        ),
    ];
    println!("whole commands, best of {TURNS}, ms");
    println!(
        "  {:<18} {:>9} {:>11} {:>7}   goal at least 20x",
        "command", "assay", "btcli", "ratio"
    );
    for (name, ours, theirs) in commands {
        let (mut our_best, mut their_best) = (Duration::MAX, Duration::MAX);
        for _ in 0..TURNS {
            our_best = our_best.min(time_of(
                Command::new(assay).args(&ours).arg("--wallet-path").arg(&wallets),
            )?);
            their_best = their_best.min(time_of(
                Command::new(&btcli)
                    .args(&theirs)
                    .arg("--wallet-path")
                    .arg(&wallets)
                    // The metadata it has kept belongs to the measurement: it is warm after the first turn.
                    .env("BITTENSOR_RUNTIME_CACHE_DIR", home.path()),
            )?);
        }
        let (ours, theirs) = (our_best.as_secs_f64() * 1e3, their_best.as_secs_f64() * 1e3);
        println!("  {name:<18} {ours:>9.1} {theirs:>11.1} {:>6.1}x", theirs / ours);
    }
    println!();
    Ok(())
}

/// How long a command takes. What it prints is dropped, but it must succeed.
fn time_of(command: &mut Command) -> Result<Duration, TaskError> {
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    let began = Instant::now();
    process::output(command)?;
    Ok(began.elapsed())
}

/// A benchmark of one of our crates.
fn bench(package: &str, name: &str, arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command
        .args(["bench", "--quiet", "--package", package, "--bench", name, "--"])
        .args(arguments);
    command
}

impl Served {
    fn start(neurons: u16) -> Result<Self, TaskError> {
        let neurons = neurons.to_string();
        let mut command = bench("assay-devnet", "chain", &["--serve", &neurons]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = command
            .spawn()
            .map_err(|source| process::not_started(&command, source))?;
        let mut line = String::new();
        if let Some(output) = program.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let Place { url, netuid } = json_line(&line, "the served node")?;
        Ok(Self { program, url, netuid })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}
