//! Our axon and dendrite beside those of bittensor 10.5: the same requests, the same answers, every signature checked.
//!
//! The axons answer requests that were signed before, by turns, each in a process of its own that nothing else is asked
//! of. The dendrites ask our axon, by turns. All share this machine's processors, so that requests a second say little;
//! what remains comparable is how many a processor answers or asks in a second of its time.

use super::json_line;
use crate::{error::TaskError, process, python, repository};
use serde::Deserialize;
use std::{
    fmt,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

/// What is measured each time: calls at one time, and bytes of the text that comes back reversed.
const LOADS: [Load; 6] = [
    Load::of(1, 1_024),
    Load::of(16, 1_024),
    Load::of(128, 1_024),
    Load::of(1, 65_536),
    Load::of(16, 65_536),
    Load::of(128, 65_536),
];

/// Turns of each program. One turn may fall into a busy moment.
const TURNS: usize = 2;

/// Requests of a turn. Linux counts processor time in steps of 10 ms, so a turn takes at least half a second of it.
const OUR_REQUESTS: u32 = 6_000;
/// The peer has some two hundred a second.
const PEERS_REQUESTS: u32 = 512;

/// What we want: so many times the requests of the peer in a second of processor time.
const GOAL: f64 = 25.0;

/// Calls until whatever is kept of each shows. The replay store of an axon takes a few more from one caller.
const SOAK_CALLS: &str = "100000";

#[derive(Clone, Copy)]
struct Load {
    concurrency: u32,
    bytes: u32,
}

impl Load {
    const fn of(concurrency: u32, bytes: u32) -> Self {
        Self { concurrency, bytes }
    }
}

/// The line that each program prints.
#[derive(Clone, Deserialize)]
struct Measured {
    requests: f64,
    seconds: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_seconds: f64,
    peak_kib: f64,
}

impl Measured {
    fn per_second(&self) -> f64 {
        self.requests / self.seconds
    }

    fn cpu_ms(&self) -> f64 {
        self.cpu_seconds * 1e3 / self.requests
    }

    /// The better of two turns: the one that took less processor time, in which less else was going on.
    fn better(self, other: Self) -> Self {
        if self.cpu_ms() <= other.cpu_ms() {
            self
        } else {
            other
        }
    }
}

/// Measures and prints the tables.
pub(crate) fn run() -> Result<(), TaskError> {
    let python = python::prepare("sdk10")?;
    process::run(process::cargo().args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "assay-axon",
        "--example",
        "reversing_axon",
    ]))?;
    let peer = format!("bittensor {}", version(&python)?);
    println!(
        "the better of {TURNS} turns; ratio: requests in a second of processor time, goal at least {GOAL}"
    );
    println!();

    println!("axons, {OUR_REQUESTS} requests to ours and {PEERS_REQUESTS} to the peer's");
    table(&peer, |load, requests, whose| {
        let axon = match whose {
            Whose::Ours => Axon::ours()?,
            Whose::Peers => Axon::peers(&python)?,
        };
        let pid = axon.program.id().to_string();
        let output = process::output(our_bench("replay").args(axon.load(load, requests)).arg(pid))?;
        json_line(&output, "the load generator")
    })?;

    println!("dendrites, {OUR_REQUESTS} requests of ours and {PEERS_REQUESTS} of the peer's");
    let script = repository::root()
        .join("conformance")
        .join("sdk10")
        .join("dendrite_load.py");
    table(&peer, |load, requests, whose| {
        let axon = Axon::ours()?;
        let mut asking = match whose {
            Whose::Ours => our_bench("call"),
            Whose::Peers => {
                let mut command = Command::new(&python);
                command.arg(&script);
                command
            }
        };
        let output = process::output(asking.args(axon.load(load, requests)))?;
        json_line(&output, "a dendrite's benchmark")
    })?;

    println!("memory and sockets over {SOAK_CALLS} calls");
    process::run(
        process::cargo()
            .args([
                "test",
                "--quiet",
                "--release",
                "--package",
                "assay-axon",
                "--test",
                "soak",
            ])
            .args(["--", "--nocapture"])
            .env("ASSAY_SOAK_CALLS", SOAK_CALLS),
    )
}

#[derive(Clone, Copy)]
enum Whose {
    Ours,
    Peers,
}

/// Both sides under each load, by turns.
fn table(
    peer: &str,
    measure: impl Fn(Load, u32, Whose) -> Result<Measured, TaskError>,
) -> Result<(), TaskError> {
    println!(
        "{:>6} {:>8}   {:<17} {:>10} {:>9} {:>9} {:>8} {:>9}   ratio",
        "KiB", "at once", "", "requests/s", "p50 (ms)", "p99 (ms)", "CPU ms", "peak MiB"
    );
    for load in LOADS {
        let mut best: Option<[Measured; 2]> = None;
        for _ in 0..TURNS {
            let ours = measure(load, OUR_REQUESTS, Whose::Ours)?;
            let peers = measure(load, PEERS_REQUESTS, Whose::Peers)?;
            best = Some(match best {
                None => [ours, peers],
                Some([our_best, peers_best]) => [our_best.better(ours), peers_best.better(peers)],
            });
        }
        let Some([ours, peers]) = best else { continue };
        let ratio = peers.cpu_ms() / ours.cpu_ms();
        row(load, "assay", &ours, format_args!(""));
        row(load, peer, &peers, format_args!("{ratio:.1}x"));
    }
    println!();
    Ok(())
}

fn row(load: Load, program: &str, measured: &Measured, ratio: fmt::Arguments<'_>) {
    println!(
        "{:>6} {:>8}   {program:<17} {:>10.0} {:>9.2} {:>9.2} {:>8.3} {:>9.1}   {ratio}",
        load.bytes / 1_024,
        load.concurrency,
        measured.per_second(),
        measured.p50_ms,
        measured.p99_ms,
        measured.cpu_ms(),
        measured.peak_kib / 1_024.0,
    );
}

/// Our load generator, or our dendrite.
fn our_bench(mode: &str) -> Command {
    let mut command = process::cargo();
    command.args([
        "bench",
        "--quiet",
        "--package",
        "assay-axon",
        "--bench",
        "load",
        "--",
        mode,
    ]);
    command
}

fn version(python: &Path) -> Result<String, TaskError> {
    let asking = "import importlib.metadata; print(importlib.metadata.version('bittensor'))";
    let version = process::output(Command::new(python).args(["-c", asking]))?;
    Ok(version.trim().to_owned())
}

/// An axon that reverses texts, in a process that ends with this value.
struct Axon {
    program: Child,
    place: Place,
}

/// Where it says that it listens.
#[derive(Deserialize)]
struct Place {
    port: u16,
    hotkey: String,
}

impl Axon {
    fn ours() -> Result<Self, TaskError> {
        let folder = repository::target().join("release").join("examples");
        Self::start(&mut Command::new(folder.join("reversing_axon")))
    }

    fn peers(python: &Path) -> Result<Self, TaskError> {
        let script = repository::root()
            .join("conformance")
            .join("sdk10")
            .join("axon_serve.py");
        Self::start(Command::new(python).arg(script))
    }

    fn start(command: &mut Command) -> Result<Self, TaskError> {
        let mut program = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| process::not_started(command, source))?;
        let mut line = String::new();
        if let Some(output) = program.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line)?;
            // The peer logs there. It ends with the program.
            thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        }
        let place = json_line(&line, "an axon")?;
        Ok(Self { program, place })
    }

    /// The load as arguments of whoever brings it to this axon.
    fn load(&self, load: Load, requests: u32) -> [String; 5] {
        [
            self.place.port.to_string(),
            self.place.hotkey.clone(),
            load.concurrency.to_string(),
            requests.to_string(),
            load.bytes.to_string(),
        ]
    }
}

impl Drop for Axon {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
