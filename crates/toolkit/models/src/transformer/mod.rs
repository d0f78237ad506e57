//! Transformers for inference, of every family from one description.
//!
//! A [`Transformer`] says what its blocks are made of: embeddings, how a block is wired, linear maps, norms, an
//! activation, and what its attention sees. A family (one file each) reads its configuration and its tensors' names
//! into that description; the computation is written once, in `forward`.

mod bert;
mod config;
mod deberta;
mod forward;
mod gpt_neo;
mod gptj;
mod linear;
mod loader;
#[cfg(feature = "candle")]
mod map_on_device;
mod mpnet;
#[cfg(not(feature = "candle"))]
#[path = "no_device.rs"]
mod on_device;
#[cfg(feature = "candle")]
mod on_device;

pub(crate) use config::ConfigFile;
pub(crate) use forward::{Beginning, Rows, Workspace};
pub(crate) use linear::{Linear, Scratch, Table};
pub(crate) use loader::{Loader, WithBias};
pub(crate) use on_device::DeviceMap;

use crate::{
    Device, ModelError,
    checkpoint::Checkpoint,
    kernels::{activation::Activation, biased_attention::Sight, layer_norm, rotary::Rotary},
};

/// The longest rows of families that have no limit of their own: a block of their scores has 2 MB.
const MOST_POSITIONS: usize = 1 << 13;

/// Layer normalisation of rows.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) eps: f32,
}

impl Norm {
    fn apply(&self, rows: &mut [f32]) {
        layer_norm::in_place(rows, &self.weight, &self.bias, self.eps);
    }
}

/// What a row starts from.
#[derive(Debug)]
pub(crate) struct Embeddings {
    pub(crate) tokens: Table,
    pub(crate) positions: Positions,
    pub(crate) types: Option<Table>,
    pub(crate) norm: Option<Norm>,
}

/// How positions enter the embeddings.
#[derive(Debug)]
pub(crate) enum Positions {
    /// They do not.
    None,
    /// A row for each, counted from 0.
    FromZero(Table),
    /// A row for each, counted from behind the padding token's id; a padding token has that of its own id.
    AfterPadding { table: Table, padding: u32 },
}

impl Positions {
    /// Whether a token is not counted.
    fn skips(&self, token: u32) -> bool {
        matches!(self, Self::AfterPadding { padding, .. } if *padding == token)
    }
}

/// How the parts of a block follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wiring {
    /// Each sum is normalised: `x = norm(x + attention(x)); x = norm(x + feed_forward(x))`.
    NormAfter,
    /// Each input is normalised: `x += attention(norm(x)); x += feed_forward(norm(x))`.
    NormBefore,
    /// Both read one normalised input: `x += attention(norm(x)) + feed_forward(norm(x))`.
    Parallel,
}

/// One block.
#[derive(Debug)]
pub(crate) struct Block {
    /// Queries, keys and values in one map.
    pub(crate) qkv: Linear,
    pub(crate) attended: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    pub(crate) attention_norm: Norm,
    /// Absent where the wiring has one norm a block.
    pub(crate) feed_norm: Option<Norm>,
    pub(crate) sight: Sight,
    pub(crate) relative: BlockBias,
}

/// What a block's attention adds to its scores.
#[derive(Debug)]
pub(crate) enum BlockBias {
    None,
    /// The numbers that all blocks share, in [`Transformer::by_distance`].
    Shared,
    /// Keys and queries of every bucket of distances, rows as wide as the model.
    Disentangled {
        keys: Option<Vec<f32>>,
        queries: Option<Vec<f32>>,
    },
}

/// A whole model without its head.
#[derive(Debug)]
pub(crate) struct Transformer {
    pub(crate) embeddings: Embeddings,
    /// Those that are computed here: none, or all.
    pub(crate) blocks: Vec<Block>,
    /// Those that are computed on a device.
    pub(crate) on_device: Option<OnDevice>,
    pub(crate) final_norm: Option<Norm>,
    pub(crate) wiring: Wiring,
    pub(crate) activation: Activation,
    pub(crate) heads: usize,
    pub(crate) hidden: usize,
    /// What scores are multiplied by.
    pub(crate) scale: f32,
    pub(crate) rotary: Option<Rotary>,
    /// For every head a number for each distance: see [`crate::kernels::biased_attention::Bias::Distance`].
    pub(crate) by_distance: Vec<f32>,
    /// The bucket of each distance: see [`crate::kernels::biased_attention::Disentangled`].
    pub(crate) buckets: Vec<u32>,
    /// Tokens of the longest row.
    pub(crate) max_tokens: usize,
}

/// What is told of a device that this build does not know.
#[cfg(not(feature = "cuda"))]
const NOT_BUILT: &str = "this program was built without it; build it with --features cuda";

/// What was moved to a device.
#[derive(Debug)]
pub(crate) struct OnDevice {
    blocks: on_device::DeviceBlocks,
    /// What is known of the blocks here.
    is_causal: bool,
}

impl Transformer {
    /// The same model with its blocks on a device, and no longer here.
    ///
    /// # Errors
    /// [`ModelError::Device`], when there is no such device in this build or machine, or no room on it.
    pub(crate) fn on(mut self, device: Device) -> Result<Self, ModelError> {
        if device == Device::Cpu {
            return Ok(self);
        }
        let is_causal = self.is_causal();
        let blocks = std::mem::take(&mut self.blocks);
        self.on_device = Some(OnDevice {
            blocks: on_device::DeviceBlocks::new(&self, blocks, device)?,
            is_causal,
        });
        Ok(self)
    }

    pub(crate) fn vocabulary(&self) -> usize {
        self.embeddings.tokens.rows()
    }

    /// Checks a row's tokens.
    pub(crate) fn check(&self, tokens: &[u32]) -> Result<(), ModelError> {
        if tokens.is_empty() || tokens.len() > self.max_tokens {
            return Err(ModelError::Context {
                requested: tokens.len(),
                limit: self.max_tokens,
            });
        }
        let vocabulary = self.vocabulary();
        match tokens
            .iter()
            .enumerate()
            .find(|(_, id)| **id as usize >= vocabulary)
        {
            Some((position, id)) => Err(ModelError::TokenOutOfRange {
                id: *id,
                position,
                vocabulary,
            }),
            None => Ok(()),
        }
    }
}

/// The families of transformers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Bert,
    Roberta,
    Mpnet,
    Deberta,
    Gptj,
    GptNeo,
}

impl Family {
    /// The names of all, for errors.
    pub(crate) const ALL_NAMES: &str = "bert, roberta, mpnet, deberta-v2, gptj, gpt_neo";

    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Bert, "bert"),
        (Self::Roberta, "roberta"),
        (Self::Mpnet, "mpnet"),
        (Self::Deberta, "deberta-v2"),
        (Self::Gptj, "gptj"),
        (Self::GptNeo, "gpt_neo"),
    ];

    /// The family that a configuration names, if it is one of `supported`, whose names are in `names`.
    pub(crate) fn of(
        config: &ConfigFile,
        supported: &[Self],
        names: &'static str,
    ) -> Result<Self, ModelError> {
        let found = config.text("model_type")?;
        Self::ALL
            .into_iter()
            .find(|(family, name)| *name == found && supported.contains(family))
            .map(|(family, _)| family)
            .ok_or_else(|| config.unsupported("model_type", &found, names))
    }

    /// A loader for the names that this family's own parts have, whether the bare model was saved or one with a head.
    pub(crate) fn loader(self, checkpoint: &mut Checkpoint) -> Loader<'_> {
        let (prefixes, known): (&[&'static str], &str) = match self {
            Self::Bert => (&["", "bert."], "embeddings.word_embeddings.weight"),
            Self::Roberta => (&["", "roberta."], "embeddings.word_embeddings.weight"),
            Self::Mpnet => (&["", "mpnet."], "embeddings.word_embeddings.weight"),
            Self::Deberta => (&["", "deberta."], "embeddings.word_embeddings.weight"),
            Self::Gptj | Self::GptNeo => (&["", "transformer.", "model.transformer."], "wte.weight"),
        };
        Loader::new(checkpoint, prefixes, known)
    }

    /// Reads the blocks; heads are read afterwards from the same loader.
    pub(crate) fn load(
        self,
        config: &ConfigFile,
        loader: &mut Loader<'_>,
    ) -> Result<Transformer, ModelError> {
        match self {
            Self::Bert => bert::load(config, loader, bert::Kind::Bert),
            Self::Roberta => bert::load(config, loader, bert::Kind::Roberta),
            Self::Mpnet => mpnet::load(config, loader),
            Self::Deberta => deberta::load(config, loader),
            Self::Gptj => gptj::load(config, loader),
            Self::GptNeo => gpt_neo::load(config, loader),
        }
    }
}
