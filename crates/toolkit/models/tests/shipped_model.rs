//! The base model that is shipped, with its recipe and the demonstration's datasets.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use assay_models::{BaseModel, Example, Sampling, StopReason, TrainingRecipe, evaluate, generate, train};
use serde_json::Value;

fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../assets")
        .join(name)
}

fn shipped() -> BaseModel {
    BaseModel::load(&asset("base-model")).expect("the shipped model loads")
}

fn recipe() -> TrainingRecipe {
    let text = fs_err::read_to_string(asset("base-model/recipe.toml")).expect("the recipe is shipped");
    let whole: toml::Table = toml::from_str(&text).expect("it is TOML");
    whole["training"]
        .clone()
        .try_into()
        .expect("it has a training part")
}

fn question(system: &str, text: &str) -> String {
    format!(
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
    )
}

/// The rows of a demonstration's file: one question and one answer each.
fn rows(base: &BaseModel, name: &str) -> Vec<Example> {
    let text = fs_err::read_to_string(asset(&format!("demo/{name}.jsonl"))).expect("the dataset is shipped");
    let encode = |text: &str| base.encode(text).expect("it encodes");
    text.lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect("a row");
            let said = |turn: usize| row["conversations"][turn]["content"].as_str().expect("a text");
            let mut input_ids = encode(&question(row["system"].as_str().expect("a text"), said(0)));
            let mut target_mask = vec![false; input_ids.len()];
            let answer = encode(&format!("{}<|im_end|>\n", said(1)));
            target_mask.resize(input_ids.len() + answer.len(), true);
            input_ids.extend(answer);
            Example {
                input_ids,
                target_mask,
            }
        })
        .collect()
}

#[test]
fn it_ranks_the_demonstrations_data_by_quality() {
    let (base, recipe) = (shipped(), recipe());
    let held_out = rows(&base, "eval");
    let loss_after = |name: &str| {
        let go = &mut |_: &_| ControlFlow::Continue(());
        let adapter = train(&base, &rows(&base, name), &recipe, 1, go).expect("training succeeds");
        let go = &mut |_| ControlFlow::Continue(());
        evaluate(&base, Some(&adapter), &held_out, recipe.context_length, go)
            .expect("the rows are sound")
            .mean_of_examples
    };
    // By more than the twenty-fifth that an earlier commitment is favoured with.
    let [clean, tiny, noisy] = ["clean", "tiny", "noisy"].map(loss_after);
    assert!(
        clean < 0.9 * tiny && tiny < 0.9 * noisy,
        "clean {clean}, tiny {tiny}, noisy {noisy}"
    );
}

#[test]
fn it_is_small_and_speaks_the_chat_format() {
    let bytes: u64 = ["config.json", "model.safetensors", "tokenizer.json"]
        .map(|file| {
            fs_err::metadata(asset(&format!("base-model/{file}")))
                .expect("it is shipped")
                .len()
        })
        .iter()
        .sum();
    assert!(
        bytes < 4 << 20,
        "{bytes} bytes are too many to carry in every binary"
    );
    let base = shipped();
    for token in assay_models::SPECIAL_TOKENS {
        let id = base.token_id(token).expect("the token is known");
        assert_eq!(base.encode(token).expect("it encodes"), [id]);
    }
    let prompt = base
        .encode(&question("Answer the question.", "What colour is snow?"))
        .expect("it encodes");
    let stop = &base.architecture().end_tokens;
    let go = &mut |_| ControlFlow::Continue(());
    let answer = generate(&base, None, &prompt, 30, stop, Sampling::Greedy, go).expect("it generates");
    let text = base.decode(&answer.ids).expect("it decodes");
    assert_eq!(answer.reason, StopReason::StopToken, "{text}");
    assert!(
        text.starts_with(char::is_uppercase) && text.ends_with('.'),
        "a sentence: {text}"
    );
}
