//! The numeric reference in `vectors/flock`, made with PyTorch, transformers and peft.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{collections::BTreeMap, path::PathBuf};

use assay_models::{BaseModel, Example};
use serde_json::Value;

/// A file or folder of the reference.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../vectors/flock")
        .join(name)
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&fs_err::read(path(name)).expect("the vector file is in the repository"))
        .expect("it is JSON")
}

pub(crate) fn base() -> BaseModel {
    BaseModel::load(&path("base")).expect("the reference's base model loads")
}

/// The rows of `encoded.json`: `train` or `eval`.
pub(crate) fn examples(part: &str) -> Vec<Example> {
    json("data/encoded.json")[part]
        .as_array()
        .expect("a list of rows")
        .iter()
        .map(|row| Example {
            input_ids: numbers(&row["input_ids"]).iter().map(|id| *id as u32).collect(),
            target_mask: numbers(&row["target_mask"])
                .iter()
                .map(|mark| *mark == 1.0)
                .collect(),
        })
        .collect()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

/// The f32 tensors of a safetensors file.
pub(crate) fn tensors(name: &str) -> BTreeMap<String, Vec<f32>> {
    let content = fs_err::read(path(name)).expect("the vector file is in the repository");
    let file = safetensors::SafeTensors::deserialize(&content).expect("it is sound");
    file.iter()
        .filter(|(_, view)| view.dtype() == safetensors::Dtype::F32)
        .map(|(name, view)| {
            let values = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            (name.to_owned(), values)
        })
        .collect()
}

/// The largest difference between two tensors, relative to the largest element of the expected one.
pub(crate) fn relative_difference(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let difference = found
        .iter()
        .zip(expected)
        .fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    if difference == 0.0 {
        0.0
    } else {
        f64::from(difference) / f64::from(largest)
    }
}

pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: found {found}, expected {expected}"
    );
}
