//! A `config.json`, read key by key with bounds.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{ModelError, kernels::activation::Activation, tensor_file::read_limited};

/// Most bytes of a configuration; real ones have a few KB.
const CONFIG_LIMIT: u64 = 1 << 20;

/// Far above any real width or vocabulary, and small enough that no product of three of them overflows.
const MOST: usize = 1 << 20;

/// Blocks of a model; the largest known have 128.
const MOST_LAYERS: usize = 1 << 10;

/// A configuration file.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    value: Value,
}

impl ConfigFile {
    pub(crate) fn load(path: &Path) -> Result<Self, ModelError> {
        let content = read_limited(path, CONFIG_LIMIT)?;
        let value = serde_json::from_slice(&content).map_err(|source| ModelError::Json {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            value,
        })
    }

    /// The file, when it is there.
    pub(crate) fn load_if_present(path: &Path) -> Result<Option<Self>, ModelError> {
        path.is_file().then(|| Self::load(path)).transpose()
    }

    pub(crate) fn unsupported(
        &self,
        field: &'static str,
        value: &dyn std::fmt::Display,
        supported: &'static str,
    ) -> ModelError {
        ModelError::Unsupported {
            path: self.path.clone(),
            field,
            value: value.to_string(),
            supported,
        }
    }

    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        self.value.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn root(&self) -> &Value {
        &self.value
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<String, ModelError> {
        match self.value(field) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.unsupported(field, other, "a text")),
            None => Err(self.unsupported(field, &"missing", "a text")),
        }
    }

    pub(crate) fn optional_count(&self, field: &'static str) -> Result<Option<usize>, ModelError> {
        let Some(value) = self.value(field) else {
            return Ok(None);
        };
        value
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| (1..=MOST).contains(count))
            .map(Some)
            .ok_or_else(|| self.unsupported(field, value, "1 to 1048576"))
    }

    /// A whole number from 1 to a bound that keeps products from overflowing.
    pub(crate) fn count(&self, field: &'static str) -> Result<usize, ModelError> {
        self.optional_count(field)?
            .ok_or_else(|| self.unsupported(field, &"missing", "1 to 1048576"))
    }

    pub(crate) fn layers(&self, field: &'static str) -> Result<usize, ModelError> {
        let layers = self.count(field)?;
        if layers > MOST_LAYERS {
            return Err(self.unsupported(field, &layers, "1 to 1024"));
        }
        Ok(layers)
    }

    /// The width, and the number of heads that divides it.
    pub(crate) fn width_and_heads(
        &self,
        width: &'static str,
        heads: &'static str,
    ) -> Result<(usize, usize), ModelError> {
        let (width, found) = (self.count(width)?, self.count(heads)?);
        if !width.is_multiple_of(found) {
            return Err(self.unsupported(heads, &found, "a divisor of the model's width"));
        }
        Ok((width, found))
    }

    /// A token's id.
    pub(crate) fn token(&self, field: &'static str) -> Result<Option<u32>, ModelError> {
        let Some(value) = self.value(field) else {
            return Ok(None);
        };
        value
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .map(Some)
            .ok_or_else(|| self.unsupported(field, value, "the id of a token"))
    }

    pub(crate) fn flag(&self, field: &'static str, default: bool) -> Result<bool, ModelError> {
        match self.value(field) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.unsupported(field, other, "true or false")),
        }
    }

    /// The term inside the root of a norm.
    pub(crate) fn norm_eps(&self, field: &'static str, default: f64) -> Result<f32, ModelError> {
        let eps = self.value(field).map_or(Some(default), Value::as_f64);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "single precision is what the norm computes in"
        )]
        eps.filter(|eps| eps.is_finite() && *eps > 0.0 && *eps < 1.0)
            .map(|eps| eps as f32)
            .ok_or_else(|| {
                self.unsupported(
                    field,
                    self.value(field).unwrap_or(&Value::Null),
                    "a number from 0 to 1",
                )
            })
    }

    pub(crate) fn activation(&self, field: &'static str) -> Result<Activation, ModelError> {
        let name = self.text(field)?;
        match name.as_str() {
            "gelu" => Ok(Activation::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
            "relu" => Ok(Activation::Relu),
            "silu" | "swish" => Ok(Activation::Silu),
            "tanh" => Ok(Activation::Tanh),
            _ => Err(self.unsupported(
                field,
                &name,
                "gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, silu, tanh",
            )),
        }
    }

    /// The numbers of a classifier's labels by their names.
    pub(crate) fn labels(&self) -> Result<Vec<String>, ModelError> {
        /// Labels of a classifier; a head has a row for each.
        const MOST_LABELS: usize = 1 << 16;
        let count = match self.value("id2label") {
            Some(Value::Object(labels)) => labels.len(),
            Some(other) => return Err(self.unsupported("id2label", other, "an object of labels")),
            // The library's own default.
            None => self.optional_count("num_labels")?.unwrap_or(2),
        };
        if !(1..=MOST_LABELS).contains(&count) {
            return Err(self.unsupported("id2label", &count, "1 to 65536 labels"));
        }
        Ok((0..count)
            .map(|id| {
                self.value("id2label")
                    .and_then(|labels| labels.get(id.to_string())?.as_str())
                    .map_or_else(|| format!("LABEL_{id}"), str::to_owned)
            })
            .collect())
    }
}
