//! BERT and RoBERTa (with DistilRoBERTa), which differ in how they count positions.

use super::{
    Block, BlockBias, ConfigFile, Embeddings, Loader, Positions, Transformer, Wiring, loader::WithBias,
};
use crate::{ModelError, kernels::biased_attention::Sight};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bert,
    Roberta,
}

pub(super) fn load(
    config: &ConfigFile,
    loader: &mut Loader<'_>,
    kind: Kind,
) -> Result<Transformer, ModelError> {
    if let Some(embedding) = config
        .value("position_embedding_type")
        .filter(|kind| *kind != "absolute")
    {
        return Err(config.unsupported("position_embedding_type", embedding, "absolute"));
    }
    if config.flag("is_decoder", false)? {
        return Err(config.unsupported("is_decoder", &true, "false"));
    }
    let (hidden, heads) = config.width_and_heads("hidden_size", "num_attention_heads")?;
    let eps = config.norm_eps("layer_norm_eps", 1e-12)?;
    let inner = config.count("intermediate_size")?;
    let positions = config.count("max_position_embeddings")?;
    let table = loader.table("embeddings.position_embeddings.weight", positions, hidden)?;
    let (positions, max_tokens) = match kind {
        Kind::Bert => (Positions::FromZero(table), positions),
        Kind::Roberta => {
            let padding = config.token("pad_token_id")?.unwrap_or(1);
            (
                Positions::AfterPadding { table, padding },
                positions.saturating_sub(padding as usize + 1),
            )
        }
    };
    if max_tokens == 0 {
        return Err(config.unsupported(
            "max_position_embeddings",
            &max_tokens,
            "more than the padding token's id + 1",
        ));
    }
    let embeddings = Embeddings {
        tokens: loader.table(
            "embeddings.word_embeddings.weight",
            config.count("vocab_size")?,
            hidden,
        )?,
        positions,
        types: Some(loader.table(
            "embeddings.token_type_embeddings.weight",
            config.optional_count("type_vocab_size")?.unwrap_or(2),
            hidden,
        )?),
        norm: Some(loader.norm("embeddings.LayerNorm", hidden, eps)?),
    };
    let mut blocks = Vec::new();
    for index in 0..config.layers("num_hidden_layers")? {
        let part = |name: &str| format!("encoder.layer.{index}.{name}");
        let [query, key, value] =
            ["query", "key", "value"].map(|name| part(&format!("attention.self.{name}")));
        blocks.push(Block {
            qkv: loader.fused(&[&query, &key, &value], hidden, hidden, WithBias::Yes)?,
            attended: loader.linear(&part("attention.output.dense"), hidden, hidden, WithBias::Yes)?,
            up: loader.linear(&part("intermediate.dense"), hidden, inner, WithBias::Yes)?,
            down: loader.linear(&part("output.dense"), inner, hidden, WithBias::Yes)?,
            attention_norm: loader.norm(&part("attention.output.LayerNorm"), hidden, eps)?,
            feed_norm: Some(loader.norm(&part("output.LayerNorm"), hidden, eps)?),
            sight: Sight::Both,
            relative: BlockBias::None,
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
        by_distance: Vec::new(),
        buckets: Vec::new(),
        max_tokens,
    })
}
