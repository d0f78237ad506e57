//! The shape of a model, read from `config.json`.

use std::path::Path;

use serde::Deserialize;

use crate::{ModelError, Projection, kernels::attention::Heads};

/// Most bytes of a `config.json` that are read; real ones have about 1 KB.
const CONFIG_LIMIT: u64 = 1 << 20;

/// The shape of a Qwen2 model.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Number of tokens.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Inner width of the feed-forward block.
    pub intermediate: usize,
    /// Number of decoder layers.
    pub layers: usize,
    /// Query heads per layer.
    pub query_heads: usize,
    /// Key and value heads per layer; divides the query heads.
    pub key_value_heads: usize,
    /// Width of a head.
    pub head_width: usize,
    /// Longest context in tokens.
    pub max_positions: usize,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Term inside the root of the normalisations.
    pub norm_eps: f64,
    /// Whether the output uses the embedding's weights.
    pub tied_embeddings: bool,
    /// Tokens that end a text, where the configuration names any.
    pub end_tokens: Vec<u32>,
}

#[derive(Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

#[derive(Deserialize)]
struct ConfigFile {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rope_theta: Option<f64>,
    rope_parameters: Option<RopeParameters>,
    rope_scaling: Option<serde_json::Value>,
    rms_norm_eps: f64,
    hidden_act: String,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    use_sliding_window: bool,
    #[serde(default)]
    eos_token_id: serde_json::Value,
}

/// Token ids out of a number or a list of numbers. Not an untagged enum: that fails on numbers when `serde_json` keeps
/// their digits (its feature `arbitrary_precision`).
fn end_tokens(value: &serde_json::Value) -> Vec<u32> {
    let id = |value: &serde_json::Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        serde_json::Value::Array(ids) => ids.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}

impl Architecture {
    /// Reads and checks a `config.json`.
    pub(crate) fn load(path: &Path) -> Result<Self, ModelError> {
        let text = crate::tensor_file::read_limited(path, CONFIG_LIMIT)?;
        let file: ConfigFile = serde_json::from_slice(&text).map_err(|source| ModelError::Json {
            path: path.to_owned(),
            source,
        })?;
        let unsupported = |field: &'static str, value: &dyn std::fmt::Display, supported: &'static str| {
            Err(ModelError::Unsupported {
                path: path.to_owned(),
                field,
                value: value.to_string(),
                supported,
            })
        };
        if file.model_type != "qwen2" {
            return unsupported("model_type", &file.model_type, "qwen2");
        }
        if file.hidden_act != "silu" {
            return unsupported("hidden_act", &file.hidden_act, "silu");
        }
        if file.use_sliding_window {
            return unsupported("use_sliding_window", &true, "false");
        }
        if let Some(scaling) = file.rope_scaling.filter(|value| !value.is_null()) {
            return unsupported("rope_scaling", &scaling, "null");
        }
        let mut theta = file.rope_theta;
        if let Some(parameters) = file.rope_parameters {
            if let Some(kind) = parameters.rope_type.filter(|kind| kind != "default") {
                return unsupported("rope_parameters.rope_type", &kind, "default");
            }
            theta = parameters.rope_theta.or(theta);
        }
        let architecture = Self {
            vocabulary: file.vocab_size,
            hidden: file.hidden_size,
            intermediate: file.intermediate_size,
            layers: file.num_hidden_layers,
            query_heads: file.num_attention_heads,
            key_value_heads: file.num_key_value_heads.unwrap_or(file.num_attention_heads),
            head_width: file
                .head_dim
                .unwrap_or(file.hidden_size / file.num_attention_heads.max(1)),
            max_positions: file.max_position_embeddings,
            rope_theta: theta.unwrap_or(10_000.0),
            norm_eps: file.rms_norm_eps,
            tied_embeddings: file.tie_word_embeddings,
            end_tokens: end_tokens(&file.eos_token_id),
        };
        architecture.check(path)?;
        Ok(architecture)
    }

    pub(crate) fn check(&self, path: &Path) -> Result<(), ModelError> {
        // Far above any Qwen2 model, and small enough that no product of widths and layers overflows.
        const MOST: usize = 1 << 24;
        const MOST_LAYERS: usize = 1 << 10;
        for (field, value) in [
            ("vocab_size", self.vocabulary),
            ("hidden_size", self.hidden),
            ("intermediate_size", self.intermediate),
            ("num_hidden_layers", self.layers),
            ("num_attention_heads", self.query_heads),
            ("num_key_value_heads", self.key_value_heads),
            ("head_dim", self.head_width),
            ("max_position_embeddings", self.max_positions),
        ] {
            if !(1..=MOST).contains(&value) {
                return Err(ModelError::Unsupported {
                    path: path.to_owned(),
                    field,
                    value: value.to_string(),
                    supported: "1 to 16777216",
                });
            }
        }
        if self.layers > MOST_LAYERS {
            return Err(ModelError::Unsupported {
                path: path.to_owned(),
                field: "num_hidden_layers",
                value: self.layers.to_string(),
                supported: "1 to 1024",
            });
        }
        if !self.query_heads.is_multiple_of(self.key_value_heads) {
            return Err(ModelError::Unsupported {
                path: path.to_owned(),
                field: "num_key_value_heads",
                value: self.key_value_heads.to_string(),
                supported: "a divisor of num_attention_heads",
            });
        }
        if !self.head_width.is_multiple_of(2) {
            return Err(ModelError::Unsupported {
                path: path.to_owned(),
                field: "head_dim",
                value: self.head_width.to_string(),
                supported: "an even number",
            });
        }
        for (field, value) in [("rope_theta", self.rope_theta), ("rms_norm_eps", self.norm_eps)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ModelError::Unsupported {
                    path: path.to_owned(),
                    field,
                    value: value.to_string(),
                    supported: "a finite number above 0",
                });
            }
        }
        Ok(())
    }

    /// The configuration as `config.json` of the transformers library has it.
    pub(crate) fn to_config(&self) -> serde_json::Value {
        serde_json::json!({
            "architectures": ["Qwen2ForCausalLM"],
            "attention_dropout": 0.0,
            "eos_token_id": self.end_tokens,
            "head_dim": self.head_width,
            "hidden_act": "silu",
            "hidden_size": self.hidden,
            "intermediate_size": self.intermediate,
            "max_position_embeddings": self.max_positions,
            "model_type": "qwen2",
            "num_attention_heads": self.query_heads,
            "num_hidden_layers": self.layers,
            "num_key_value_heads": self.key_value_heads,
            "rms_norm_eps": self.norm_eps,
            "rope_scaling": null,
            "rope_theta": self.rope_theta,
            "tie_word_embeddings": self.tied_embeddings,
            "torch_dtype": "float16",
            "use_sliding_window": false,
            "vocab_size": self.vocabulary,
        })
    }

    pub(crate) fn heads(&self) -> Heads {
        Heads {
            query: self.query_heads,
            key_value: self.key_value_heads,
            width: self.head_width,
        }
    }

    /// Inputs and outputs of a linear map.
    pub(crate) fn dimensions(&self, projection: Projection) -> (usize, usize) {
        let queries = self.query_heads * self.head_width;
        let keys = self.key_value_heads * self.head_width;
        match projection {
            Projection::Query => (self.hidden, queries),
            Projection::Key | Projection::Value => (self.hidden, keys),
            Projection::Output => (queries, self.hidden),
            Projection::Gate | Projection::Up => (self.hidden, self.intermediate),
            Projection::Down => (self.intermediate, self.hidden),
        }
    }

    /// The first output column of a linear map within the product that it shares with the maps of its group.
    pub(crate) fn first_output(&self, projection: Projection) -> usize {
        let outputs = |projection| self.dimensions(projection).1;
        match projection {
            Projection::Query | Projection::Output | Projection::Gate | Projection::Down => 0,
            Projection::Key => outputs(Projection::Query),
            Projection::Value => outputs(Projection::Query) + outputs(Projection::Key),
            Projection::Up => outputs(Projection::Gate),
        }
    }

    /// Number of weights of the base model.
    #[must_use]
    pub fn parameters(&self) -> usize {
        crate::weights::Layout::new(self).length
    }
}
