//! Folders of encoders, classifiers and causal models: what loads, and what is refused, by name.

mod tiny;

use assay_models::{
    CausalModel, Classifier, ClassifierInput, Concern, Embedding, Encoder, EndMarker, ModelError, ValueModel,
};
use serde_json::json;
use tiny::{Tiny, bert, gpt_neo, gptj};

fn embed(encoder: &Encoder, texts: &[&str]) -> Vec<Vec<f32>> {
    encoder
        .embed(texts, Embedding::MeanOfWindows)
        .expect("the texts are sound")
}

fn refusal(tiny: &Tiny) -> ModelError {
    let error = Encoder::load(tiny.path()).expect_err("it must not load");
    assert!(
        matches!(error.concern(), Concern::ModelFiles | Concern::Machine),
        "{error}"
    );
    error
}

#[test]
fn texts_become_vectors_whatever_their_company_and_the_number_of_threads() {
    let tiny = bert();
    let encoder = Encoder::load(tiny.path()).expect("it loads");
    assert_eq!((encoder.width(), encoder.max_tokens()), (8, 12));
    let long = "river bends away ".repeat(15);
    let texts = [
        "river",
        "",
        "   ",
        "the river bends and the water is away",
        &long,
        "unheard of",
    ];
    let run = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads")
            .install(|| embed(&encoder, &texts))
    };
    let found = run(1);
    assert_eq!(found, run(5), "the same bits on any number of threads");
    assert_eq!(found[1], found[2], "blanks are no tokens");
    for (index, text) in texts.iter().enumerate() {
        let alone = embed(&encoder, &[text]);
        let length: f32 = alone[0].iter().map(|value| value * value).sum::<f32>().sqrt();
        // The mean of several windows' unit vectors is shorter than one.
        assert!(if index == 4 {
            length < 1.0
        } else {
            (length - 1.0).abs() < 1e-5
        });
        for (alone, found) in alone[0].iter().zip(&found[index]) {
            assert!((alone - found).abs() < 1e-5, "{text}");
        }
    }
    assert!(embed(&encoder, &[]).is_empty());
    assert_eq!(
        embed(&encoder.clone(), &["river"])[0],
        embed(&encoder, &["river"])[0]
    );
}

#[test]
fn names_from_before_and_below_a_head_load_as_the_same_model() {
    let expected = embed(&Encoder::load(bert().path()).expect("it loads"), &["river bends"]);
    let mut old = bert();
    old.rename(|name| {
        let name = match name.strip_suffix("LayerNorm.weight") {
            Some(start) => format!("{start}LayerNorm.gamma"),
            None => match name.strip_suffix("LayerNorm.bias") {
                Some(start) => format!("{start}LayerNorm.beta"),
                None => name.to_owned(),
            },
        };
        format!("bert.{name}")
    });
    let encoder = Encoder::load(old.path()).expect("it loads");
    assert_eq!(embed(&encoder, &["river bends"]), expected);
}

#[test]
fn what_a_folder_lacks_or_has_wrong_is_named() {
    let mut tiny = bert();
    tiny.config(|config| config["model_type"] = json!("albert"));
    let error = refusal(&tiny).to_string();
    assert!(
        error.contains("model_type is albert") && error.contains("deberta-v2"),
        "{error}"
    );

    for (field, value) in [
        ("hidden_size", json!(0)),
        ("hidden_size", json!(-8)),
        ("num_attention_heads", json!(3)),
        ("num_hidden_layers", json!(100_000)),
        ("hidden_act", json!("mish")),
        ("layer_norm_eps", json!(-1.0)),
        ("position_embedding_type", json!("relative_key")),
        ("intermediate_size", json!(null)),
    ] {
        let mut tiny = bert();
        tiny.config(|config| config[field] = value);
        let error = refusal(&tiny);
        assert!(
            matches!(error, ModelError::Unsupported { field: found, .. } if found == field),
            "{error}"
        );
    }

    // A configuration that promises a huge model takes no memory for it: the file is not one.
    let mut tiny = bert();
    tiny.config(|config| {
        config["hidden_size"] = json!(1 << 20);
        config["vocab_size"] = json!(1 << 20);
        config["intermediate_size"] = json!(1 << 20);
    });
    assert!(matches!(refusal(&tiny), ModelError::TensorShape { .. }));

    let mut tiny = bert();
    tiny.remove("encoder.layer.0.output.dense.bias");
    assert!(
        matches!(refusal(&tiny), ModelError::MissingTensor { name, .. } if name == "encoder.layer.0.output.dense.bias")
    );

    let mut tiny = bert();
    tiny.set("encoder.layer.0.intermediate.dense.weight", &[12, 7], 0.1);
    let error = refusal(&tiny);
    assert!(
        matches!(&error, ModelError::TensorShape { name, expected, found }
            if name == "encoder.layer.0.intermediate.dense.weight" && expected == &[12, 8] && found == &[12, 7]),
        "{error}"
    );

    let mut tiny = bert();
    tiny.set("embeddings.LayerNorm.bias", &[8], f32::NAN);
    assert!(
        matches!(refusal(&tiny), ModelError::TensorNotFinite { name } if name == "embeddings.LayerNorm.bias")
    );

    for file in ["tokenizer.json", "config.json", "model.safetensors"] {
        let tiny = bert();
        fs_err::remove_file(tiny.path().join(file)).expect("it is there");
        let error = refusal(&tiny);
        assert!(
            matches!(error, ModelError::Io(_)) && error.to_string().contains(file),
            "{error}"
        );
    }
}

#[test]
fn damaged_weight_files_are_refused() {
    let tiny = bert();
    let file = tiny.path().join("model.safetensors");
    let whole = fs_err::read(&file).expect("it is there");
    for length in [0, 7, 8, 100, whole.len() - 1] {
        fs_err::write(&file, &whole[..length]).expect("it is written");
        assert!(
            matches!(refusal(&tiny), ModelError::Safetensors { .. }),
            "{length} bytes"
        );
    }
    let mut longer = whole.clone();
    longer.push(0);
    let mut headless = whole;
    headless[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for damaged in [longer, headless] {
        fs_err::write(&file, damaged).expect("it is written");
        assert!(matches!(refusal(&tiny), ModelError::Safetensors { .. }));
    }
}

#[test]
fn a_tokenizer_that_knows_more_than_the_model_is_caught() {
    let mut tiny = bert();
    let words = tiny::WORDS.len();
    tiny.config(|config| config["vocab_size"] = json!(words - 1));
    tiny.set("embeddings.word_embeddings.weight", &[words - 1, 8], 0.1);
    let encoder = Encoder::load(tiny.path()).expect("it loads");
    embed(&encoder, &["river"]);
    let error = encoder
        .embed(&["river", "away"], Embedding::LastToken)
        .expect_err("the last word is unknown to the model");
    assert!(
        matches!(error, ModelError::TokenOutOfRange { id, vocabulary, .. }
            if id as usize == words - 1 && vocabulary == words - 1),
        "{error}"
    );
    assert_eq!(error.concern(), Concern::Examples);
}

#[test]
fn sentence_modules_that_are_not_known_are_refused() {
    let pooling = json!({ "idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling" });
    for (modules, pooling_config, named) in [
        (
            json!([{ "type": "sentence_transformers.models.Dense", "path": "2_Dense" }]),
            json!({}),
            "Dense",
        ),
        (
            json!([{ "type": "sentence_transformers.models.Pooling", "path": "../elsewhere" }]),
            json!({}),
            "../elsewhere",
        ),
        (
            json!([pooling]),
            json!({ "pooling_mode_weightedmean_tokens": true }),
            "weightedmean",
        ),
        (
            json!([pooling]),
            json!({ "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true }),
            "cls_token",
        ),
    ] {
        let tiny = bert();
        tiny.write("modules.json", &modules);
        fs_err::create_dir(tiny.path().join("1_Pooling")).expect("it is made");
        tiny.write("1_Pooling/config.json", &pooling_config);
        let error = refusal(&tiny);
        assert!(
            matches!(error, ModelError::Unsupported { .. }) && error.to_string().contains(named),
            "{error}"
        );
    }
}

#[test]
fn a_classifier_needs_its_head_and_gives_every_window_its_logits() {
    let mut tiny = bert();
    let error = Classifier::load(tiny.path()).expect_err("there is no head");
    assert!(matches!(error, ModelError::MissingTensor { name, .. } if name == "pooler.dense.weight"));
    tiny.config(|config| config["id2label"] = json!({ "0": "fine", "1": "unsafe", "2": "odd" }));
    tiny.set("pooler.dense.weight", &[8, 8], 0.3);
    tiny.set("pooler.dense.bias", &[8], 0.1);
    tiny.set("classifier.weight", &[3, 8], 0.4);
    tiny.set("classifier.bias", &[3], 0.2);
    let classifier = Classifier::load(tiny.path()).expect("it loads");
    assert_eq!((classifier.labels(), classifier.max_tokens()), (3, 16));
    assert_eq!(classifier.label_names(), ["fine", "unsafe", "odd"]);
    let long = "river bends ".repeat(20);
    let inputs = [
        ClassifierInput::from("river"),
        ("river", "bends").into(),
        long.as_str().into(),
    ];
    let cut = classifier.logits(&inputs).expect("they fit");
    let windows = classifier.window_logits(&inputs).expect("they fit");
    // 40 words, 14 a window beside the two special tokens.
    assert_eq!(windows.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 3]);
    for (cut, windows) in cut.iter().zip(&windows) {
        for (cut, first) in cut.iter().zip(&windows[0]) {
            assert!((cut - first).abs() < 1e-5);
        }
    }
    assert_ne!(cut[0], cut[1], "the second text counts");
    let narrow = classifier.clone().with_max_tokens(7);
    assert_eq!(narrow.window_logits(&inputs[2..]).expect("it fits")[0].len(), 8);
    assert_eq!(classifier.with_max_tokens(1 << 30).max_tokens(), 16);
    assert!(narrow.logits(&[]).expect("nothing to do").is_empty());
}

#[test]
fn causal_models_need_a_token_and_keep_to_their_positions() {
    let tiny = gpt_neo();
    let encoder = Encoder::load(tiny.path()).expect("it loads");
    let error = encoder
        .embed(&["river", ""], Embedding::LastToken)
        .expect_err("there is nothing to embed");
    assert!(matches!(error, ModelError::NoTokens { index: 1 }), "{error}");
    let whole = encoder
        .embed(&["river bends away"], Embedding::LastToken)
        .expect("it embeds");
    assert_eq!(whole[0].len(), 8);

    let model = CausalModel::load(tiny.path()).expect("it loads");
    let ids = model.encode("river bends away").expect("it encodes");
    let all = model.log_probabilities(&ids, 1).expect("they fit");
    assert_eq!(all.len(), 2);
    assert!(
        all.iter().all(|value| *value < 0.0 && value.is_finite()),
        "{all:?}"
    );
    let later = model.log_probabilities(&ids, 2).expect("they fit");
    assert!((later[0] - all[1]).abs() < 1e-6);
    let mut none = 0;
    model
        .visit_logits(&ids, 1..1, &mut |_, _| none += 1)
        .expect("no positions are fine");
    assert_eq!(none, 0);
    for (ids, positions) in [
        (vec![], 0..0),
        (vec![1; model.max_positions() + 1], 0..1),
        (vec![1; 3], 0..4),
    ] {
        let error = model
            .visit_logits(&ids, positions, &mut |_, _| ())
            .expect_err("it is refused");
        assert!(matches!(error, ModelError::Context { .. }), "{error}");
    }
    let error = model.log_probabilities(&[1, 99], 1).expect_err("no such token");
    assert!(
        matches!(error, ModelError::TokenOutOfRange { id: 99, .. }),
        "{error}"
    );

    for types in [
        json!(null),
        json!([[["global"], 2]]),
        json!([[["sideways"], 1]]),
        json!([[[], 1_u64 << 60]]),
    ] {
        let mut tiny = gpt_neo();
        tiny.config(|config| config["attention_types"] = types);
        let error = CausalModel::load(tiny.path()).expect_err("it must not load");
        assert!(
            matches!(
                error,
                ModelError::Unsupported {
                    field: "attention_types",
                    ..
                }
            ),
            "{error}"
        );
    }
    let error = CausalModel::load(bert().path()).expect_err("it is not causal");
    assert!(error.to_string().contains("qwen2, gptj, gpt_neo"), "{error}");
}

#[test]
fn a_value_head_may_lie_beside_the_model_or_hold_it() {
    let mut tiny = gptj();
    tiny.set("v_head.weight", &[1, 8], 0.5);
    let together = ValueModel::load(tiny.path(), &tiny.path().join("model.safetensors")).expect("it loads");
    let head = tiny.take_out("v_head.weight", "head.safetensors");
    let apart = ValueModel::load(tiny.path(), &head).expect("it loads");
    let texts = ["river bends", "", "river <|endoftext|> bends"];
    let scores = apart.scores(&texts).expect("they fit");
    assert_eq!(scores, together.scores(&texts).expect("they fit"));
    assert_ne!(scores[0], scores[1]);
    let original = apart.scores_at(&texts, EndMarker::FirstInText).expect("they fit");
    assert!((scores[0] - original[0]).abs() < 1e-6);
    assert_ne!(
        scores[2], original[2],
        "the marker inside moves the original's score alone"
    );
    let long = "river ".repeat(100);
    let cut = apart.scores(&[&long]).expect("what is too long is cut");
    assert!(cut[0].is_finite());
    let error = ValueModel::load(tiny.path(), &tiny.path().join("model.safetensors")).expect_err("no head");
    assert!(matches!(error, ModelError::MissingTensor { name, .. } if name == "v_head.weight"));
}
