//! MPNet: BERT with a number added to every score that depends on the distance, shared by all blocks.

use super::{
    Block, BlockBias, ConfigFile, Embeddings, Loader, Positions, Transformer, Wiring, loader::WithBias,
};
use crate::{ModelError, kernels::biased_attention::Sight};

/// The distance from which on all share the last bucket.
const FARTHEST: f32 = 128.0;

/// MPNet's padding token, which its embeddings take for granted.
const PADDING: u32 = 1;

pub(super) fn load(config: &ConfigFile, loader: &mut Loader<'_>) -> Result<Transformer, ModelError> {
    let (hidden, heads) = config.width_and_heads("hidden_size", "num_attention_heads")?;
    let eps = config.norm_eps("layer_norm_eps", 1e-12)?;
    let inner = config.count("intermediate_size")?;
    let positions = config.count("max_position_embeddings")?;
    let max_tokens = positions.saturating_sub(PADDING as usize + 1);
    if max_tokens == 0 {
        return Err(config.unsupported("max_position_embeddings", &positions, "3 and more"));
    }
    let embeddings = Embeddings {
        tokens: loader.table(
            "embeddings.word_embeddings.weight",
            config.count("vocab_size")?,
            hidden,
        )?,
        positions: Positions::AfterPadding {
            table: loader.table("embeddings.position_embeddings.weight", positions, hidden)?,
            padding: PADDING,
        },
        types: None,
        norm: Some(loader.norm("embeddings.LayerNorm", hidden, eps)?),
    };
    let buckets = config
        .optional_count("relative_attention_num_buckets")?
        .unwrap_or(32);
    if buckets < 4 {
        return Err(config.unsupported("relative_attention_num_buckets", &buckets, "4 and more"));
    }
    let table = loader.wide("encoder.relative_attention_bias.weight", buckets, heads)?;
    let reach = max_tokens as i64;
    let by_distance = (0..heads)
        .flat_map(|head| {
            let table = &table;
            (1 - reach..reach).map(move |distance| table[bucket(distance, buckets) * heads + head])
        })
        .collect();
    let mut blocks = Vec::new();
    for index in 0..config.layers("num_hidden_layers")? {
        let part = |name: &str| format!("encoder.layer.{index}.{name}");
        let [query, key, value] = ["q", "k", "v"].map(|name| part(&format!("attention.attn.{name}")));
        blocks.push(Block {
            qkv: loader.fused(&[&query, &key, &value], hidden, hidden, WithBias::Yes)?,
            attended: loader.linear(&part("attention.attn.o"), hidden, hidden, WithBias::Yes)?,
            up: loader.linear(&part("intermediate.dense"), hidden, inner, WithBias::Yes)?,
            down: loader.linear(&part("output.dense"), inner, hidden, WithBias::Yes)?,
            attention_norm: loader.norm(&part("attention.LayerNorm"), hidden, eps)?,
            feed_norm: Some(loader.norm(&part("output.LayerNorm"), hidden, eps)?),
            sight: Sight::Both,
            relative: BlockBias::Shared,
        });
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
        scale: 1.0 / ((hidden / heads) as f32).sqrt(),
        rotary: None,
        by_distance,
        buckets: Vec::new(),
        max_tokens,
    })
}

/// The bucket of a key `distance` behind the query, as T5 has them: half for each direction, of these half for one
/// distance each and the others for ranges that grow with their logarithm.
fn bucket(distance: i64, buckets: usize) -> usize {
    let half = buckets / 2;
    let side = if distance > 0 { half } else { 0 };
    let exact = half / 2;
    let distance = distance.unsigned_abs() as usize;
    if distance < exact {
        return side + distance;
    }
    let exact_width = exact as f32;
    let steps = (distance as f32 / exact_width).ln() / (FARTHEST / exact_width).ln() * (half - exact) as f32;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 up; the fraction is cut off as the original cuts it"
    )]
    let steps = steps as usize;
    side + (exact + steps).min(half - 1)
}
