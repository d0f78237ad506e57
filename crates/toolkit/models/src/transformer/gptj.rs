//! GPT-J: attention and feed-forward side by side, and positions turned into part of each head.

use super::{
    Block, BlockBias, ConfigFile, Embeddings, Loader, MOST_POSITIONS, Positions, Transformer, Wiring,
    loader::WithBias,
};
use crate::{
    ModelError,
    kernels::{biased_attention::Sight, rotary::Rotary},
};

pub(super) fn load(config: &ConfigFile, loader: &mut Loader<'_>) -> Result<Transformer, ModelError> {
    let (hidden, heads) = config.width_and_heads("n_embd", "n_head")?;
    let width = hidden / heads;
    let eps = config.norm_eps("layer_norm_epsilon", 1e-5)?;
    let inner = config.optional_count("n_inner")?.unwrap_or(4 * hidden);
    let max_tokens = config.count("n_positions")?.min(MOST_POSITIONS);
    let turned = config.count("rotary_dim")?;
    if turned > width || !turned.is_multiple_of(2) {
        return Err(config.unsupported(
            "rotary_dim",
            &turned,
            "an even number, not above the width of a head",
        ));
    }
    let tokens = loader.table("wte.weight", config.count("vocab_size")?, hidden)?;
    let mut blocks = Vec::new();
    for index in 0..config.layers("n_layer")? {
        let part = |name: &str| format!("h.{index}.{name}");
        let [query, key, value, out] =
            ["q_proj", "k_proj", "v_proj", "out_proj"].map(|name| part(&format!("attn.{name}")));
        blocks.push(Block {
            qkv: loader.fused(&[&query, &key, &value], hidden, hidden, WithBias::No)?,
            attended: loader.linear(&out, hidden, hidden, WithBias::No)?,
            up: loader.linear(&part("mlp.fc_in"), hidden, inner, WithBias::Yes)?,
            down: loader.linear(&part("mlp.fc_out"), inner, hidden, WithBias::Yes)?,
            attention_norm: loader.norm(&part("ln_1"), hidden, eps)?,
            feed_norm: None,
            sight: Sight::Causal,
            relative: BlockBias::None,
        });
    }
    Ok(Transformer {
        embeddings: Embeddings {
            tokens,
            positions: Positions::None,
            types: None,
            norm: None,
        },
        blocks,
        on_device: None,
        final_norm: Some(loader.norm("ln_f", hidden, eps)?),
        wiring: Wiring::Parallel,
        activation: config.activation("activation_function")?,
        heads,
        hidden,
        scale: 1.0 / (width as f32).sqrt(),
        rotary: Some(Rotary::new(turned, 10_000.0, max_tokens)),
        by_distance: Vec::new(),
        buckets: Vec::new(),
        max_tokens,
    })
}
