//! Models of every family beside transformers and sentence-transformers, which saved them and computed the same.

use std::{path::Path, time::Duration};

use assay_models::{
    CausalModel, Classifier, ClassifierInput, Embedding, Encoder, EndMarker, ModelError, TorchFileError,
    TorchTensor, ValueModel, list_torch_tensors,
};
use assay_peers::Python;
use serde_json::Value;

/// Outputs agree to this; they are of order one.
const TOLERANCE: f64 = 1e-4;

/// Importing torch alone takes half a minute on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A section of the peer's models, in a folder that lives as long as the first value.
fn peer(section: &str) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = Python::venv("train")
        .script("conformance/train/transformers_peer.py")
        .arg(folder.path())
        .arg(section)
        .timeout(PATIENCE)
        .run()
        .pop()
        .expect("the script prints one line");
    (folder, said)
}

fn folder(value: &Value) -> &Path {
    Path::new(value["folder"].as_str().expect("a folder"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn texts(value: &Value) -> Vec<&str> {
    list(value)
        .iter()
        .map(|text| text.as_str().expect("a text"))
        .collect()
}

/// The largest of a row's differences must be within the tolerance, and the row must say something.
fn assert_row(found: &[f32], expected: &Value, what: &str) {
    let expected: Vec<f64> = list(expected)
        .iter()
        .map(|value| value.as_f64().expect("a number"))
        .collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(
        expected.iter().any(|value| value.abs() > 1e-3),
        "{what}: {expected:?}"
    );
    for (found, expected) in found.iter().zip(&expected) {
        let difference = (f64::from(*found) - expected).abs();
        assert!(
            difference <= TOLERANCE,
            "{what}: found {found}, expected {expected}, off by {difference}"
        );
    }
}

fn assert_rows(found: &[Vec<f32>], expected: &Value, what: &str) {
    assert_eq!(found.len(), list(expected).len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(list(expected)).enumerate() {
        assert_row(found, expected, &format!("{what}, {index}"));
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn encoders_of_every_family_find_the_same_vectors() {
    let (_keep, cases) = peer("encoders");
    for case in list(&cases) {
        let encoder = Encoder::load(folder(case)).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        let texts = texts(&case["texts"]);
        for (how, expected) in [
            (Embedding::LastToken, &case["last"]),
            (Embedding::MeanOfWindows, &case["windows"]),
        ] {
            let what = format!("{}, {how:?}", case["folder"]);
            assert_rows(&encoder.embed(&texts, how).expect("they embed"), expected, &what);
        }
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn folders_of_sentence_transformers_are_pooled_as_they_say() {
    let (_keep, cases) = peer("sentences");
    for case in list(&cases) {
        let encoder = Encoder::load(folder(case)).expect("it loads");
        let found = encoder
            .embed(&texts(&case["texts"]), Embedding::SentenceTransformers)
            .expect("they embed");
        assert_rows(&found, &case["vectors"], &case["folder"].to_string());
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn the_real_minilm_embeds_as_sentence_transformers_does() {
    let long = "The harbour wakes before the town does, and gulls argue over every crate. ".repeat(30);
    let texts = [
        "A validator asks many miners the same question.",
        "",
        "   ",
        "caf\u{e9} CAF\u{c9} \u{5317}\u{4eac} \u{1f980} 3,141.59\u{20ac}",
        &long,
    ];
    let written = tempfile::NamedTempFile::new().expect("a temporary file");
    fs_err::write(
        written.path(),
        serde_json::to_vec(&texts).expect("texts have a JSON form"),
    )
    .expect("it is written");
    let said = Python::venv("train")
        .script("conformance/train/sentence_embeddings.py")
        .arg(written.path())
        .timeout(PATIENCE)
        .run()
        .pop()
        .expect("the script prints one line");
    let encoder = Encoder::load(folder(&said)).expect("it loads");
    assert_eq!((encoder.width(), encoder.max_tokens()), (384, 512));
    let found = encoder
        .embed(&texts, Embedding::SentenceTransformers)
        .expect("they embed");
    for (found, expected) in found.iter().zip(list(&said["vectors"])) {
        for (found, expected) in found.iter().zip(list(expected)) {
            let difference = (f64::from(*found) - expected.as_f64().expect("a number")).abs();
            assert!(difference < 2e-6, "off by {difference}");
        }
    }
    let alone = encoder
        .embed(&texts[..1], Embedding::SentenceTransformers)
        .expect("it embeds");
    for (alone, found) in alone[0].iter().zip(&found[0]) {
        assert!((alone - found).abs() < 1e-6, "company does not change a vector");
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn classifiers_of_every_family_find_the_same_logits() {
    let (_keep, cases) = peer("classifiers");
    for case in list(&cases) {
        let limit = case["limit"].as_u64().expect("a number") as usize;
        let classifier = Classifier::load(folder(case))
            .unwrap_or_else(|error| panic!("{case:?}: {error}"))
            .with_max_tokens(limit);
        assert_eq!(classifier.labels() as u64, case["labels"]);
        let inputs: Vec<ClassifierInput<'_>> = list(&case["inputs"])
            .iter()
            .map(|input| ClassifierInput {
                text: input[0].as_str().expect("a text"),
                pair: input[1].as_str(),
            })
            .collect();
        let what = case["folder"].to_string();
        assert_rows(
            &classifier.logits(&inputs).expect("they fit"),
            &case["logits"],
            &what,
        );
        let singles = list(&case["windows"]).len();
        let windows = classifier.window_logits(&inputs[..singles]).expect("they fit");
        for (found, expected) in windows.iter().zip(list(&case["windows"])) {
            assert_rows(found, expected, &format!("windows of {what}"));
        }
        assert!(windows.iter().any(|windows| windows.len() > 2), "{what}");
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn value_heads_score_before_the_end_marker() {
    let (_keep, case) = peer("value");
    let folder = folder(&case);
    let texts = texts(&case["texts"]);
    for file in ["hf_ckpt.pt", "below.pt", "head.pt"] {
        let model =
            ValueModel::load(folder, &folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let found = model.scores_at(&texts, EndMarker::FirstInText).expect("they fit");
        assert_row(&found, &case["scores"], file);
        let safe = model.scores(&texts).expect("they fit");
        let marked = texts
            .iter()
            .position(|text| text.contains("<|endoftext|>"))
            .expect("one has the marker");
        for (index, (safe, found)) in safe.iter().zip(&found).enumerate() {
            if index == marked {
                assert!((safe - found).abs() > 1e-2, "the marker does not move the score");
                let before = model.scores(&["one "]).expect("it fits");
                assert!(
                    (before[0] - found).abs() < 1e-5,
                    "the original stops at the marker"
                );
            } else {
                assert!((safe - found).abs() < 1e-5, "{index}: {safe} {found}");
            }
        }
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn causal_models_expect_the_same_tokens() {
    let (_keep, cases) = peer("causal");
    for case in list(&cases) {
        let what = case["folder"].to_string();
        let model = CausalModel::load(folder(case)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut ids = model
            .encode(case["text"].as_str().expect("a text"))
            .expect("it encodes");
        ids.truncate(61);
        assert_eq!(serde_json::to_value(&ids).expect("numbers"), case["ids"]);
        let found = model.log_probabilities(&ids, 1).expect("they fit");
        let found: Vec<f32> = found.into_iter().map(|value| value as f32).collect();
        assert_row(&found, &case["log_probabilities"], &what);
        let later = model.log_probabilities(&ids, 40).expect("they fit");
        for (later, found) in later.iter().zip(&found[39..]) {
            assert!((*later as f32 - found).abs() < 1e-5, "{what}");
        }
        let mut last = Vec::new();
        model
            .visit_logits(&ids, 59..61, &mut |position, row| {
                assert_eq!(position, 59 + last.len());
                assert_eq!(row.len(), model.vocabulary());
                last.push(row.to_vec());
            })
            .expect("they fit");
        assert_rows(&last, &case["last_logits"], &what);

        // The same behind a beginning that is computed once.
        let beginning = model.begin(&ids[..30]).expect("it fits");
        for (positions, what) in [
            (29..61, format!("{what}, from the beginning's last token")),
            (30..61, format!("{what}, behind the beginning")),
            (45..50, format!("{what}, within")),
        ] {
            let mut plain = Vec::new();
            model
                .visit_logits(&ids, positions.clone(), &mut |_, row| plain.push(row.to_vec()))
                .expect("they fit");
            let mut found = 0;
            model
                .visit_logits_after(&beginning, &ids, positions.clone(), &mut |position, row| {
                    assert_eq!(position, positions.start + found, "{what}");
                    for (found, plain) in row.iter().zip(&plain[found]) {
                        assert!((*found - *plain).abs() < 2e-5, "{what}: {found} {plain}");
                    }
                    found += 1;
                })
                .expect("they fit");
            assert_eq!(found, positions.len(), "{what}");
        }
    }
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn what_texts_begin_with_is_computed_once_and_changes_no_logit() {
    let (_keep, cases) = peer("classifiers");
    let start = "Why do rivers bend? Water on the outside of a curve runs faster and ";
    let texts =
        ["carries", "", "gulls argue over every crate of herring", "Why"].map(|end| format!("{start}{end}"));
    let mut shared = 0;
    for case in list(&cases) {
        let classifier = Classifier::load(folder(case)).expect("it loads");
        let inputs: Vec<ClassifierInput<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
        let together = classifier.logits(&inputs).expect("they fit");
        for (input, together) in inputs.iter().zip(&together) {
            let alone = classifier.logits(&[*input]).expect("it fits");
            for (alone, together) in alone[0].iter().zip(together) {
                assert!(
                    (alone - together).abs() < 2e-5,
                    "{}: {alone} {together}",
                    case["folder"]
                );
                shared += 1;
            }
        }
    }
    assert!(shared > 8);
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn files_of_torch_are_listed_and_nothing_in_them_is_run() {
    let (_keep, case) = peer("torch");
    let open =
        |name: &str| list_torch_tensors(fs_err::File::open(folder(&case).join(name)).expect("it is there"));
    for name in [
        "protocol-2.pt",
        "protocol-3.pt",
        "protocol-4.pt",
        "protocol-5.pt",
        "nested.pt",
    ] {
        let tensors = open(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            tensors.len(),
            case["shapes"].as_object().expect("an object").len(),
            "{name}"
        );
        for TorchTensor { name, shape, .. } in tensors {
            assert_eq!(
                serde_json::to_value(shape).expect("numbers"),
                case["shapes"][&name],
                "{name}"
            );
        }
    }
    assert!(matches!(open("legacy.pt"), Err(TorchFileError::Legacy)));
    assert!(matches!(open("nothing.pt"), Err(TorchFileError::NotAStateDict)));
    for (name, refused) in [
        ("module.pt", "torch.nn.modules.linear.Linear"),
        ("evil.pt", "posix.system"),
    ] {
        let error = open(name).expect_err("it is refused");
        assert!(
            matches!(&error, TorchFileError::Global { global } if global == refused),
            "{error}"
        );
    }
    assert!(!folder(&case).join("was-run").exists());
    let error = Encoder::load(folder(&case)).expect_err("there is no model");
    assert!(matches!(error, ModelError::Io(_)), "{error}");
}
