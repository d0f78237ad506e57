//! A base model: configuration, weights and tokenizer.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokenizers::Tokenizer;

use crate::{
    Adapter, Architecture, ModelError,
    decoder::{Keep, Pack, Workspace},
    kernels::{
        matmul::{Matrix, MatrixMut, Update, multiply},
        rotary::Rotary,
    },
    tensor_file::{Precision, write_atomically},
    text::load_tokenizer,
    weights::Weights,
};

/// Most positions that a table of angles is made for: 64 MB for heads of 128. Longer contexts are cut.
const MOST_POSITIONS: usize = 1 << 16;

/// A Qwen2-shaped causal language model with its tokenizer. Cloning shares the weights.
#[derive(Clone)]
pub struct BaseModel {
    inner: Arc<Inner>,
}

struct Inner {
    architecture: Architecture,
    weights: Weights,
    rotary: Rotary,
    tokenizer: Tokenizer,
    tokenizer_path: PathBuf,
}

impl std::fmt::Debug for BaseModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaseModel")
            .field("architecture", &self.inner.architecture)
            .field("tokenizer", &self.inner.tokenizer_path)
            .finish_non_exhaustive()
    }
}

/// What a merged weight is rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Not rounded: f32.
    Single,
    /// Rounded to bf16, as the original validator evaluates.
    Brain16,
}

impl BaseModel {
    /// Loads `config.json`, `model.safetensors` or `pytorch_model.bin` (or shards), and `tokenizer.json`.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or of another architecture.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let architecture = Architecture::load(&folder.join("config.json"))?;
        let tokenizer_path = folder.join("tokenizer.json");
        let tokenizer = load_tokenizer(&tokenizer_path)?;
        let weights = Weights::load(folder, &architecture)?;
        Ok(Self::assemble(architecture, weights, tokenizer, tokenizer_path))
    }

    pub(crate) fn assemble(
        architecture: Architecture,
        weights: Weights,
        tokenizer: Tokenizer,
        tokenizer_path: PathBuf,
    ) -> Self {
        let positions = architecture.max_positions.min(MOST_POSITIONS);
        let rotary = Rotary::new(architecture.head_width, architecture.rope_theta, positions);
        Self {
            inner: Arc::new(Inner {
                architecture,
                weights,
                rotary,
                tokenizer,
                tokenizer_path,
            }),
        }
    }

    /// Writes `config.json`, `model.safetensors` in f16 and `tokenizer.json`.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the folder or a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        fs_err::create_dir_all(folder)?;
        let text = self
            .inner
            .tokenizer
            .to_string(true)
            .map_err(|source| ModelError::Tokenizer {
                path: self.inner.tokenizer_path.clone(),
                source,
            })?;
        write_atomically(&folder.join("tokenizer.json"), text.as_bytes())?;
        self.inner
            .weights
            .save(folder, &self.inner.architecture, Precision::Half)?;
        let config = format!("{:#}\n", self.inner.architecture.to_config());
        write_atomically(&folder.join("config.json"), config.as_bytes())
    }

    /// The model's shape.
    #[must_use]
    pub fn architecture(&self) -> &Architecture {
        &self.inner.architecture
    }

    pub(crate) fn weights(&self) -> &Weights {
        &self.inner.weights
    }

    pub(crate) fn rotary(&self) -> &Rotary {
        &self.inner.rotary
    }

    /// Token ids of a text; special tokens written out in it become their ids, none are added.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding =
            self.inner
                .tokenizer
                .encode_fast(text, false)
                .map_err(|source| ModelError::Tokenizer {
                    path: self.inner.tokenizer_path.clone(),
                    source,
                })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of token ids, special tokens left out.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        self.inner
            .tokenizer
            .decode(ids, true)
            .map_err(|source| ModelError::Tokenizer {
                path: self.inner.tokenizer_path.clone(),
                source,
            })
    }

    /// The id of a token by its text, such as `<|im_end|>`.
    #[must_use]
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.tokenizer.token_to_id(token)
    }

    /// The text of a token, as the vocabulary has it: a token of bytes that are no character has one too.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.tokenizer.id_to_token(id)
    }

    /// The longest context the model takes, in tokens.
    #[must_use]
    pub fn max_context(&self) -> usize {
        self.inner.architecture.max_positions.min(MOST_POSITIONS)
    }

    /// The logits after every token of a text: as many rows as tokens, each as wide as the vocabulary.
    ///
    /// # Errors
    /// An empty or too long text, tokens outside the vocabulary, or an adapter of another base.
    pub fn logits(&self, adapter: Option<&Adapter>, ids: &[u32]) -> Result<Vec<f32>, ModelError> {
        let rows: Vec<usize> = (0..ids.len()).collect();
        self.logits_at(adapter, ids, &rows)
    }

    /// The same after the tokens at these positions alone, in their order.
    ///
    /// # Errors
    /// As [`Self::logits`], and for a position outside of the text.
    pub fn logits_at(
        &self,
        adapter: Option<&Adapter>,
        ids: &[u32],
        positions: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        self.check_tokens(ids)?;
        if let Some(outside) = positions.iter().find(|position| **position >= ids.len()) {
            return Err(ModelError::Context {
                requested: outside + 1,
                limit: ids.len(),
            });
        }
        if let Some(adapter) = adapter {
            adapter.check_fits(self.architecture())?;
        }
        let mut pack = Pack::default();
        pack.push(&crate::Example::all_targets(ids.to_vec()), ids.len(), 0);
        let decoder = self.decoder(adapter.map(|adapter| crate::train::active(adapter, None)));
        let mut workspace = Workspace::default();
        decoder.forward(&pack, &mut workspace, Keep::Nothing);
        Ok(decoder.logits(&mut workspace, positions))
    }

    /// Calls `show` with the logits behind the tokens at `positions`, `most` rows at a time, and the first position of
    /// these.
    pub(crate) fn visit_logits(
        &self,
        ids: &[u32],
        positions: std::ops::Range<usize>,
        most: usize,
        show: &mut dyn FnMut(usize, &mut [f32]),
    ) -> Result<(), ModelError> {
        self.check_tokens(ids)?;
        let mut pack = Pack::default();
        pack.push(&crate::Example::all_targets(ids.to_vec()), ids.len(), 0);
        let decoder = self.decoder(None);
        let mut workspace = Workspace::default();
        decoder.forward(&pack, &mut workspace, Keep::Nothing);
        for first in positions.clone().step_by(most) {
            let rows: Vec<usize> = (first..positions.end.min(first + most)).collect();
            show(first, &mut decoder.logits(&mut workspace, &rows));
        }
        Ok(())
    }

    pub(crate) fn check_tokens(&self, ids: &[u32]) -> Result<(), ModelError> {
        if ids.is_empty() || ids.len() > self.max_context() {
            return Err(ModelError::Context {
                requested: ids.len(),
                limit: self.max_context(),
            });
        }
        let vocabulary = self.architecture().vocabulary;
        match ids.iter().enumerate().find(|(_, id)| **id as usize >= vocabulary) {
            Some((position, id)) => Err(ModelError::TokenOutOfRange {
                id: *id,
                position,
                vocabulary,
            }),
            None => Ok(()),
        }
    }

    /// A model with the adapter worked into its weights: `W + scale·B·A`, rounded as asked.
    ///
    /// # Errors
    /// [`ModelError::AdapterMismatch`].
    pub fn merged(&self, adapter: &Adapter, rounding: Rounding) -> Result<Self, ModelError> {
        adapter.check_fits(self.architecture())?;
        let architecture = self.architecture();
        let mut weights = self.inner.weights.clone();
        let rank = adapter.layout.rank;
        let active = crate::train::active(adapter, None);
        for (layer, groups) in adapter.layout.layers.iter().enumerate() {
            for factor in groups.iter().flat_map(|group| &group.factors) {
                let (inputs, outputs) = architecture.dimensions(factor.projection);
                let range = weights.layout.projection(architecture, layer, factor.projection);
                multiply(
                    MatrixMut::new(&mut weights.values[range], outputs, inputs),
                    Update::Add,
                    active.scale,
                    Matrix::new(&adapter.values[factor.b.clone()], outputs, rank),
                    Matrix::new(&adapter.values[factor.a.clone()], rank, inputs),
                );
            }
        }
        if rounding == Rounding::Brain16 {
            for value in &mut weights.values {
                *value = half::bf16::from_f32(*value).to_f32();
            }
        }
        Ok(self.with_weights(weights))
    }

    /// The same model with other weights.
    pub(crate) fn with_weights(&self, weights: Weights) -> Self {
        Self::assemble(
            self.architecture().clone(),
            weights,
            self.inner.tokenizer.clone(),
            self.inner.tokenizer_path.clone(),
        )
    }
}
