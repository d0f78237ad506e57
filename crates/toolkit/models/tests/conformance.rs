//! Models and adapters exchanged with transformers and peft.

mod reference;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use assay_models::{
    Adapter, BaseModel, Example, LoraConfig, Projection, Rounding, StepRule, Targets, TrainingRecipe,
    evaluate, train,
};
use assay_peers::Python;
use reference::{assert_close, examples, numbers, path};
use serde_json::Value;

/// Losses agree to this many nats; single and double precision of the peer differ by 1e-6.
const LOSS: f64 = 2e-5;

/// Importing torch alone takes half a minute on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../assets/base-model")
}

fn peer(command: &str, base: &Path, input: &Path, adapter: Option<&Path>) -> Value {
    let mut script = Python::venv("train")
        .script("conformance/train/adapter_loss.py")
        .arg(command)
        .arg(base)
        .arg(input);
    if let Some(adapter) = adapter {
        script = script.arg(adapter);
    }
    script
        .timeout(PATIENCE)
        .run()
        .pop()
        .expect("the script prints one line")
}

fn written(folder: &Path, rows: &[Example]) -> PathBuf {
    let file = folder.join("examples.json");
    fs_err::write(
        &file,
        serde_json::to_vec(rows).expect("examples have a JSON form"),
    )
    .expect("it is written");
    file
}

fn losses(base: &BaseModel, adapter: Option<&Adapter>, rows: &[Example]) -> Vec<f64> {
    evaluate(base, adapter, rows, 96, &mut |_| ControlFlow::Continue(()))
        .expect("the rows are sound")
        .per_example
}

fn assert_losses(found: &[f64], expected: &Value, what: &str) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_close(*found, expected, LOSS, what);
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn peft_loads_our_adapters_and_finds_the_same_losses() {
    let (base, rows) = (reference::base(), examples("eval"));
    for targets in [
        Targets::AllLinear,
        Targets::Named(vec![Projection::Key, Projection::Down]),
    ] {
        let recipe = TrainingRecipe {
            epochs: 6,
            learning_rate: 2e-3,
            warmup_steps: 1,
            context_length: 96,
            step_rule: StepRule::Native,
            lora: LoraConfig {
                rank: 4,
                alpha: 6.0,
                dropout: 0.1,
                targets,
            },
            ..TrainingRecipe::flock_2025()
        };
        let adapter = train(&base, &examples("train"), &recipe, 11, &mut |_| {
            ControlFlow::Continue(())
        })
        .expect("training succeeds");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let saved = folder.path().join("adapter");
        adapter.save_peft(&saved).expect("it is saved");
        let theirs = peer(
            "measure",
            &path("base"),
            &written(folder.path(), &rows),
            Some(&saved),
        );
        let ours = losses(&base, Some(&adapter), &rows);
        assert!(ours != losses(&base, None, &rows), "the adapter does something");
        assert_losses(&losses(&base, None, &rows), &theirs["base"], "the base");
        assert_losses(&ours, &theirs["adapted"], "with the adapter");
        let merged = base.merged(&adapter, Rounding::Single).expect("the adapter fits");
        assert_losses(&losses(&merged, None, &rows), &theirs["merged"], "merged");
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn adapters_that_peft_makes_load_here() {
    let (base, rows) = (reference::base(), examples("eval"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = folder.path().join("adapter");
    let theirs = peer("make", &path("base"), &written(folder.path(), &rows), Some(&made));
    let adapter = Adapter::load_peft(&made).expect("it loads");
    assert_eq!(
        adapter.config().targets,
        Targets::Named(vec![Projection::Query, Projection::Value])
    );
    assert_losses(
        &losses(&base, Some(&adapter), &rows),
        &theirs["adapted"],
        "with their adapter",
    );
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn transformers_reads_the_shipped_model_and_cuts_texts_alike() {
    let base = BaseModel::load(&shipped()).expect("the shipped model loads");
    let texts = [
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is 12 + 7?<|im_end|>\n",
        "Don't stop:  two  blanks, a tab\tand\r\n\r\nlines. CAFÉ, cafe\u{301}, 北京, 🦀, 3,141.59€ <|endoftext|>",
        "",
    ];
    let ids: Vec<Vec<u32>> = texts
        .iter()
        .map(|text| base.encode(text).expect("it encodes"))
        .collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("texts.json");
    fs_err::write(&file, serde_json::to_vec(&texts).expect("texts have a JSON form")).expect("it is written");
    let theirs = peer("encode", &shipped(), &file, None);
    assert_eq!(
        serde_json::to_value(&ids).expect("ids have a JSON form"),
        theirs["ids"]
    );

    let rows: Vec<Example> = ids
        .into_iter()
        .filter(|ids| ids.len() > 1)
        .map(Example::all_targets)
        .collect();
    let theirs = peer("measure", &shipped(), &written(folder.path(), &rows), None);
    assert_losses(&losses(&base, None, &rows), &theirs["base"], "the shipped model");
}
