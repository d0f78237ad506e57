//! `assay model` on files, through the built binary.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../vectors/flock")
        .join(name)
}

fn assay(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assay"))
        .arg("model")
        .args(arguments)
        .env("HOME", home)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn json(output: &Output) -> Value {
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    serde_json::from_str(&said).expect("one JSON document")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const RECIPE: &str = r#"
version = 1
name = "test"
template = "qwen"
loss = "rows"

[training]
epochs = 4
micro_batch = 1
accumulation = 4
learning_rate = 5e-3
warmup_steps = 1
schedule = "linear"
max_grad_norm = 1.0
weight_decay = 0.0
betas = [0.9, 0.999]
eps = 1e-8
context_length = 128
step_rule = "native"
order = "shuffled"

[training.lora]
rank = 8
alpha = 16.0
dropout = 0.0
targets = "all-linear"
"#;

#[test]
fn an_adapter_is_trained_measured_and_used() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let recipe = home.path().join("recipe.toml");
    fs_err::write(&recipe, RECIPE).expect("it is written");
    let adapter = home.path().join("adapter");
    let [base, train, eval, recipe, adapter] = [
        &vectors("base"),
        &vectors("data/train.jsonl"),
        &vectors("data/eval.jsonl"),
        &recipe,
        &adapter,
    ]
    .map(|path| path.to_str().expect("a plain path").to_owned());

    let trained = json(&assay(
        home.path(),
        &[
            "lora",
            "--json",
            "--base-model",
            &base,
            "--recipe",
            &recipe,
            "--dataset",
            &train,
            "--out",
            &adapter,
            "--eval",
            &eval,
        ],
    ));
    assert_eq!((&trained["rows"], &trained["steps"]), (&12.into(), &12.into()));
    let loss = |key: &str| trained[key].as_f64().expect("a number");
    assert!(loss("last_loss") < loss("first_loss") - 0.3, "{trained}");
    assert!(
        (loss("eval_before") - 6.386_781).abs() < 1e-4,
        "the reference's loss: {trained}"
    );
    assert!(loss("eval_after") < loss("eval_before"), "{trained}");

    let measured = json(&assay(
        home.path(),
        &[
            "eval",
            "--json",
            "--base-model",
            &base,
            "--adapter",
            &adapter,
            "--recipe",
            &recipe,
            &eval,
        ],
    ));
    assert_eq!(measured[0]["loss"].as_f64(), Some(loss("eval_after")));
    assert_eq!(measured[0]["target_tokens"], 38);

    let generate = |more: &[&str]| {
        let arguments = [
            "generate",
            "--json",
            "--base-model",
            &base,
            "--adapter",
            &adapter,
            "--max-tokens",
            "5",
        ];
        json(&assay(home.path(), &[&arguments[..], more, &["Hello!"]].concat()))
    };
    assert_eq!(generate(&[]), generate(&[]));
    let drawn = ["--temperature", "1.5", "--seed"];
    assert_ne!(
        generate(&[&drawn[..], &["1"]].concat()),
        generate(&[&drawn[..], &["2"]].concat())
    );
}

#[test]
fn the_shipped_model_answers_without_being_named() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let answer = json(&assay(
        home.path(),
        &["generate", "--json", "What colour is snow?"],
    ));
    assert!(
        answer["text"].as_str().is_some_and(|text| text.ends_with('.')),
        "{answer}"
    );
    assert_eq!(answer["reason"], "stop-token");
}

#[test]
fn what_cannot_be_used_is_named_with_a_hint() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let rows = home.path().join("rows.jsonl");
    fs_err::write(&rows, "{\"system\": \"\", \"conversations\": []}\n").expect("it is written");
    let rows = rows.to_str().expect("a plain path");
    let base = vectors("base");
    let base = base.to_str().expect("a plain path");
    for (arguments, expected) in [
        (vec!["generate", "--base-model", "/nowhere", "Hi"], "/nowhere"),
        (
            vec!["generate", "--base-model", base, "--adapter", base, "Hi"],
            "adapter_config.json",
        ),
        (vec!["eval", "--base-model", base, rows], "rows.jsonl"),
        (
            vec!["generate", "--base-model", base, "--temperature", "0", "Hi"],
            "temperature",
        ),
    ] {
        let output = assay(home.path(), &arguments);
        let complained = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {complained}");
        assert!(
            complained.contains(expected) && complained.contains("hint:"),
            "{arguments:?}: {complained}"
        );
        assert!(output.stdout.is_empty());
    }
}
