//! Makes the base model that Assay ships, from the text in `assets/base-model/corpus` alone:
//!
//! ```text
//! cargo run --release -p assay-models --example make_base_model [-- --steps 1250 --out DIR]
//! ```
//!
//! The corpus is generated, a tokenizer is learned from a part of it, and a small model is trained on it. The same
//! text gives the same model on the same kind of processor.
#![expect(clippy::print_stderr, reason = "progress of a developer's tool")]
#![expect(
    unused_crate_dependencies,
    reason = "an example sees all dependencies of its crate"
)]

mod chains;
mod corpus;
mod grammar;
mod template;

use std::{error::Error, ops::ControlFlow, path::PathBuf, time::Instant};

use assay_models::{Architecture, BaseModel, Example, PretrainingRecipe, pretrain, train_tokenizer};
use corpus::Corpus;

/// Tokens of the vocabulary. With fewer, everyday words fall apart; with more, the embedding outweighs the layers.
const VOCABULARY: usize = 2048;
/// Exchanges that the tokenizer is learned from.
const TOKENIZER_EXCHANGES: u64 = 12_000;
/// Exchanges that are kept out of training, to measure on.
const HELD_OUT: std::ops::Range<u64> = 1_000_000..1_000_200;
const SEED: u64 = 20_261_120;

fn architecture() -> Architecture {
    Architecture {
        vocabulary: VOCABULARY,
        hidden: 128,
        intermediate: 384,
        layers: 4,
        query_heads: 4,
        key_value_heads: 2,
        head_width: 32,
        max_positions: 1024,
        rope_theta: 10_000.0,
        norm_eps: 1e-6,
        tied_embeddings: true,
        end_tokens: Vec::new(),
    }
}

struct Options {
    steps: u32,
    exchanges: u64,
    learning_rate: f64,
    out: PathBuf,
    print: u64,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let assets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../assets/base-model");
    let mut options = Options {
        steps: 1250,
        exchanges: 32,
        learning_rate: 4e-3,
        out: assets,
        print: 0,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--steps" => options.steps = value.parse()?,
            "--exchanges" => options.exchanges = value.parse()?,
            "--learning-rate" => options.learning_rate = value.parse()?,
            "--out" => options.out = value.into(),
            "--print" => options.print = value.parse()?,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let corpus =
        Corpus::load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../assets/base-model/corpus"))?;
    for number in 0..options.print {
        eprintln!("{}", corpus.exchange(number).rendered());
    }
    let texts: Vec<String> = (0..TOKENIZER_EXCHANGES)
        .flat_map(|number| {
            let exchange = corpus.exchange(number);
            let mut texts = vec![format!("system\n{}", exchange.system)];
            for (question, answer) in exchange.turns {
                texts.push(format!("user\n{question}"));
                texts.push(format!("assistant\n{answer}"));
            }
            texts
        })
        .collect();
    let tokenizer = train_tokenizer(&texts, VOCABULARY)?;
    let mut architecture = architecture();
    let base = BaseModel::fresh(architecture.clone(), &tokenizer, SEED)?;
    architecture.end_tokens = ["<|im_end|>", "<|endoftext|>"]
        .into_iter()
        .filter_map(|t| base.token_id(t))
        .collect();
    let base = BaseModel::fresh(architecture, &tokenizer, SEED)?;
    eprintln!("{} weights", base.architecture().parameters());

    let encode = |number: u64| -> Result<Example, assay_models::ModelError> {
        Ok(Example::all_targets(
            base.encode(&corpus.exchange(number).rendered())?,
        ))
    };
    let recipe = PretrainingRecipe {
        steps: options.steps,
        learning_rate: options.learning_rate,
        warmup_steps: 40,
        weight_decay: 0.1,
        context_length: 512,
    };
    let started = Instant::now();
    let (mut failed, mut tokens) = (None, 0);
    let mut batch = |step: u32| -> Vec<Example> {
        let first = u64::from(step) * options.exchanges;
        let encoded: Result<Vec<Example>, _> = (first..first + options.exchanges).map(encode).collect();
        encoded.unwrap_or_else(|error| {
            failed = Some(error);
            Vec::new()
        })
    };
    let trained = pretrain(&base, &recipe, &mut batch, &mut |step| {
        tokens += step.tokens;
        if step.step % 25 == 0 || step.step + 1 == step.steps {
            let seconds = started.elapsed().as_secs_f64();
            let rate = tokens as f64 / seconds;
            eprintln!(
                "step {}/{}: loss {:.4}, {tokens} tokens, {rate:.0} a second",
                step.step, step.steps, step.loss
            );
        }
        ControlFlow::Continue(())
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let trained = trained?;
    let held_out: Vec<Example> = HELD_OUT.map(encode).collect::<Result<_, _>>()?;
    let loss = assay_models::evaluate(&trained, None, &held_out, 512, &mut |_| ControlFlow::Continue(()))?;
    eprintln!("held out: {:.4} nats a token", loss.token_weighted);
    trained.save(&options.out)?;
    eprintln!("wrote {}", options.out.display());
    Ok(())
}
