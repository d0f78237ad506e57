//! What a dataset of a million prompting steps costs: time, processor time and memory. `cargo xtask bench records` runs it,
//! and prints its figures beside those of a pandas script that does the same.
//!
//! ```text
//! dataset make RECORDS EVENTS    writes made-up events, as a validator would
//! dataset build RECORDS DATASET  makes a dataset of them, and prints one line of figures
//! ```
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

#[path = "../../../../benches/processor_time.rs"]
mod processor_time;

use assay_records::{
    Log, LogConfig,
    dataset::{Blacklist, BuildPlan, Case, Kind, Source, build},
    streams::PromptingStep,
};
use serde_json::json;
use std::{collections::BTreeSet, path::Path, time::Instant};
use time::{Duration, OffsetDateTime, macros::datetime};

/// The allocator of our programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Miners that are asked in a step.
const MINERS: u16 = 6;

/// The first event, and the time between two.
const BEGIN: OffsetDateTime = datetime!(2026-11-01 00:00:00 UTC);
const STEP: Duration = Duration::milliseconds(500);

/// What a boilerplate answer says, here and in benches/dataset_pandas.py.
const BOILERPLATE: &str = "This is a complex issue that has many aspects to consider.";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", records, events] => make(Path::new(records), events.parse().unwrap()),
        ["build", records, dataset] => measure(Path::new(records), Path::new(dataset)),
        // A test runner that only looks for tests here finds none, and at once.
        _ => {}
    }
}

/// The plan, which benches/dataset_pandas.py carries out too.
fn plan(records: &Path) -> BuildPlan {
    let mut plan = BuildPlan::new([Source::Records(records.to_owned())]);
    plan.since = Some(datetime!(2026-11-01 01:00:00 UTC));
    plan.until = Some(datetime!(2026-12-01 00:00:00 UTC));
    plan.kinds = BTreeSet::from([Kind::Question, Kind::Answer]);
    plan.min_reward = Some(0.3);
    plan.phrases.exclude = ["as an ai language model", "http://", "cannot help"]
        .map(str::to_owned)
        .into();
    plan.phrases.case = Case::Insensitive;
    plan.blacklist = Blacklist::from_iter([BOILERPLATE, "[]"]);
    plan.best_per_prompt = true;
    plan
}

fn measure(records: &Path, dataset: &Path) {
    let (began, cpu) = (Instant::now(), processor_time::cpu_seconds().unwrap());
    let report = build(&plan(records), dataset).unwrap();
    println!(
        "{}",
        json!({
            "events": report.counts.events,
            "rows": report.rows(),
            "seconds": began.elapsed().as_secs_f64(),
            "cpu_seconds": processor_time::cpu_seconds().unwrap() - cpu,
            "peak_mib": peak_mib(),
        })
    );
}

fn make(records: &Path, events: u64) {
    let log = Log::open(LogConfig::new(
        records,
        "5FNvJfPFWzd4LzEwfSf47qwWYmuYes6bfsX2vfe3dNh3d6P9",
    ))
    .unwrap();
    let mut random = Random(7);
    let words: Vec<String> = (0..4_000).map(|_| random.word()).collect();
    for number in 0..events {
        let event = step(number, &words, &mut random);
        while log
            .record(BEGIN + STEP * i32::try_from(number).unwrap(), &event)
            .is_err()
        {
            // The disk is slower than we are.
            log.flush().unwrap();
        }
    }
    log.roll().unwrap();
}

fn step(number: u64, words: &[String], random: &mut Random) -> PromptingStep {
    // A prompt is asked some two times, by another of its number.
    let subject = random.below(50 + number / 2);
    let mut of_subject = Random(subject * 2 + 1);
    let prompt = text(60, words, &mut of_subject);
    let name = ["answer0", "answer1", "followup0", "augment"][usize::try_from(subject % 4).unwrap()];
    let mut completions = Vec::new();
    for _ in 0..MINERS {
        completions.push(match random.below(20) {
            0 => String::new(),
            1 => BOILERPLATE.to_owned(),
            2 => format!("As an AI language model I {}", text(20, words, random)),
            // What everyone says to this.
            3..6 => text(30, words, &mut Random(subject * 2)),
            _ => {
                let length = 10 + random.below(50);
                text(length, words, random)
            }
        });
    }
    #[expect(clippy::cast_precision_loss, reason = "a thousand fits")]
    let rewards: Vec<Option<f64>> = completions
        .iter()
        .map(|text| (!text.is_empty()).then(|| random.below(1_000) as f64 / 1_000.0))
        .collect();
    PromptingStep {
        name: name.to_owned(),
        step: number,
        block: Some(4_000_000 + number / 24),
        prompt,
        uids: (0..MINERS).collect(),
        hotkeys: vec!["5Ct4qUEFbYnpkv5WH8J6tHYGYhxqXhb8pkhmbkzoccuY5591".to_owned(); usize::from(MINERS)],
        completion_times: rewards.clone(),
        rlhf_reward_model: Some(rewards.clone()),
        rlhf_reward_model_normalized: Some(rewards.clone()),
        best: completions.first().cloned(),
        completions,
        rewards,
        step_length: Some(12.5),
        ..PromptingStep::default()
    }
}

fn text(length: u64, words: &[String], random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..length {
        text.push_str(&words[usize::try_from(random.below(words.len() as u64)).unwrap()]);
        text.push(' ');
    }
    text.push('.');
    text
}

/// The same numbers each time: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % bound
    }

    fn word(&mut self) -> String {
        let length = 2 + self.below(7);
        let letters = (0..length).map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap()));
        letters.collect()
    }
}

/// The most memory that this process ever had.
fn peak_mib() -> f64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
