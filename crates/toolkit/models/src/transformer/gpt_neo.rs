//! GPT-Neo: GPT-2 whose blocks see everything before or a window by turns, with scores that are not scaled.

use super::{
    Block, BlockBias, ConfigFile, Embeddings, Loader, MOST_POSITIONS, Positions, Transformer, Wiring,
    loader::WithBias,
};
use crate::{ModelError, kernels::biased_attention::Sight};

pub(super) fn load(config: &ConfigFile, loader: &mut Loader<'_>) -> Result<Transformer, ModelError> {
    let (hidden, heads) = config.width_and_heads("hidden_size", "num_heads")?;
    let eps = config.norm_eps("layer_norm_epsilon", 1e-5)?;
    let inner = config.optional_count("intermediate_size")?.unwrap_or(4 * hidden);
    let positions = config.count("max_position_embeddings")?;
    let layers = config.layers("num_layers")?;
    let window = config.optional_count("window_size")?.unwrap_or(256);
    let sights = sights(config, layers, window)?;
    let embeddings = Embeddings {
        tokens: loader.table("wte.weight", config.count("vocab_size")?, hidden)?,
        positions: Positions::FromZero(loader.table("wpe.weight", positions, hidden)?),
        types: None,
        norm: None,
    };
    let mut blocks = Vec::new();
    for (index, sight) in sights.into_iter().enumerate() {
        let part = |name: &str| format!("h.{index}.{name}");
        let [query, key, value, out] =
            ["q_proj", "k_proj", "v_proj", "out_proj"].map(|name| part(&format!("attn.attention.{name}")));
        blocks.push(Block {
            qkv: loader.fused(&[&query, &key, &value], hidden, hidden, WithBias::No)?,
            attended: loader.linear(&out, hidden, hidden, WithBias::Yes)?,
            up: loader.linear(&part("mlp.c_fc"), hidden, inner, WithBias::Yes)?,
            down: loader.linear(&part("mlp.c_proj"), inner, hidden, WithBias::Yes)?,
            attention_norm: loader.norm(&part("ln_1"), hidden, eps)?,
            feed_norm: Some(loader.norm(&part("ln_2"), hidden, eps)?),
            sight,
            relative: BlockBias::None,
        });
    }
    Ok(Transformer {
        embeddings,
        blocks,
        on_device: None,
        final_norm: Some(loader.norm("ln_f", hidden, eps)?),
        wiring: Wiring::NormBefore,
        activation: config.activation("activation_function")?,
        heads,
        hidden,
        scale: 1.0,
        rotary: None,
        by_distance: Vec::new(),
        buckets: Vec::new(),
        max_tokens: positions.min(MOST_POSITIONS),
    })
}

/// What each block sees: the configuration has lists of kinds with the number of times that each is repeated.
fn sights(config: &ConfigFile, layers: usize, window: usize) -> Result<Vec<Sight>, ModelError> {
    const SUPPORTED: &str = "as many \"global\" and \"local\" as there are layers";
    let Some(types) = config.value("attention_types") else {
        return Err(config.unsupported("attention_types", &"missing", SUPPORTED));
    };
    let refused = || config.unsupported("attention_types", types, SUPPORTED);
    let mut sights = Vec::new();
    for group in types.as_array().ok_or_else(refused)? {
        let kinds = group
            .get(0)
            .and_then(|kinds| kinds.as_array())
            .ok_or_else(refused)?;
        let times = group
            .get(1)
            .and_then(serde_json::Value::as_u64)
            .ok_or_else(refused)?;
        for _ in 0..times {
            for kind in kinds {
                match kind.as_str() {
                    _ if sights.len() == layers => return Err(refused()),
                    Some("global") => sights.push(Sight::Causal),
                    Some("local") => sights.push(Sight::Window(window)),
                    _ => return Err(refused()),
                }
            }
            if kinds.is_empty() {
                return Err(refused());
            }
        }
    }
    if sights.len() == layers {
        Ok(sights)
    } else {
        Err(refused())
    }
}
