//! From hidden states to one vector, and the files of sentence-transformers that say how.

use std::{borrow::Cow, path::Path};

use serde_json::Value;

use crate::{
    ModelError,
    kernels::elementwise::{dot, vectorised},
    transformer::ConfigFile,
};

/// How the hidden states of a text become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pooling {
    Mean,
    /// The sum divided by the root of the number of tokens.
    MeanOfRoot,
    First,
    Last,
    Largest,
}

impl Pooling {
    /// Each with the key that switches it on.
    const ALL: [(Self, &'static str); 5] = [
        (Self::First, "pooling_mode_cls_token"),
        (Self::Largest, "pooling_mode_max_tokens"),
        (Self::Mean, "pooling_mode_mean_tokens"),
        (Self::MeanOfRoot, "pooling_mode_mean_sqrt_len_tokens"),
        (Self::Last, "pooling_mode_lasttoken"),
    ];
}

/// What the files of sentence-transformers ask for.
#[derive(Debug)]
pub(super) struct SentenceModules {
    pooling: Pooling,
    normalise: bool,
    lower_case: bool,
    pub(super) max_tokens: Option<usize>,
}

impl SentenceModules {
    /// Reads `modules.json` and what it refers to. Without it: the mean, at length one.
    pub(super) fn load(folder: &Path) -> Result<Self, ModelError> {
        let mut modules = Self {
            pooling: Pooling::Mean,
            normalise: true,
            lower_case: false,
            max_tokens: None,
        };
        if let Some(config) = ConfigFile::load_if_present(&folder.join("sentence_bert_config.json"))? {
            modules.max_tokens = config.optional_count("max_seq_length")?;
            modules.lower_case = config.flag("do_lower_case", false)?;
        }
        let Some(list) = ConfigFile::load_if_present(&folder.join("modules.json"))? else {
            return Ok(modules);
        };
        modules.normalise = false;
        for module in list.root().as_array().into_iter().flatten() {
            let text = |key: &str| module.get(key).and_then(Value::as_str).unwrap_or_default();
            match text("type") {
                "sentence_transformers.models.Transformer" => {}
                "sentence_transformers.models.Normalize" => modules.normalise = true,
                "sentence_transformers.models.Pooling" => {
                    let path = text("path");
                    let plain = Path::new(path).file_name().is_some_and(|name| name == path);
                    if !plain {
                        return Err(list.unsupported("path", &path, "the name of a folder beside it"));
                    }
                    modules.pooling = pooling(&folder.join(path).join("config.json"))?;
                }
                other => {
                    return Err(list.unsupported(
                        "type",
                        &other,
                        "sentence_transformers.models.Transformer, Pooling and Normalize",
                    ));
                }
            }
        }
        Ok(modules)
    }

    /// A text as the original prepares it. Python counts four control characters as blanks more.
    pub(super) fn prepare<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c));
        if self.lower_case {
            Cow::Owned(trimmed.to_lowercase())
        } else {
            Cow::Borrowed(trimmed)
        }
    }

    pub(super) fn pool(&self, hidden: &[f32], width: usize) -> Vec<f32> {
        let pooled = match self.pooling {
            Pooling::Mean => mean(hidden, width),
            Pooling::MeanOfRoot => {
                let root = ((hidden.len() / width) as f32).sqrt();
                mean(hidden, width)
                    .into_iter()
                    .map(|value| value * root)
                    .collect()
            }
            Pooling::First => hidden[..width].to_vec(),
            Pooling::Last => hidden[hidden.len() - width..].to_vec(),
            Pooling::Largest => {
                let mut largest = hidden[..width].to_vec();
                for row in hidden.chunks_exact(width) {
                    for (largest, value) in largest.iter_mut().zip(row) {
                        *largest = largest.max(*value);
                    }
                }
                largest
            }
        };
        if self.normalise {
            normalised(pooled)
        } else {
            pooled
        }
    }
}

/// The one kind of pooling that a configuration switches on.
fn pooling(path: &Path) -> Result<Pooling, ModelError> {
    const SUPPORTED: &str = "one of cls_token, max_tokens, mean_tokens, mean_sqrt_len_tokens, lasttoken";
    let config = ConfigFile::load(path)?;
    let mut on = Vec::new();
    for (key, value) in config.root().as_object().into_iter().flatten() {
        if key.starts_with("pooling_mode") && value == &Value::Bool(true) {
            on.push(key.as_str());
        }
    }
    match on.as_slice() {
        [one] => Pooling::ALL
            .into_iter()
            .find(|(_, key)| key == one)
            .map(|(pooling, _)| pooling),
        _ => None,
    }
    .ok_or_else(|| config.unsupported("pooling_mode", &on.join(", "), SUPPORTED))
}

/// The mean of rows.
pub(super) fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    crate::kernels::elementwise::add_column_sums(&mut sum, rows);
    let count = (rows.len() / width) as f32;
    for value in &mut sum {
        *value /= count;
    }
    sum
}

/// A vector at length one; the zero vector stays.
pub(super) fn normalised(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vectorised(|| dot(&vector, &vector)).sqrt().max(1e-12);
    for value in &mut vector {
        *value /= length;
    }
    vector
}

/// The mean of vectors; of one, itself.
pub(super) fn mean_of(mut vectors: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
    let mut sum = vectors.next().unwrap_or_default();
    let mut count = 1.0_f32;
    for vector in vectors {
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += value;
        }
        count += 1.0;
    }
    if count > 1.0 {
        for value in &mut sum {
            *value /= count;
        }
    }
    sum
}
