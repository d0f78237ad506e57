//! Our side of `cargo xtask bench reward` for the whole stack: one step of fifty answers with all judges and masks of the
//! profile `stack`, out of the folder that `benches/stack_torch.py` made. Prints one JSON line.
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]

#[path = "../../../../benches/processor_time.rs"]
mod processor_time;

use assay_keys::AccountId;
use assay_prompting::{
    Fidelity, Profile, Settings,
    judging::{Answer, Batch, Figures, Judgement, ModelFolders, Words},
    scoring::{
        blacklist::Blacklist,
        diversity::{
            Alone, diversity_in_order,
            history::{History, HistoryRule},
        },
        log_probability::Repetition,
    },
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::{
    error::Error,
    path::PathBuf,
    time::{Duration, Instant},
};

/// A round before those that count.
const WARM_UP: usize = 1;
/// Answers that are remembered when a validator has run for long.
const REMEMBERED: usize = 15_500;
/// Numbers of an embedding of the original's encoder.
const WIDTH: usize = 768;

#[derive(Deserialize)]
struct Texts {
    prompt: String,
    answers: Vec<String>,
}

/// The sum of a column's figures.
fn sum(judgement: &Judgement, column: &str) -> f64 {
    let found = judgement.columns.iter().find(|found| found.name == column);
    match found.map(|found| &found.figures) {
        Some(Figures::Numbers(numbers)) => numbers.iter().flatten().sum(),
        _ => f64::NAN,
    }
}

/// Comparing a batch with all that is remembered, seconds.
fn history() -> Result<f64, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut row = || -> Vec<f32> { (0..WIDTH).map(|_| rng.random_range(-1.0..1.0)).collect() };
    let mut history = History::new(HistoryRule::new(Fidelity::Fixed));
    for hotkey in 0..REMEMBERED / 100 {
        let rows: Vec<_> = (0..100).map(|_| (hotkey, row())).collect();
        history.append(&rows)?;
    }
    let batch: Vec<Vec<f32>> = (0..50).map(|_| row()).collect();
    let batch: Vec<&[f32]> = batch.iter().map(Vec::as_slice).collect();
    let came = vec![0.0; batch.len()];
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let started = Instant::now();
        let found = diversity_in_order(&batch, &came, &history, Alone::Diverse, Fidelity::Fixed);
        best = best.min(started.elapsed().as_secs_f64());
        if found.len() != batch.len() {
            return Err("the history judges other answers than those it was given".into());
        }
    }
    Ok(best)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rounds, mut folder) = (3, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().ok_or("--rounds needs a number")?.parse()?,
            "--models" => folder = Some(PathBuf::from(arguments.next().ok_or("--models needs a folder")?)),
            // What cargo adds.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let folder = folder.ok_or("--models FOLDER is missing: `cargo xtask bench reward` gives it")?;
    let texts: Texts = serde_json::from_slice(&fs_err::read(folder.join("texts.json"))?)?;
    let settings = Settings {
        // The peer computes the plain log-probability.
        repetition: Repetition::Free,
        .."stack".parse::<Profile>()?.settings()
    };
    let mut stack = ModelFolders::new(folder).stack(&settings)?;
    let answers: Vec<Answer<'_>> = texts
        .answers
        .iter()
        .zip(0_u8..)
        .map(|(text, number)| Answer {
            text,
            hotkey: AccountId([number; 32]),
            took: Duration::from_millis(u64::from(number)),
        })
        .collect();
    let batch = Batch {
        step: "answer0",
        prompt: &texts.prompt,
        base_prompt: &texts.prompt,
        task: None,
        answers: &answers,
        heard: &Blacklist::new([], Fidelity::Fixed),
        words: Words::Kept,
    };
    let (mut best, mut cpu_before, mut judged) = (f64::INFINITY, None, Judgement::default());
    for round in 0..WARM_UP + rounds {
        if round == WARM_UP {
            best = f64::INFINITY;
            cpu_before = processor_time::cpu_seconds();
        }
        let started = Instant::now();
        judged = stack.judge(&batch)?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    let cpu = cpu_before
        .zip(processor_time::cpu_seconds())
        .map(|(before, after)| (after - before) / rounds as f64);
    println!(
        "{}",
        serde_json::json!({
            "texts": answers.len(),
            "best_seconds": best,
            "cpu_seconds": cpu,
            "sums": {
                "dpo": sum(&judged, "dpo_reward_model"),
                "rlhf": sum(&judged, "rlhf_reward_model"),
                "reciprocate": sum(&judged, "reciprocate_reward_model"),
                "nsfw": sum(&judged, "nsfw_filter_score"),
                "bert": sum(&judged, "relevance_filter_bert_score"),
                "mpnet": sum(&judged, "relevance_filter_mpnet_score"),
            },
            "history_seconds": history()?,
        })
    );
    Ok(())
}
