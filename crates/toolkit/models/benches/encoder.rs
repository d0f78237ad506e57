//! Our side of `cargo xtask bench reward`, which runs it and sentence-transformers' (`benches/embeddings_torch.py`) by
//! turns: the same model out of the same folder, the same 256 texts of 4 to 90 words. Prints one JSON line.
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]

#[path = "../../../../benches/processor_time.rs"]
mod processor_time;

use std::{error::Error, path::PathBuf, time::Instant};

use assay_models::{Embedding, Encoder};

const TEXTS: usize = 256;
const WARM_UP: usize = 1;
const WORDS: &str = "river harbour question miner answer reward the of and a bends quickly because validator copper \
                     seventeen gulls are not always right when water carries sediment away from its outer bank \
                     however small";

fn texts() -> Vec<String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = 1_u32;
    let mut draw = |count: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % count
    };
    (0..TEXTS)
        .map(|_| {
            let count = 4 + draw(87);
            let chosen: Vec<&str> = (0..count).map(|_| words[draw(words.len())]).collect();
            format!("{}.", chosen.join(" "))
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rounds, mut folder) = (3, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().ok_or("--rounds needs a number")?.parse()?,
            "--model" => folder = Some(PathBuf::from(arguments.next().ok_or("--model needs a folder")?)),
            // What cargo adds.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let encoder =
        Encoder::load(&folder.ok_or("--model FOLDER is missing: `cargo xtask bench reward` gives it")?)?;
    let texts = texts();
    let inputs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (mut best, mut cpu_before, mut checksum) = (f64::INFINITY, None, 0.0);
    for round in 0..WARM_UP + rounds {
        if round == WARM_UP {
            best = f64::INFINITY;
            cpu_before = processor_time::cpu_seconds();
        }
        let started = Instant::now();
        let vectors = encoder.embed(&inputs, Embedding::SentenceTransformers)?;
        best = best.min(started.elapsed().as_secs_f64());
        checksum = vectors.iter().flatten().map(|value| f64::from(value.abs())).sum();
    }
    let cpu = cpu_before
        .zip(processor_time::cpu_seconds())
        .map(|(before, after)| (after - before) / rounds as f64);
    println!(
        "{}",
        serde_json::json!({
            "texts": inputs.len(),
            "threads": std::thread::available_parallelism()?.get(),
            "best_seconds": best,
            "cpu_seconds": cpu,
            "checksum": checksum,
        })
    );
    Ok(())
}
