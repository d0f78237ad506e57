//! The trainer against PyTorch's numbers: forward logits, gradients, two training runs, evaluation.

mod reference;

use std::ops::ControlFlow;

use assay_models::{
    Adapter, BaseModel, Evaluation, Example, LoraConfig, Rounding, RowOrder, Schedule, StepRule, Targets,
    TrainingRecipe, TrainingStep, adapter_gradient, evaluate, train_from,
};
use reference::{assert_close, base, examples, json, numbers, path, relative_difference, tensors};
use serde_json::Value;

/// Losses agree to this many nats; single and double precision of the reference differ by 1.2e-6.
const LOSS: f64 = 2e-5;

fn initial_adapter() -> Adapter {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs_err::copy(
        path("run_a/adapter_final/adapter_config.json"),
        folder.path().join("adapter_config.json"),
    )
    .expect("the configuration is copied");
    fs_err::copy(
        path("run_a/adapter_init.safetensors"),
        folder.path().join("adapter_model.safetensors"),
    )
    .expect("the tensors are copied");
    Adapter::load_peft(folder.path()).expect("the initial adapter loads")
}

fn evaluation(base: &BaseModel, adapter: Option<&Adapter>, examples: &[Example]) -> Evaluation {
    evaluate(base, adapter, examples, 512, &mut |_| ControlFlow::Continue(()))
        .expect("the examples are sound")
}

fn assert_evaluation(found: &Evaluation, expected: &Value, what: &str) {
    for (found, expected) in found.per_example.iter().zip(numbers(&expected["per_example"])) {
        assert_close(*found, expected, LOSS, what);
    }
    let number = |key: &str| expected[key].as_f64().expect("a number");
    assert_close(
        found.mean_of_examples,
        number("mean_of_example_means"),
        LOSS,
        what,
    );
    assert_close(found.token_weighted, number("token_weighted_mean"), LOSS, what);
    assert_eq!(
        found.target_tokens.iter().sum::<usize>() as f64,
        number("target_tokens"),
        "{what}"
    );
}

fn recipe_a() -> TrainingRecipe {
    TrainingRecipe {
        epochs: 10,
        min_steps: 0,
        micro_batch: 4,
        accumulation: 1,
        learning_rate: 1e-3,
        warmup_steps: 0,
        schedule: Schedule::Constant,
        max_grad_norm: None,
        weight_decay: 0.0,
        betas: [0.9, 0.999],
        eps: 1e-8,
        context_length: 96,
        step_rule: StepRule::Native,
        order: RowOrder::Sequential,
        lora: LoraConfig {
            rank: 8,
            alpha: 16.0,
            dropout: 0.0,
            targets: Targets::AllLinear,
        },
    }
}

/// The original validator's schedule, on rows in file order and without dropout.
fn recipe_b() -> TrainingRecipe {
    TrainingRecipe {
        order: RowOrder::Sequential,
        context_length: 96,
        lora: LoraConfig {
            rank: 8,
            alpha: 16.0,
            dropout: 0.0,
            targets: Targets::AllLinear,
        },
        ..TrainingRecipe::flock_2025()
    }
}

fn rows_b() -> Vec<Example> {
    let rows = examples("train");
    (0..28).map(|index| rows[index % rows.len()].clone()).collect()
}

fn run(recipe: &TrainingRecipe, rows: &[Example], steps: u32) -> (Adapter, Vec<TrainingStep>) {
    let mut reports = Vec::new();
    let adapter = train_from(&base(), initial_adapter(), rows, recipe, 0, &mut |report| {
        reports.push(*report);
        if report.step + 1 == steps {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .expect("training succeeds");
    (adapter, reports)
}

fn assert_adapter(found: &Adapter, folder: &str) {
    let expected = tensors(&format!("{folder}/adapter_model.safetensors"));
    assert_eq!(found.tensor_names().len(), expected.len());
    for (name, expected) in expected {
        let found = found.tensor(&name).expect("the tensor is in the adapter");
        let difference = relative_difference(found, &expected);
        assert!(difference < 1e-4, "{name} differs by {difference}");
    }
    let loaded = Adapter::load_peft(&path(folder)).expect("the reference's adapter loads");
    assert_eq!(loaded.tensor_names(), found.tensor_names());
}

#[test]
fn the_tokenizer_cuts_texts_as_the_reference_does() {
    let base = base();
    for (file, part) in [("data/train.jsonl", "train"), ("data/eval.jsonl", "eval")] {
        let text = fs_err::read_to_string(path(file)).expect("the rows are in the repository");
        let expected = examples(part);
        assert_eq!(text.lines().count(), expected.len());
        for (line, expected) in text.lines().zip(expected) {
            let row: Value = serde_json::from_str(line).expect("a row");
            let mut pieces = vec![format!(
                "<|im_start|>system\n{}<|im_end|>\n",
                row["system"].as_str().expect("a text")
            )];
            for turn in row["conversations"].as_array().expect("turns") {
                let content = turn["content"].as_str().expect("a text");
                pieces.push(if turn["role"] == "user" {
                    format!("<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n")
                } else {
                    format!("{content}<|im_end|>\n")
                });
            }
            let mut ids: Vec<u32> = pieces
                .iter()
                .flat_map(|piece| base.encode(piece).expect("it encodes"))
                .collect();
            ids.truncate(96);
            assert_eq!(ids, expected.input_ids, "{line}");
        }
    }
}

#[test]
fn forward_logits_match() {
    let expected = &tensors("run_a/logits_step0_row0.safetensors")["logits_row0"];
    let ids = &examples("train")[0].input_ids;
    let found = base()
        .logits(Some(&initial_adapter()), ids)
        .expect("the tokens are sound");
    // The reference's row is padded to the longest of its batch.
    let difference = relative_difference(&found, &expected[..found.len()]);
    assert!(difference < 1e-5, "logits differ by {difference}");
}

#[test]
fn the_batches_of_run_a_are_the_rows_in_order() {
    let content = fs_err::read(path("run_a/batches.safetensors")).expect("the batches are in the repository");
    let file = safetensors::SafeTensors::deserialize(&content).expect("it is sound");
    let rows = examples("train");
    for step in 0..20 {
        let view = file
            .tensor(&format!("step_{step:02}.input_ids"))
            .expect("the step is there");
        let width = view.shape()[1];
        let ids: Vec<i64> = view
            .data()
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| i64::from_le_bytes(*bytes))
            .collect();
        for (place, found) in ids.chunks(width).enumerate() {
            let expected = &rows[(4 * step + place) % rows.len()].input_ids;
            assert!(
                found.iter().zip(expected).all(|(a, b)| *a == i64::from(*b)),
                "step {step}, row {place}"
            );
        }
    }
}

#[test]
fn gradients_of_the_first_two_steps_match() {
    let rows = examples("train");
    let after_one_step = run(&recipe_a(), &rows, 1).0;
    for (file, adapter, batch) in [
        ("run_a/grads_step0.safetensors", initial_adapter(), &rows[..4]),
        ("run_a/grads_step1.safetensors", after_one_step, &rows[4..8]),
    ] {
        let found = adapter_gradient(&base(), &adapter, batch)
            .expect("the rows are sound")
            .by_tensor;
        let expected = tensors(file);
        assert_eq!(found.len(), expected.len());
        for (name, expected) in expected {
            let difference = relative_difference(&found[&name], &expected);
            assert!(difference < 1e-5, "{file}: {name} differs by {difference}");
        }
    }
}

#[test]
fn run_a_twenty_steps_at_a_constant_rate() {
    let report = &json("report.json")["run_a"];
    let (adapter, steps) = run(&recipe_a(), &examples("train"), 20);
    let expected = report["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), expected.len());
    for (found, expected) in steps.iter().zip(expected) {
        let number = |key: &str| expected[key].as_f64().expect("a number");
        assert_close(found.loss, number("loss"), LOSS, "loss");
        assert_eq!(found.target_tokens as f64, number("target_tokens"));
        assert_close(found.grad_norm, number("grad_norm"), 1e-4, "gradient norm");
    }
    assert_adapter(&adapter, "run_a/adapter_final");
    let (base, rows) = (base(), examples("eval"));
    assert_evaluation(&evaluation(&base, None, &rows), &report["eval_before"], "before");
    assert_evaluation(
        &evaluation(&base, Some(&adapter), &rows),
        &report["eval_after"],
        "after",
    );
    let merged = base.merged(&adapter, Rounding::Single).expect("the adapter fits");
    assert_evaluation(
        &evaluation(&merged, None, &rows),
        &report["eval_after_merged"],
        "merged",
    );
    let rounded = base
        .merged(&adapter, Rounding::Brain16)
        .expect("the adapter fits");
    let found = evaluation(&rounded, None, &rows).mean_of_examples;
    let exact = report["eval_after_merged"]["mean_of_example_means"]
        .as_f64()
        .expect("a number");
    assert!(
        found != exact && (found - exact).abs() < 0.05,
        "bf16 moves the loss a little: {found} and {exact}"
    );
}

#[test]
fn run_b_the_original_validators_schedule() {
    let report = &json("report.json")["run_b"];
    let (adapter, steps) = run(&recipe_b(), &rows_b(), u32::MAX);
    let expected = report["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), expected.len());
    for (found, expected) in steps.iter().zip(expected) {
        let number = |key: &str| expected[key].as_f64().expect("a number");
        assert_close(found.loss, number("loss"), LOSS, "loss");
        assert_close(
            found.grad_norm,
            number("grad_norm_before_clip"),
            1e-4,
            "gradient norm",
        );
        assert_close(found.learning_rate, number("lr"), 1e-12, "learning rate");
        assert_eq!(found.target_tokens as f64, number("target_tokens"));
        assert_eq!(found.rows as f64, number("rows"));
        assert_eq!(f64::from(found.epoch), number("epoch"));
    }
    assert_adapter(&adapter, "run_b/adapter_final");
    assert_evaluation(
        &evaluation(&base(), Some(&adapter), &examples("eval")),
        &report["eval_after"],
        "after",
    );
}

#[test]
fn rows_packed_together_lose_what_they_lose_alone() {
    let (base, rows) = (base(), examples("train"));
    let together = evaluation(&base, None, &rows);
    assert_evaluation(&together, &json("report.json")["base_train_rows"], "packed rows");
    for (row, packed) in rows.iter().zip(&together.per_example) {
        let alone = evaluation(&base, None, std::slice::from_ref(row));
        assert_close(alone.per_example[0], *packed, 2e-6, "a row alone");
    }
}

#[test]
fn four_bit_weights_give_the_references_loss() {
    // The reference quantised every linear map in blocks of 64 with this table; nearest code, block maximum as scale.
    let report = &json("report.json")["nf4"];
    let table: Vec<f32> = numbers(&report["table"])
        .iter()
        .map(|code| *code as f32)
        .collect();
    let quantised = |values: &[f32]| -> Vec<f32> {
        values
            .chunks(64)
            .flat_map(|block| {
                let scale = block.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
                block.iter().map(move |value| (value / scale, scale))
            })
            .map(|(value, scale)| {
                let nearest = table.iter().copied().reduce(|best, code| {
                    if (value - code).abs() < (value - best).abs() {
                        code
                    } else {
                        best
                    }
                });
                nearest.expect("the table is not empty") * scale
            })
            .collect()
    };
    let block = tensors("nf4/q_proj0.safetensors");
    assert_eq!(quantised(&block["weight"]), block["dequant"]);
    let worst = block["weight"]
        .iter()
        .zip(&block["dequant"])
        .fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    assert_close(
        f64::from(worst),
        report["max_abs_err_q_proj0"].as_f64().expect("a number"),
        1e-7,
        "worst error",
    );

    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["config.json", "tokenizer.json"] {
        fs_err::copy(path(&format!("base/{file}")), folder.path().join(file)).expect("the file is copied");
    }
    let content = fs_err::read(path("base/model.safetensors")).expect("the weights are in the repository");
    let file = safetensors::SafeTensors::deserialize(&content).expect("it is sound");
    let weights = tensors("base/model.safetensors");
    let changed: Vec<(String, Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(name, values)| {
            let shape = file.tensor(name).expect("listed").shape().to_vec();
            let values = if name.contains("_proj.weight") {
                quantised(values)
            } else {
                values.clone()
            };
            (
                name.clone(),
                shape,
                values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            )
        })
        .collect();
    let views = changed.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (name.clone(), view.expect("the shape fits"))
    });
    safetensors::serialize_to_file(views, None, &folder.path().join("model.safetensors"))
        .expect("it is written");
    let base = BaseModel::load(folder.path()).expect("the quantised model loads");
    assert_evaluation(
        &evaluation(&base, None, &examples("eval")),
        &report["eval_base_nf4_dequantised"],
        "NF4",
    );
    assert_evaluation(
        &evaluation(&reference::base(), None, &examples("eval")),
        &report["eval_base_fp32"],
        "fp32",
    );
}

#[test]
fn rows_are_visited_in_pytorchs_order() {
    // Seen through the public face: with windows of one row, the target counts tell which row was trained.
    let cases = json("cases.json");
    let expected: Vec<Vec<usize>> = cases["trainer_order_n100_seed42"]
        .as_array()
        .expect("a list by epoch")
        .iter()
        .map(|epoch| numbers(epoch).iter().map(|row| *row as usize).collect())
        .collect();
    let rows: Vec<Example> = (0..100)
        .map(|row| {
            let mut example = Example::all_targets(vec![1; 102]);
            example
                .target_mask
                .iter_mut()
                .skip(row + 2)
                .for_each(|mark| *mark = false);
            example
        })
        .collect();
    let recipe = TrainingRecipe {
        accumulation: 1,
        context_length: 128,
        order: RowOrder::Shuffled,
        step_rule: StepRule::Native,
        ..recipe_b()
    };
    let found: Vec<usize> = run(&recipe, &rows, u32::MAX)
        .1
        .iter()
        .map(|step| step.target_tokens - 1)
        .collect();
    for (epoch, expected) in expected.iter().enumerate() {
        assert_eq!(
            found[epoch * 100..][..expected.len()],
            expected[..],
            "epoch {epoch}"
        );
    }
}

#[test]
fn steps_and_rates_follow_the_original_schedule() {
    let cases = json("cases.json");
    let recipe = TrainingRecipe::flock_2025();
    for case in cases["trainer_steps"].as_array().expect("a list") {
        let rows = case["rows"].as_u64().expect("a number") as usize;
        assert_eq!(
            u64::from(recipe.total_steps(rows)),
            case["max_steps"].as_u64().expect("a number"),
            "{rows} rows"
        );
    }
    let schedule = &cases["trainer_schedule_n100"];
    let total = recipe.total_steps(100);
    assert_eq!(
        u64::from(total),
        schedule["max_steps"].as_u64().expect("a number")
    );
    for (step, expected) in (0..).zip(numbers(&schedule["lr"])) {
        assert_close(
            recipe.learning_rate_at(step, total),
            expected,
            1e-15,
            "learning rate",
        );
    }
    let native = TrainingRecipe {
        step_rule: StepRule::Native,
        ..recipe
    };
    assert_eq!(native.total_steps(100), 26);
    let patient = TrainingRecipe {
        min_steps: 24,
        ..native
    };
    assert_eq!(
        (patient.total_steps(3), patient.total_steps(100)),
        (24, 26),
        "small datasets are repeated"
    );
}
