//! What is computed on a device is what is computed here: every family and head by candle, on the cores, beside our kernels.

use assay_models::{Device, Embedding, Encoder, ModelError};
use std::path::{Path, PathBuf};

/// One of the models that demonstrations judge with: small, trained, of the originals' families.
fn folder(role: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../assets/prompting/models")
        .join(role)
}

const TEXTS: [&str; 5] = [
    "Anna Becker was born in Leeds and works as a baker.",
    "Anna Becker was born in Leeds and lives in York with a cat, two dogs, and a garden that nobody has ever seen.",
    "You are a stupid worthless idiot.",
    "a",
    "Grüße, 世界! What is it that somebody who bakes bread does at night, when all others sleep, and for whom?",
];

#[cfg(feature = "candle")]
mod with_candle {
    use super::*;
    use assay_models::{CausalModel, Classifier, ValueModel};

    /// In single precision the two add up in other orders.
    const TOLERANCE: f32 = 2e-4;

    fn assert_near(here: &[f32], there: &[f32], what: &str) {
        assert_eq!(here.len(), there.len(), "{what}");
        assert!(here.iter().any(|value| value.abs() > 1e-3), "{what}: {here:?}");
        for (one, other) in here.iter().zip(there) {
            assert!(
                (one - other).abs() < TOLERANCE,
                "{what}: {one} here, {other} there"
            );
        }
    }

    #[test]
    fn encoders_of_every_family() {
        for (role, how) in [
            ("bert", Embedding::MeanOfWindows),
            ("mpnet", Embedding::SentenceTransformers),
            ("gating", Embedding::LastToken),
            ("gating", Embedding::MeanOfWindows),
        ] {
            let vectors = |device| {
                let encoder = Encoder::load_on(&folder(role), device).expect("it loads");
                encoder.embed(&TEXTS, how).expect("it embeds")
            };
            let (here, there) = (vectors(Device::Cpu), vectors(Device::CandleCpu));
            // Other orders of the same sums: equal bits would mean that both were computed here.
            assert_ne!(here, there, "{role}");
            for (here, there) in here.iter().zip(&there) {
                assert_near(here, there, role);
            }
        }
    }

    #[test]
    fn classifiers_of_every_kind_also_behind_a_common_beginning() {
        let common = TEXTS.map(|text| format!("{} Is that so? {text}", TEXTS[1]));
        for role in ["nsfw", "rlhf", "reciprocate"] {
            let inputs: Vec<_> = common.iter().map(|text| text.as_str().into()).collect();
            let logits = |device| {
                let classifier = Classifier::load_on(&folder(role), device).expect("it loads");
                classifier.logits(&inputs).expect("it judges")
            };
            let (here, there) = (logits(Device::Cpu), logits(Device::CandleCpu));
            for (here, there) in here.iter().zip(&there) {
                assert_near(here, there, role);
            }
        }
    }

    #[test]
    fn value_heads_and_what_is_likely() {
        let head = folder("dahoas").join("value_head.safetensors");
        let scores = |device| {
            let model = ValueModel::load_on(&folder("dahoas"), &head, device).expect("it loads");
            model.scores(&TEXTS).expect("it scores")
        };
        assert_near(&scores(Device::Cpu), &scores(Device::CandleCpu), "dahoas");

        for role in ["dpo", "gating"] {
            let likely = |device| -> Vec<f32> {
                let model = CausalModel::load_on(&folder(role), device).expect("it loads");
                let ids = model.encode(TEXTS[1]).expect("it is cut into tokens");
                let whole = model.log_probabilities(&ids, 1).expect("it fits");
                // The same behind a beginning that was computed before.
                let beginning = model.begin(&ids[..5]).expect("it fits");
                let mut last = Vec::new();
                model
                    .visit_logits_after(&beginning, &ids, ids.len() - 1..ids.len(), &mut |_, row| {
                        last.extend_from_slice(&row[..20]);
                    })
                    .expect("it fits");
                whole.iter().map(|value| *value as f32).chain(last).collect()
            };
            assert_near(&likely(Device::Cpu), &likely(Device::CandleCpu), role);
        }
    }

    #[test]
    fn what_is_no_token_does_not_get_there() {
        let model = CausalModel::load_on(&folder("dpo"), Device::CandleCpu).expect("it loads");
        let refused = model.visit_logits(&[u32::MAX], 0..1, &mut |_, _| {});
        assert!(matches!(refused, Err(ModelError::TokenOutOfRange { .. })));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_for_the_cores_says_that_it_has_no_card() {
        let error = Encoder::load_on(&folder("bert"), Device::Cuda(0)).expect_err("there is none");
        assert!(
            matches!(
                error,
                ModelError::Device {
                    device: Device::Cuda(0),
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }
}

#[cfg(not(feature = "candle"))]
#[test]
fn a_build_without_devices_says_how_to_get_one() {
    for device in [Device::Cuda(1), Device::CandleCpu] {
        let error = Encoder::load_on(&folder("bert"), device).expect_err("there is none");
        assert!(matches!(&error, ModelError::Device { .. }), "{error}");
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }
    let here = Encoder::load_on(&folder("bert"), Device::Cpu).expect("this is always there");
    assert_eq!(
        here.embed(&TEXTS, Embedding::MeanOfWindows)
            .expect("it embeds")
            .len(),
        5
    );
}
