//! DeBERTa version 2 and 3: attention that looks at content and distance apart.
//!
//! A score is the product of query and key, plus that of the query with a key of their distance, plus that of the key
//! with a query of their distance. Distances fall into buckets; the keys and queries of buckets are the block's own
//! projections of one shared table, computed once when the model is loaded.

use super::{
    Block, BlockBias, ConfigFile, Embeddings, Linear, Loader, MOST_POSITIONS, Positions, Scratch,
    Transformer, Wiring, loader::WithBias,
};
use crate::{ModelError, kernels::biased_attention::Sight};

/// What of the configuration the attention needs.
#[derive(Debug, Clone)]
struct Relative {
    /// Rows of the shared table, half for each direction.
    rows: usize,
    buckets: Option<usize>,
    most_distance: usize,
    shared_projections: bool,
    keys: bool,
    queries: bool,
}

impl Relative {
    fn of(config: &ConfigFile) -> Result<Option<Self>, ModelError> {
        if !config.flag("relative_attention", false)? {
            return Ok(None);
        }
        // -1 says that there are none.
        let positive = |field: &'static str| match config.value(field).and_then(serde_json::Value::as_i64) {
            Some(value) if value < 1 => Ok(None),
            _ => config.optional_count(field),
        };
        let most_distance = match positive("max_relative_positions")? {
            Some(distance) => distance,
            None => config.count("max_position_embeddings")?,
        };
        let buckets = positive("position_buckets")?;
        if let Some(few) = buckets.filter(|buckets| *buckets < 4 || most_distance <= *buckets / 2 + 1) {
            return Err(config.unsupported(
                "position_buckets",
                &few,
                "4 and more, and less than two times the farthest distance",
            ));
        }
        let kinds = match config.value("pos_att_type") {
            None => String::new(),
            Some(serde_json::Value::String(kinds)) => kinds.clone(),
            Some(other) => other.to_string(),
        };
        Ok(Some(Self {
            rows: 2 * buckets.unwrap_or(most_distance),
            buckets,
            most_distance,
            shared_projections: config.flag("share_att_key", false)?,
            keys: kinds.contains("c2p"),
            queries: kinds.contains("p2c"),
        }))
    }

    /// The row of a query `distance` behind its key.
    fn row(&self, distance: i64) -> u32 {
        let half = (self.rows / 2) as i64;
        let bucket = self.buckets.map_or(distance, |buckets| {
            log_bucket(distance, buckets, self.most_distance)
        });
        u32::try_from((bucket + half).clamp(0, 2 * half - 1)).unwrap_or(0)
    }
}

/// The bucket of a distance: itself up to the middle, from there on steps of its logarithm.
fn log_bucket(distance: i64, buckets: usize, most_distance: usize) -> i64 {
    let middle = buckets / 2;
    let far = distance.unsigned_abs() as usize;
    if far <= middle {
        return distance;
    }
    let middle_width = middle as f32;
    let steps = (far as f32 / middle_width).ln() / ((most_distance - 1) as f32 / middle_width).ln()
        * (middle_width - 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a whole number after the ceiling")]
    let bucket = (steps.ceil() + middle_width) as i64;
    bucket * distance.signum()
}

pub(super) fn load(config: &ConfigFile, loader: &mut Loader<'_>) -> Result<Transformer, ModelError> {
    let (hidden, heads) = config.width_and_heads("hidden_size", "num_attention_heads")?;
    let eps = config.norm_eps("layer_norm_eps", 1e-7)?;
    let inner = config.count("intermediate_size")?;
    let positions = config.count("max_position_embeddings")?;
    for (field, same) in [
        ("embedding_size", hidden),
        ("attention_head_size", hidden / heads),
    ] {
        if let Some(other) = config.optional_count(field)?.filter(|found| *found != same) {
            return Err(config.unsupported(field, &other, "what follows from hidden_size"));
        }
    }
    if let Some(size) = config
        .value("conv_kernel_size")
        .filter(|size| size.as_i64() != Some(0))
    {
        return Err(config.unsupported("conv_kernel_size", size, "0: models without a convolution"));
    }
    let by_position = config.flag("position_biased_input", true)?;
    let types = config
        .value("type_vocab_size")
        .filter(|count| count.as_u64() != Some(0));
    let embeddings = Embeddings {
        tokens: loader.table(
            "embeddings.word_embeddings.weight",
            config.count("vocab_size")?,
            hidden,
        )?,
        positions: if by_position {
            Positions::FromZero(loader.table("embeddings.position_embeddings.weight", positions, hidden)?)
        } else {
            Positions::None
        },
        types: match types {
            None => None,
            Some(_) => Some(loader.table(
                "embeddings.token_type_embeddings.weight",
                config.count("type_vocab_size")?,
                hidden,
            )?),
        },
        norm: Some(loader.norm("embeddings.LayerNorm", hidden, eps)?),
    };
    // Without positions in its input the model takes rows of any length.
    let max_tokens = if by_position { positions } else { MOST_POSITIONS };
    let relative = Relative::of(config)?;
    let mut shared = Vec::new();
    if let Some(relative) = &relative {
        shared = loader.wide("encoder.rel_embeddings.weight", relative.rows, hidden)?;
        let norms = config
            .value("norm_rel_ebd")
            .and_then(|norms| norms.as_str())
            .unwrap_or("none");
        if norms.to_lowercase().contains("layer_norm") {
            loader.norm("encoder.LayerNorm", hidden, eps)?.apply(&mut shared);
        }
    }
    let mut blocks = Vec::new();
    for index in 0..config.layers("num_hidden_layers")? {
        let part = |name: &str| format!("encoder.layer.{index}.{name}");
        let projection = |name: &str| part(&format!("attention.self.{name}"));
        let [query, key, value] = ["query_proj", "key_proj", "value_proj"].map(projection);
        let bias = match &relative {
            None => BlockBias::None,
            Some(relative) => {
                let [of_keys, of_queries] = if relative.shared_projections {
                    [key.clone(), query.clone()]
                } else {
                    ["pos_key_proj", "pos_query_proj"].map(projection)
                };
                let mut projected = |wanted: bool, name: &str| -> Result<Option<Vec<f32>>, ModelError> {
                    if !wanted {
                        return Ok(None);
                    }
                    let map: Linear = loader.linear(name, hidden, hidden, WithBias::Yes)?;
                    let mut rows = Vec::new();
                    map.apply(&shared, &mut rows, &mut Scratch::default());
                    Ok(Some(rows))
                };
                BlockBias::Disentangled {
                    keys: projected(relative.keys, &of_keys)?,
                    queries: projected(relative.queries, &of_queries)?,
                }
            }
        };
        blocks.push(Block {
            qkv: loader.fused(&[&query, &key, &value], hidden, hidden, WithBias::Yes)?,
            attended: loader.linear(&part("attention.output.dense"), hidden, hidden, WithBias::Yes)?,
            up: loader.linear(&part("intermediate.dense"), hidden, inner, WithBias::Yes)?,
            down: loader.linear(&part("output.dense"), inner, hidden, WithBias::Yes)?,
            attention_norm: loader.norm(&part("attention.output.LayerNorm"), hidden, eps)?,
            feed_norm: Some(loader.norm(&part("output.LayerNorm"), hidden, eps)?),
            sight: Sight::Both,
            relative: bias,
        });
    }
    // The three parts of a score share its scale.
    let (mut parts, mut buckets) = (1, Vec::new());
    if let Some(relative) = &relative {
        parts += usize::from(relative.keys) + usize::from(relative.queries);
        let reach = max_tokens as i64;
        buckets = (1 - reach..reach)
            .map(|distance| relative.row(distance))
            .collect();
    }
    Ok(Transformer {
        embeddings,
        blocks,
        on_device: None,
        final_norm: None,
        wiring: Wiring::NormAfter,
        activation: config.activation("hidden_act")?,
        heads,
        hidden,
        scale: 1.0 / ((hidden / heads * parts) as f32).sqrt(),
        rotary: None,
        by_distance: Vec::new(),
        buckets,
        max_tokens,
    })
}
