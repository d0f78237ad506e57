//! Sentence encoders.

mod pooling;

use std::{path::Path, sync::Arc};

use rayon::prelude::*;

use crate::{
    Device, ModelError, batch,
    checkpoint::Checkpoint,
    text::{TextTokenizer, TokenRow},
    transformer::{ConfigFile, Family, Transformer},
};
use pooling::SentenceModules;

/// How a text becomes one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Embedding {
    /// As sentence-transformers does it: the text without blanks at its ends, cut to the model's length, pooled and
    /// normalised as `modules.json` says; the mean over the tokens and length one where there is no such file.
    SentenceTransformers,
    /// The whole text in windows of [`Encoder::max_tokens`], each with its special tokens: the mean over a window's
    /// tokens at length one, and of these the mean over the windows, which is at most one long.
    MeanOfWindows,
    /// The last hidden state at the last token of the first window.
    LastToken,
}

/// A model that turns texts into vectors. Cloning shares the weights.
#[derive(Debug, Clone)]
pub struct Encoder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    family: Family,
    model: Transformer,
    tokenizer: TextTokenizer,
    modules: SentenceModules,
    max_tokens: usize,
}

impl Encoder {
    /// Loads `config.json`, `tokenizer.json`, the weights and, where they are there, `tokenizer_config.json` and the
    /// files of sentence-transformers.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or of a family that this crate does not know; the error names what
    /// is supported.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        Self::load_on(folder, Device::Cpu)
    }

    /// The same on a device.
    ///
    /// # Errors
    /// As [`Self::load`], and [`ModelError::Device`].
    pub fn load_on(folder: &Path, device: Device) -> Result<Self, ModelError> {
        let config = ConfigFile::load(&folder.join("config.json"))?;
        let family = Family::of(&config, &Family::ALL.map(|(family, _)| family), Family::ALL_NAMES)?;
        let tokenizer = TextTokenizer::load(folder)?;
        let modules = SentenceModules::load(folder)?;
        let mut checkpoint = Checkpoint::open(folder)?;
        let model = family
            .load(&config, &mut family.loader(&mut checkpoint))?
            .on(device)?;
        let max_tokens = tokenizer
            .model_max_length
            .map_or(model.max_tokens, |length| length.min(model.max_tokens));
        Ok(Self {
            inner: Arc::new(Inner {
                family,
                model,
                tokenizer,
                modules,
                max_tokens,
            }),
        })
    }

    /// Whether a token sees only those before it, so that the last one stands for the text.
    #[must_use]
    pub fn is_causal(&self) -> bool {
        matches!(self.inner.family, Family::Gptj | Family::GptNeo)
    }

    /// Numbers of a vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.inner.model.hidden
    }

    /// Tokens of a window, special ones included: what the positions and `tokenizer_config.json` allow.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.inner.max_tokens
    }

    /// The vectors of texts, in their order. The same texts give the same bits for any number of threads.
    ///
    /// # Errors
    /// A tokenizer that fails or does not fit the model's vocabulary; [`ModelError::NoTokens`] for an empty text where
    /// the tokenizer adds no tokens of its own.
    pub fn embed(&self, texts: &[&str], how: Embedding) -> Result<Vec<Vec<f32>>, ModelError> {
        let Inner {
            model,
            tokenizer,
            modules,
            max_tokens,
            ..
        } = &*self.inner;
        let windows: Vec<Vec<TokenRow>> = texts
            .par_iter()
            .map(|text| match how {
                Embedding::SentenceTransformers => {
                    let limit = modules
                        .max_tokens
                        .map_or(*max_tokens, |most| most.min(*max_tokens));
                    Ok(vec![tokenizer.row(&modules.prepare(text), None, limit)?])
                }
                Embedding::MeanOfWindows => tokenizer.windows(text, None, *max_tokens),
                Embedding::LastToken => Ok(vec![tokenizer.row(text, None, *max_tokens)?]),
            })
            .collect::<Result<_, ModelError>>()?;
        if let Some(index) = windows
            .iter()
            .position(|rows| rows.iter().any(|row| row.tokens.is_empty()))
        {
            return Err(ModelError::NoTokens { index });
        }
        let counts: Vec<usize> = windows.iter().map(Vec::len).collect();
        let rows: Vec<TokenRow> = windows.into_iter().flatten().collect();
        let width = model.hidden;
        let vectors = batch::run(model, &rows, |hidden, _| match how {
            Embedding::SentenceTransformers => modules.pool(hidden, width),
            Embedding::MeanOfWindows => pooling::normalised(pooling::mean(hidden, width)),
            Embedding::LastToken => hidden[hidden.len() - width..].to_vec(),
        })?;
        let mut vectors = vectors.into_iter();
        Ok(counts
            .into_iter()
            .map(|count| pooling::mean_of(vectors.by_ref().take(count)))
            .collect())
    }
}
