//! Sequence classifiers: the logits of labels for a text or a pair of texts.

use std::{path::Path, sync::Arc};

use rayon::prelude::*;

use crate::{
    Device, ModelError, batch,
    checkpoint::Checkpoint,
    kernels::activation::Activation,
    text::{TextTokenizer, TokenRow},
    transformer::{ConfigFile, Family, Linear, Loader, Scratch, Transformer, WithBias},
};

/// What to classify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassifierInput<'a> {
    /// The text, or the first of two.
    pub text: &'a str,
    /// The second text, for models that judge pairs, such as a question and its answer.
    pub pair: Option<&'a str>,
}

impl<'a> From<&'a str> for ClassifierInput<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, pair: None }
    }
}

impl<'a> From<(&'a str, &'a str)> for ClassifierInput<'a> {
    fn from((text, pair): (&'a str, &'a str)) -> Self {
        Self {
            text,
            pair: Some(pair),
        }
    }
}

/// A model that gives every label a logit. Cloning shares the weights.
#[derive(Debug, Clone)]
pub struct Classifier {
    inner: Arc<Inner>,
    max_tokens: usize,
}

#[derive(Debug)]
struct Inner {
    model: Transformer,
    tokenizer: TextTokenizer,
    head: Head,
    labels: Vec<String>,
    /// The token that a causal model does not count at the end of a text.
    padding: Option<u32>,
}

/// What stands on the last hidden states.
#[derive(Debug)]
enum Head {
    /// The first token's state, through a map and a function, to the labels.
    FirstToken {
        dense: Linear,
        activation: Activation,
        labels: Linear,
    },
    /// The state of the last token that is no padding.
    LastToken { labels: Linear },
}

impl Classifier {
    /// Loads `config.json`, `tokenizer.json` and the weights of a model with a head for sequence classification.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound, of a family that this crate does not know, or without a head.
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
        let labels = config.labels()?;
        let tokenizer = TextTokenizer::load(folder)?;
        let mut checkpoint = Checkpoint::open(folder)?;
        let mut loader = family.loader(&mut checkpoint);
        let model = family.load(&config, &mut loader)?;
        let head = head(family, &config, &mut loader, model.hidden, labels.len())?;
        let model = model.on(device)?;
        let max_tokens = model.max_tokens;
        Ok(Self {
            inner: Arc::new(Inner {
                model,
                tokenizer,
                head,
                labels,
                padding: config.token("pad_token_id")?,
            }),
            max_tokens,
        })
    }

    /// Number of labels.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.inner.labels.len()
    }

    /// The labels' names, in the order of the logits.
    #[must_use]
    pub fn label_names(&self) -> &[String] {
        &self.inner.labels
    }

    /// The longest row, special tokens included: what the model's positions allow, or what was asked for with
    /// [`Self::with_max_tokens`].
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The same model for shorter rows; it cannot be made to take longer ones than it does.
    #[must_use]
    pub fn with_max_tokens(mut self, max_tokens: usize) -> Self {
        self.max_tokens = max_tokens.clamp(1, self.inner.model.max_tokens);
        self
    }

    /// The logits of each input, cut to [`Self::max_tokens`]. Of a pair, the longer text is cut first.
    ///
    /// # Errors
    /// A tokenizer that fails or does not fit the model's vocabulary; [`ModelError::NoTokens`] for an empty text where
    /// the tokenizer adds no tokens of its own.
    pub fn logits(&self, inputs: &[ClassifierInput<'_>]) -> Result<Vec<Vec<f32>>, ModelError> {
        let windows = self.rows(inputs, |tokenizer, input| {
            Ok(vec![tokenizer.row(input.text, input.pair, self.max_tokens)?])
        })?;
        Ok(self.judge(windows)?.into_iter().flatten().collect())
    }

    /// The logits of every window of [`Self::max_tokens`] of each input, special tokens in each window.
    ///
    /// # Errors
    /// As [`Self::logits`].
    pub fn window_logits(&self, inputs: &[ClassifierInput<'_>]) -> Result<Vec<Vec<Vec<f32>>>, ModelError> {
        let windows = self.rows(inputs, |tokenizer, input| {
            tokenizer.windows(input.text, input.pair, self.max_tokens)
        })?;
        self.judge(windows)
    }

    fn rows(
        &self,
        inputs: &[ClassifierInput<'_>],
        cut: impl Fn(&TextTokenizer, &ClassifierInput<'_>) -> Result<Vec<TokenRow>, ModelError> + Sync,
    ) -> Result<Vec<Vec<TokenRow>>, ModelError> {
        let windows: Vec<Vec<TokenRow>> = inputs
            .par_iter()
            .map(|input| cut(&self.inner.tokenizer, input))
            .collect::<Result<_, ModelError>>()?;
        match windows
            .iter()
            .position(|rows| rows.iter().any(|row| row.tokens.is_empty()))
        {
            Some(index) => Err(ModelError::NoTokens { index }),
            None => Ok(windows),
        }
    }

    fn judge(&self, windows: Vec<Vec<TokenRow>>) -> Result<Vec<Vec<Vec<f32>>>, ModelError> {
        let Inner {
            model, head, padding, ..
        } = &*self.inner;
        let counts: Vec<usize> = windows.iter().map(Vec::len).collect();
        let mut rows: Vec<TokenRow> = windows.into_iter().flatten().collect();
        if let (Head::LastToken { .. }, Some(padding)) = (head, padding) {
            // What comes behind the last token does not change it: it need not be computed.
            for row in &mut rows {
                let last = row.tokens.iter().rposition(|token| token != padding).unwrap_or(0);
                row.tokens.truncate(last + 1);
                row.types.truncate(last + 1);
            }
        }
        let judge = |hidden: &[f32], scratch: &mut Scratch| head.logits(hidden, model.hidden, scratch);
        let mut logits = match head {
            Head::FirstToken { .. } => batch::run(model, &rows, judge)?,
            Head::LastToken { .. } => batch::run_to_last(model, &rows, judge)?,
        }
        .into_iter();
        Ok(counts
            .into_iter()
            .map(|count| logits.by_ref().take(count).collect())
            .collect())
    }
}

impl Head {
    fn logits(&self, hidden: &[f32], width: usize, scratch: &mut Scratch) -> Vec<f32> {
        let mut logits = Vec::new();
        match self {
            Self::FirstToken {
                dense,
                activation,
                labels,
            } => {
                let mut pooled = Vec::new();
                dense.apply(&hidden[..width], &mut pooled, scratch);
                activation.apply(&mut pooled);
                labels.apply(&pooled, &mut logits, scratch);
            }
            Self::LastToken { labels } => labels.apply(&hidden[hidden.len() - width..], &mut logits, scratch),
        }
        logits
    }
}

/// Reads a family's head.
fn head(
    family: Family,
    config: &ConfigFile,
    loader: &mut Loader<'_>,
    hidden: usize,
    labels: usize,
) -> Result<Head, ModelError> {
    let (dense, activation, labels) = match family {
        Family::Bert => (
            loader.linear("pooler.dense", hidden, hidden, WithBias::Yes)?,
            Activation::Tanh,
            loader
                .head()
                .linear("classifier", hidden, labels, WithBias::Yes)?,
        ),
        Family::Roberta | Family::Mpnet => {
            let mut head = loader.head();
            (
                head.linear("classifier.dense", hidden, hidden, WithBias::Yes)?,
                Activation::Tanh,
                head.linear("classifier.out_proj", hidden, labels, WithBias::Yes)?,
            )
        }
        Family::Deberta => {
            let width = config.optional_count("pooler_hidden_size")?.unwrap_or(hidden);
            if width != hidden {
                return Err(config.unsupported("pooler_hidden_size", &width, "the same as hidden_size"));
            }
            let mut head = loader.head();
            (
                head.linear("pooler.dense", hidden, hidden, WithBias::Yes)?,
                config.activation("pooler_hidden_act")?,
                head.linear("classifier", hidden, labels, WithBias::Yes)?,
            )
        }
        Family::Gptj | Family::GptNeo => {
            let labels = loader.head().linear("score", hidden, labels, WithBias::No)?;
            return Ok(Head::LastToken { labels });
        }
    };
    Ok(Head::FirstToken {
        dense,
        activation,
        labels,
    })
}
