//! Model and adapter folders: every precision and sharding that loads, and what is refused, by name.

mod reference;

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use assay_models::{Adapter, BaseModel, Concern, Example, ModelError, TrainingRecipe, evaluate, train};
use reference::{base, examples, path, relative_difference};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

/// A copy of the reference's base model that a test may damage.
fn copied_base() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs_err::copy(path(&format!("base/{file}")), folder.path().join(file)).expect("the file is copied");
    }
    let path = folder.path().to_owned();
    (folder, path)
}

type Raw = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn raw(file: &Path) -> Raw {
    let content = fs_err::read(file).expect("the file is there");
    let file = SafeTensors::deserialize(&content).expect("it is sound");
    file.iter()
        .map(|(name, view)| {
            (
                name.to_owned(),
                (view.dtype(), view.shape().to_vec(), view.data().to_vec()),
            )
        })
        .collect()
}

fn write(file: &Path, tensors: &Raw) {
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (
            name.clone(),
            TensorView::new(*dtype, shape.clone(), bytes).expect("the shape fits"),
        )
    });
    safetensors::serialize_to_file(views, None, file).expect("it is written");
}

fn singles(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
}

fn logits(base: &BaseModel) -> Vec<f32> {
    base.logits(None, &examples("eval")[0].input_ids)
        .expect("the tokens are sound")
}

fn edit_config(folder: &Path, edit: impl FnOnce(&mut Value)) {
    let file = folder.join("config.json");
    let mut config: Value =
        serde_json::from_slice(&fs_err::read(&file).expect("it is there")).expect("it is JSON");
    edit(&mut config);
    fs_err::write(file, config.to_string()).expect("it is written");
}

fn refusal(folder: &Path) -> ModelError {
    let error = BaseModel::load(folder).expect_err("it must not load");
    assert_eq!(error.concern(), Concern::ModelFiles, "{error}");
    error
}

#[test]
fn half_precision_loads_as_the_rounded_values() {
    let (_keep, folder) = copied_base();
    let full = logits(&base());
    for (dtype, tolerance) in [(Dtype::F16, 2e-3), (Dtype::BF16, 2e-2)] {
        let mut weights = raw(&path("base/model.safetensors"));
        for (own, _, bytes) in weights.values_mut() {
            *own = dtype;
            *bytes = match dtype {
                Dtype::F16 => singles(bytes)
                    .flat_map(|value| half::f16::from_f32(value).to_le_bytes())
                    .collect(),
                _ => singles(bytes)
                    .flat_map(|value| half::bf16::from_f32(value).to_le_bytes())
                    .collect(),
            };
        }
        write(&folder.join("model.safetensors"), &weights);
        let found = logits(&BaseModel::load(&folder).expect("it loads"));
        let difference = relative_difference(&found, &full);
        assert!(
            difference > 0.0 && difference < tolerance,
            "{dtype:?}: {difference}"
        );
    }
}

#[test]
fn shards_load_as_one_file_and_must_be_plain_names() {
    let (_keep, folder) = copied_base();
    let weights = raw(&folder.join("model.safetensors"));
    fs_err::remove_file(folder.join("model.safetensors")).expect("it is removed");
    let (first, second): (Raw, Raw) = weights
        .into_iter()
        .partition(|(name, _)| name.contains("layers.0"));
    let mut map = BTreeMap::new();
    for (file, shard) in [("model-1.safetensors", &first), ("model-2.safetensors", &second)] {
        write(&folder.join(file), shard);
        map.extend(shard.keys().map(|name| (name.clone(), file)));
    }
    let index = folder.join("model.safetensors.index.json");
    fs_err::write(&index, json!({ "metadata": {}, "weight_map": map }).to_string()).expect("it is written");
    assert_eq!(
        logits(&BaseModel::load(&folder).expect("it loads")),
        logits(&base())
    );

    fs_err::write(
        &index,
        json!({ "weight_map": { "x": "../../etc/secrets.safetensors" } }).to_string(),
    )
    .expect("it is written");
    assert!(matches!(
        refusal(&folder),
        ModelError::Unsupported {
            field: "weight_map",
            ..
        }
    ));
}

#[test]
fn a_saved_model_loads_again() {
    let (_keep, folder) = copied_base();
    let saved = folder.join("saved");
    base().save(&saved).expect("it is saved");
    let again = BaseModel::load(&saved).expect("it loads");
    assert!(
        relative_difference(&logits(&again), &logits(&base())) < 2e-3,
        "weights are rounded to f16"
    );
    assert_eq!(again.architecture(), base().architecture());
    assert_eq!(
        again.encode("Hello, café!\n").expect("it encodes"),
        base().encode("Hello, café!\n").expect("it encodes")
    );
    let text = "What is 7 * 8?";
    assert_eq!(
        again
            .decode(&again.encode(text).expect("it encodes"))
            .expect("it decodes"),
        text
    );
}

#[test]
fn a_model_with_an_output_of_its_own_is_saved_and_loaded_with_it() {
    let tokenizer = fs_err::read(path("base/tokenizer.json")).expect("it is there");
    let untied = assay_models::Architecture {
        tied_embeddings: false,
        ..base().architecture().clone()
    };
    let made = BaseModel::fresh(untied, &tokenizer, 1).expect("it is made");
    let folder = tempfile::tempdir().expect("a temporary folder");
    made.save(folder.path()).expect("it is saved");
    assert!(raw(&folder.path().join("model.safetensors")).contains_key("lm_head.weight"));
    let again = BaseModel::load(folder.path()).expect("it loads");
    assert!(
        relative_difference(&logits(&again), &logits(&made)) < 5e-3,
        "weights are rounded to f16"
    );
}

#[test]
fn damaged_weights_are_refused_by_name() {
    let (_keep, folder) = copied_base();
    let file = folder.join("model.safetensors");
    let sound = raw(&file);
    let content = fs_err::read(&file).expect("it is there");

    fs_err::write(&file, &content[..content.len() / 2]).expect("it is written");
    assert!(matches!(
        refusal(&folder),
        ModelError::Safetensors { .. } | ModelError::TensorShape { .. }
    ));
    let mut giant = u64::MAX.to_le_bytes().to_vec();
    giant.extend_from_slice(&content[8..]);
    fs_err::write(&file, &giant).expect("it is written");
    assert!(matches!(refusal(&folder), ModelError::Safetensors { .. }));
    // The first bytes of a pickle: nothing in it is looked at.
    fs_err::write(&file, [&b"\x80\x04\x95"[..], &content[3..]].concat()).expect("it is written");
    assert!(matches!(refusal(&folder), ModelError::Safetensors { .. }));

    let name = "model.layers.1.mlp.up_proj.weight";
    let damage = |edit: &dyn Fn(&mut Raw)| {
        let mut weights = sound.clone();
        edit(&mut weights);
        write(&file, &weights);
        refusal(&folder)
    };
    let missing = damage(&|weights| drop(weights.remove(name)));
    assert!(
        matches!(&missing, ModelError::MissingTensor { name: found, .. } if found == name),
        "{missing}"
    );
    let turned = damage(&|weights| weights.get_mut(name).expect("it is there").1.reverse());
    assert!(
        matches!(&turned, ModelError::TensorShape { name: found, expected, found: shape } if found == name
            && expected == &[176, 64] && shape == &[64, 176]),
        "{turned}"
    );
    let integers = damage(&|weights| weights.get_mut(name).expect("it is there").0 = Dtype::I32);
    assert!(
        matches!(&integers, ModelError::TensorType { name: found, .. } if found == name),
        "{integers}"
    );
    let poisoned = damage(&|weights| {
        weights.get_mut(name).expect("it is there").2[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert!(
        matches!(&poisoned, ModelError::TensorNotFinite { name: found } if found == name),
        "{poisoned}"
    );
}

#[test]
fn other_architectures_are_refused_with_what_is_supported() {
    for (key, value) in [
        ("model_type", json!("llama")),
        ("hidden_act", json!("gelu")),
        ("use_sliding_window", json!(true)),
        ("rope_scaling", json!({ "type": "yarn", "factor": 4.0 })),
        ("num_key_value_heads", json!(3)),
        ("rms_norm_eps", json!(0.0)),
        ("vocab_size", json!(0)),
        ("num_hidden_layers", json!(1_000_000)),
        ("hidden_size", json!(1_u64 << 40)),
    ] {
        let (_keep, folder) = copied_base();
        edit_config(&folder, |config| config[key] = value);
        let error = refusal(&folder);
        assert!(
            matches!(&error, ModelError::Unsupported { field, .. } if *field == key),
            "{key}: {error}"
        );
    }
    let (_keep, folder) = copied_base();
    edit_config(&folder, |config| config["num_hidden_layers"] = json!(1000));
    let error = refusal(&folder);
    assert!(
        matches!(error, ModelError::TensorShape { .. }),
        "refused before room is made for it: {error}"
    );
    fs_err::write(folder.join("config.json"), "{").expect("it is written");
    assert!(matches!(refusal(&folder), ModelError::Json { .. }));
}

#[test]
fn newer_configurations_with_rope_parameters_and_several_end_tokens_load() {
    let (_keep, folder) = copied_base();
    edit_config(&folder, |config| {
        let theta = config
            .as_object_mut()
            .and_then(|config| config.remove("rope_theta"));
        config["rope_parameters"] = json!({ "rope_theta": theta, "rope_type": "default" });
        config["eos_token_id"] = json!([511, 509]);
    });
    let loaded = BaseModel::load(&folder).expect("it loads");
    assert_eq!(logits(&loaded), logits(&base()));
    assert_eq!(loaded.architecture().end_tokens, [511, 509]);
}

fn copied_adapter() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        fs_err::copy(
            path(&format!("run_b/adapter_final/{file}")),
            folder.path().join(file),
        )
        .expect("it is copied");
    }
    let path = folder.path().to_owned();
    (folder, path)
}

fn edit_adapter(folder: &Path, edit: impl FnOnce(&mut Value)) {
    let file = folder.join("adapter_config.json");
    let mut config: Value =
        serde_json::from_slice(&fs_err::read(&file).expect("it is there")).expect("it is JSON");
    edit(&mut config);
    fs_err::write(file, config.to_string()).expect("it is written");
}

#[test]
fn adapters_survive_being_saved_and_load_under_suffixes_and_full_names() {
    let (_keep, folder) = copied_adapter();
    let adapter = Adapter::load_peft(&folder).expect("full names load");
    let saved = folder.join("saved");
    adapter.save_peft(&saved).expect("it is saved");
    assert_eq!(Adapter::load_peft(&saved).expect("it loads"), adapter);
    for targets in [
        json!([
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj"
        ]),
        json!("all-linear"),
    ] {
        edit_adapter(&folder, |config| config["target_modules"] = targets);
        assert_eq!(Adapter::load_peft(&folder).expect("it loads"), adapter);
    }
}

#[test]
fn adapters_that_ask_for_more_than_plain_lora_are_refused() {
    for (key, value) in [
        ("peft_type", json!("LOHA")),
        ("bias", json!("all")),
        ("use_dora", json!(true)),
        ("fan_in_fan_out", json!(true)),
        ("modules_to_save", json!(["lm_head"])),
        ("rank_pattern", json!({ "q_proj": 4 })),
        ("layers_to_transform", json!([0])),
        ("r", json!(0)),
    ] {
        let (_keep, folder) = copied_adapter();
        edit_adapter(&folder, |config| config[key] = value);
        let error = Adapter::load_peft(&folder).expect_err("it must not load");
        assert!(
            matches!(&error, ModelError::Unsupported { field, .. } if *field == key),
            "{key}: {error}"
        );
    }
    let (_keep, folder) = copied_adapter();
    edit_adapter(&folder, |config| config["target_modules"] = json!(["q_proj"]));
    let error = Adapter::load_peft(&folder).expect_err("tensors of other modules are there");
    assert!(matches!(error, ModelError::Unsupported { .. }), "{error}");
    let (_keep, folder) = copied_adapter();
    edit_adapter(&folder, |config| config["r"] = json!(4));
    let error = Adapter::load_peft(&folder).expect_err("the tensors have rank 8");
    assert!(matches!(error, ModelError::TensorShape { .. }), "{error}");
}

#[test]
fn an_adapter_of_another_base_is_refused() {
    let adapter = Adapter::load_peft(&path("run_a/adapter_final")).expect("it loads");
    let tokenizer = fs_err::read(path("base/tokenizer.json")).expect("it is there");
    let wider = assay_models::Architecture {
        intermediate: 180,
        ..base().architecture().clone()
    };
    let deeper = assay_models::Architecture {
        layers: 3,
        ..base().architecture().clone()
    };
    for other in [wider, deeper] {
        let other = BaseModel::fresh(other, &tokenizer, 1).expect("it is made");
        let go = &mut |_| ControlFlow::Continue(());
        let error = evaluate(&other, Some(&adapter), &examples("eval"), 96, go).expect_err("it must not run");
        assert!(matches!(error, ModelError::AdapterMismatch { .. }), "{error}");
    }
}

#[test]
fn unsound_examples_and_recipes_are_refused_before_any_work() {
    let base = base();
    let recipe = TrainingRecipe {
        context_length: 96,
        ..TrainingRecipe::flock_2025()
    };
    let attempt = |rows: &[Example], recipe: &TrainingRecipe| {
        let mut steps = 0;
        let go = &mut |_: &_| {
            steps += 1;
            ControlFlow::Continue(())
        };
        let error = train(&base, rows, recipe, 0, go).expect_err("it must not train");
        assert_eq!(steps, 0);
        error
    };
    let good = examples("train")[0].clone();
    let without = Example {
        target_mask: vec![false; good.input_ids.len()],
        ..good.clone()
    };
    let only_first = Example {
        target_mask: vec![true],
        input_ids: vec![1],
    };
    let uneven = Example {
        target_mask: vec![true],
        ..good.clone()
    };
    let foreign = Example::all_targets(vec![1, 2, 512]);
    assert!(matches!(attempt(&[], &recipe), ModelError::NoExamples));
    assert!(matches!(
        attempt(&[good.clone(), without], &recipe),
        ModelError::NoTargets { index: 1, .. }
    ));
    assert!(matches!(
        attempt(&[only_first], &recipe),
        ModelError::NoTargets { index: 0, .. }
    ));
    assert!(matches!(
        attempt(&[uneven], &recipe),
        ModelError::MaskLength { index: 0, .. }
    ));
    let error = attempt(&[foreign], &recipe);
    assert!(matches!(
        error,
        ModelError::TokenOutOfRange {
            id: 512,
            position: 2,
            ..
        }
    ));
    assert_eq!(error.concern(), Concern::Examples);
    let cut = TrainingRecipe {
        context_length: 20,
        ..recipe.clone()
    };
    assert!(matches!(
        attempt(std::slice::from_ref(&good), &cut),
        ModelError::NoTargets {
            context_length: 20,
            ..
        }
    ));
    let long = TrainingRecipe {
        context_length: 4096,
        ..recipe.clone()
    };
    assert!(matches!(
        attempt(std::slice::from_ref(&good), &long),
        ModelError::Context {
            requested: 4096,
            limit: 512
        }
    ));
    let mut bad = recipe.clone();
    bad.lora.dropout = 1.0;
    let error = attempt(std::slice::from_ref(&good), &bad);
    assert!(matches!(
        error,
        ModelError::Recipe {
            field: "lora.dropout",
            ..
        }
    ));
    assert_eq!(error.concern(), Concern::Recipe);
    let wild = TrainingRecipe {
        learning_rate: 1e30,
        warmup_steps: 0,
        max_grad_norm: None,
        ..recipe
    };
    let mut rows = examples("train");
    rows.extend(examples("train"));
    let go = &mut |_: &_| ControlFlow::Continue(());
    let error = train(&base, &rows, &wild, 0, go).expect_err("it diverges");
    assert!(matches!(error, ModelError::Diverged { .. }), "{error}");
}

#[test]
fn recipes_are_read_from_toml_and_written_back() {
    let recipe = TrainingRecipe::flock_2025();
    let text = toml::to_string(&recipe).expect("it is written");
    assert_eq!(
        toml::from_str::<TrainingRecipe>(&text).expect("it is read"),
        recipe
    );
    let named = text.replace(
        "targets = \"all-linear\"",
        "targets = { named = [\"q_proj\", \"v_proj\"] }",
    );
    let named: TrainingRecipe = toml::from_str(&named).expect("it is read");
    assert_eq!(
        named.lora.targets,
        assay_models::Targets::Named(vec![
            assay_models::Projection::Query,
            assay_models::Projection::Value
        ])
    );
    toml::from_str::<TrainingRecipe>(&text.replace("epochs", "epoches"))
        .expect_err("unknown keys are refused");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_damage_to_an_adapter_file_makes_it_panic(
        places in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 1..6),
        kept in 0_usize..80_000,
    ) {
        let (_keep, folder) = copied_adapter();
        let file = folder.join("adapter_model.safetensors");
        let mut content = fs_err::read(&file).expect("it is there");
        content.truncate(kept);
        for (place, byte) in places {
            if let Some(slot) = content.get_mut(place) {
                *slot = byte;
            }
        }
        fs_err::write(&file, &content).expect("it is written");
        // Damage among the values may go unseen, as long as they are numbers.
        match Adapter::load_peft(&folder) {
            Ok(adapter) => {
                let finite = |name: &String| {
                    adapter.tensor(name).is_some_and(|values| values.iter().all(|value| value.is_finite()))
                };
                let sound = adapter.tensor_names().iter().all(finite);
                proptest::prop_assert!(sound);
            }
            Err(error) => proptest::prop_assert_eq!(error.concern(), Concern::ModelFiles),
        }
    }
}
