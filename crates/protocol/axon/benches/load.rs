//! Our side of the wire's benchmark: `cargo xtask bench axon` runs it, and prints its figures beside the peer's.
//!
//! `replay PORT HOTKEY PID CONCURRENCY REQUESTS BYTES` sends requests that were signed before to the axon of process PID,
//! ours or the peer's, and prints what they cost that process. `call PORT HOTKEY CONCURRENCY REQUESTS BYTES` asks an axon
//! with our dendrite, and prints what that cost this process. `soak CALLS` asks an axon in this process until whatever it
//! keeps for ever shows.
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what a process costs is read from Linux")
)]
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

#[path = "load/call.rs"]
mod call;
#[path = "load/cost.rs"]
mod cost;
#[path = "load/replay.rs"]
mod replay;

use assay_keys::AccountId;
use serde_json::json;
use std::time::Duration;

/// The allocator of our programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The axon that is asked, and how.
struct Load {
    port: u16,
    hotkey: AccountId,
    concurrency: usize,
    requests: usize,
    bytes: usize,
}

impl Load {
    fn parse(arguments: &[String]) -> Self {
        let [port, hotkey, concurrency, requests, bytes] = arguments else {
            panic!("PORT HOTKEY CONCURRENCY REQUESTS BYTES are wanted, not {arguments:?}");
        };
        Self {
            port: port.parse().unwrap(),
            hotkey: hotkey.parse().unwrap(),
            concurrency: concurrency.parse().unwrap(),
            requests: requests.parse().unwrap(),
            bytes: bytes.parse().unwrap(),
        }
    }

    /// What each of the senders sends, after one request that is not counted.
    fn each(&self) -> usize {
        self.requests.div_ceil(self.concurrency)
    }

    /// A text that reads otherwise backwards.
    fn text(&self) -> String {
        let mut text = "0123456789abcdef".repeat(self.bytes.div_ceil(16));
        text.truncate(self.bytes);
        text
    }
}

/// What the requests took, and what they cost the process that is measured.
struct Measured {
    latencies: Vec<Duration>,
    elapsed: Duration,
    cpu: Duration,
    peak_kib: u64,
}

impl Measured {
    fn print(mut self) {
        self.latencies.sort_unstable();
        let at = |percent: usize| {
            let index = self.latencies.len() * percent / 100;
            self.latencies[index.min(self.latencies.len() - 1)].as_secs_f64() * 1e3
        };
        let (p50, p99) = (at(50), at(99));
        println!(
            "{}",
            json!({
                "requests": self.latencies.len(),
                "seconds": self.elapsed.as_secs_f64(),
                "p50_ms": p50,
                "p99_ms": p99,
                "cpu_seconds": self.cpu.as_secs_f64(),
                "peak_kib": self.peak_kib,
            })
        );
    }
}

fn main() {
    // `cargo bench` says so; a test runner that only looks for tests here finds none, and at once.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    match arguments.split_first() {
        Some((mode, rest)) if mode == "replay" => {
            let (load, process) = rest.split_at(5);
            // One thread: the other core is the axon's.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let process = cost::Process::of(process[0].parse().unwrap());
            runtime
                .block_on(replay::run(&Load::parse(load), &process))
                .print();
        }
        Some((mode, rest)) if mode == "call" => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(call::run(Load::parse(rest))).print();
        }
        _ => panic!("say what to do: replay or call"),
    }
}
