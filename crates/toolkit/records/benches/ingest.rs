//! How many events a processor takes in a second, all of it counted: writing them as lines, forcing these to the disk, and
//! rolling them into Parquet. `cargo xtask bench records` runs it, and prints its figures beside Python's.
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

#[path = "../../../../benches/processor_time.rs"]
mod processor_time;

use assay_records::{
    Log, LogConfig, Stream,
    streams::{PromptingStep, Score},
};
use serde_json::json;
use std::time::Instant;
use time::OffsetDateTime;

/// The allocator of our programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events of each kind: some seconds of work.
const SCORES: u64 = 2_000_000;
const STEPS: u64 = 100_000;

/// Miners of a prompting step.
const MINERS: u16 = 10;

fn main() {
    // `cargo bench` says so; a test runner that only looks for tests here finds none, and at once.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let score = Score {
        system: "prompting".to_owned(),
        netuid: Some(1),
        block: Some(4_321_000),
        hotkey: "5Ct4qUEFbYnpkv5WH8J6tHYGYhxqXhb8pkhmbkzoccuY5591".to_owned(),
        uid: Some(77),
        reward: Some(0.734_512),
        score: Some(0.512_734),
        ..Score::default()
    };
    measure("scores", SCORES, |step| Score {
        step,
        ..score.clone()
    });
    let completion = "The capital of Texas is Austin, which lies on the Colorado River. ".repeat(6);
    let scores: Vec<Option<f64>> = (0..MINERS).map(|uid| Some(f64::from(uid) / 7.0)).collect();
    let step = PromptingStep {
        name: "answer".to_owned(),
        block: Some(4_321_000),
        prompt: "What is the capital of Texas, and on which river does it lie?".repeat(4),
        uids: (0..MINERS).collect(),
        hotkeys: vec![score.hotkey.clone(); usize::from(MINERS)],
        completions: vec![completion.clone(); usize::from(MINERS)],
        completion_times: scores.clone(),
        rewards: scores.clone(),
        best: Some(completion),
        step_length: Some(12.5),
        rlhf_reward_model: Some(scores.clone()),
        rlhf_reward_model_normalized: Some(scores),
        ..PromptingStep::default()
    };
    measure("prompting steps", STEPS, |number| PromptingStep {
        step: number,
        ..step.clone()
    });
}

fn measure<S: Stream>(what: &str, events: u64, event: impl Fn(u64) -> S) {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(LogConfig::new(
        folder.path(),
        "5FNvJfPFWzd4LzEwfSf47qwWYmuYes6bfsX2vfe3dNh3d6P9",
    ))
    .unwrap();
    let sample = event(0);
    let bytes = serde_json::to_vec(&sample).unwrap().len();
    let (began, cpu) = (Instant::now(), processor_time::cpu_seconds().unwrap());
    let mut waited = 0u64;
    for number in 0..events {
        while log.record(OffsetDateTime::now_utc(), &event(number)).is_err() {
            // The disk is slower than we are. A validator would drop the event; here all are to be counted.
            waited += 1;
            log.flush().unwrap();
        }
    }
    let recorded = began.elapsed().as_secs_f64();
    log.roll().unwrap();
    let (seconds, cpu) = (
        began.elapsed().as_secs_f64(),
        processor_time::cpu_seconds().unwrap() - cpu,
    );
    println!(
        "{}",
        json!({
            "events": what,
            "bytes": bytes,
            "count": events,
            "seconds_to_record": recorded,
            "seconds": seconds,
            "cpu_seconds": cpu,
            "waited": waited,
        })
    );
}
