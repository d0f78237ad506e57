//! Our side of the LoRA benchmark: `cargo xtask bench lora` runs it and PyTorch's (`benches/lora_torch.py`) by turns.
//!
//! The same shape: 4 layers (hidden 256, feed-forward 688, 4 query and 2 key-value heads, 4096 tokens, tied), rank 16
//! on all linear maps, 8 rows of 256 random tokens a step, every token a target, fp32. Prints one JSON line.
#![expect(clippy::print_stdout, reason = "the figures are this program's data")]

#[path = "../../../../benches/processor_time.rs"]
mod processor_time;

use std::{error::Error, ops::ControlFlow, time::Instant};

use assay_models::{
    Architecture, BaseModel, Example, LoraConfig, RowOrder, Schedule, StepRule, Targets, TrainingRecipe,
    evaluate, train, train_tokenizer,
};

const ROWS: usize = 8;
const LENGTH: usize = 256;
const VOCABULARY: u32 = 4096;
const WARM_UP: usize = 2;

fn base() -> Result<BaseModel, Box<dyn Error>> {
    let architecture = Architecture {
        vocabulary: VOCABULARY as usize,
        hidden: 256,
        intermediate: 688,
        layers: 4,
        query_heads: 4,
        key_value_heads: 2,
        head_width: 64,
        max_positions: 1024,
        rope_theta: 10_000.0,
        norm_eps: 1e-6,
        tied_embeddings: true,
        end_tokens: Vec::new(),
    };
    let tokenizer = train_tokenizer(&["only the numbers matter here".to_owned()], 300)?;
    Ok(BaseModel::fresh(architecture, &tokenizer, 0)?)
}

fn rows() -> Vec<Example> {
    let mut state = 1_u32;
    let mut token = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % VOCABULARY
    };
    (0..ROWS)
        .map(|_| Example::all_targets((0..LENGTH).map(|_| token()).collect()))
        .collect()
}

fn recipe(steps: usize) -> TrainingRecipe {
    TrainingRecipe {
        epochs: u32::try_from(steps).unwrap_or(u32::MAX),
        min_steps: 0,
        micro_batch: ROWS,
        accumulation: 1,
        learning_rate: 2e-4,
        warmup_steps: 0,
        schedule: Schedule::Constant,
        max_grad_norm: None,
        weight_decay: 0.0,
        betas: [0.9, 0.999],
        eps: 1e-8,
        context_length: LENGTH,
        step_rule: StepRule::Native,
        order: RowOrder::Sequential,
        lora: LoraConfig {
            rank: 16,
            alpha: 32.0,
            dropout: 0.0,
            targets: Targets::AllLinear,
        },
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut steps, mut mode) = (8, "train".to_owned());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--steps" => steps = arguments.next().ok_or("--steps needs a number")?.parse()?,
            "--mode" => mode = arguments.next().ok_or("--mode needs train or eval")?,
            // What cargo adds.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let (base, rows) = (base()?, rows());
    let mut seconds: Vec<f64> = Vec::new();
    let mut cpu_before = None;
    let mut loss = 0.0;
    let mut started = Instant::now();
    let mut measure = |found: f64| {
        seconds.push(started.elapsed().as_secs_f64());
        loss = found;
        if seconds.len() == WARM_UP {
            cpu_before = processor_time::cpu_seconds();
        }
        started = Instant::now();
    };
    match mode.as_str() {
        "train" => {
            train(&base, &rows, &recipe(steps + WARM_UP), 0, &mut |step| {
                measure(step.loss);
                ControlFlow::Continue(())
            })?;
        }
        "eval" => {
            for _ in 0..steps + WARM_UP {
                let found = evaluate(&base, None, &rows, LENGTH, &mut |_| ControlFlow::Continue(()))?;
                measure(found.token_weighted);
            }
        }
        other => return Err(format!("unknown mode {other}").into()),
    }
    let cpu = cpu_before
        .zip(processor_time::cpu_seconds())
        .map(|(before, after)| (after - before) / steps as f64);
    let measured = &seconds[WARM_UP..];
    let best = measured.iter().copied().fold(f64::INFINITY, f64::min);
    println!(
        "{}",
        serde_json::json!({
            "mode": mode,
            "threads": std::thread::available_parallelism()?.get(),
            "steps": measured.len(),
            "tokens": ROWS * LENGTH,
            "best_seconds": best,
            "mean_seconds": measured.iter().sum::<f64>() / measured.len() as f64,
            "cpu_seconds": cpu,
            "loss": loss,
        })
    );
    Ok(())
}
