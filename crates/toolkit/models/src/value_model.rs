//! The GPT-J reward model with a linear value head: one score for a text.

use std::{path::Path, sync::Arc};

use rayon::prelude::*;

use crate::{
    Device, ModelError, batch,
    checkpoint::Checkpoint,
    text::{TextTokenizer, TokenRow},
    transformer::{ConfigFile, Family, Linear, Transformer, WithBias},
};

/// What every scored text begins with; to the model's tokenizer it is ordinary text.
const START: &str = "<|startoftext|>";

/// What every scored text ends with: a token.
const END: &str = "<|endoftext|>";

/// Where a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndMarker {
    /// Behind its last token, whatever is written in it: an end marker inside of a text is text, so that nobody can
    /// choose where the score is taken.
    AfterText,
    /// Before the first end marker, also one that is written in the text, as the original has it. A text that begins
    /// with one is scored at its start marker alone.
    FirstInText,
}

/// A causal model with a linear map from its last hidden state to one number. Cloning shares the weights.
#[derive(Debug, Clone)]
pub struct ValueModel {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    model: Transformer,
    head: Linear,
    tokenizer: TextTokenizer,
    literal: TextTokenizer,
    end: Option<u32>,
}

impl ValueModel {
    /// Loads the configuration and tokenizer of `folder` and the weights of `head`: a safetensors file, or one of
    /// `torch.save` such as `hf_ckpt.pt`. It holds `v_head.weight`, and the whole model as `transformer.*` or
    /// `model.transformer.*`; where it holds the head alone, the model comes from `folder`.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or not of a GPT-J.
    pub fn load(folder: &Path, head: &Path) -> Result<Self, ModelError> {
        Self::load_on(folder, head, Device::Cpu)
    }

    /// The same on a device.
    ///
    /// # Errors
    /// As [`Self::load`], and [`ModelError::Device`].
    pub fn load_on(folder: &Path, head: &Path, device: Device) -> Result<Self, ModelError> {
        let config = ConfigFile::load(&folder.join("config.json"))?;
        let family = Family::of(&config, &[Family::Gptj, Family::GptNeo], "gptj, gpt_neo")?;
        let tokenizer = TextTokenizer::load(folder)?;
        let mut checkpoint = Checkpoint::open_file(head)?;
        let mut loader = family.loader(&mut checkpoint);
        let model = if loader.has("wte.weight") {
            family.load(&config, &mut loader)?
        } else {
            let mut checkpoint = Checkpoint::open(folder)?;
            family.load(&config, &mut family.loader(&mut checkpoint))?
        };
        let head = loader.head().linear("v_head", model.hidden, 1, WithBias::No)?;
        let literal = tokenizer.without_special_tokens();
        Ok(Self {
            inner: Arc::new(Inner {
                model: model.on(device)?,
                head,
                end: tokenizer.id(END),
                tokenizer,
                literal,
            }),
        })
    }

    /// Tokens of the longest text; what comes behind is not looked at.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.inner.model.max_tokens
    }

    /// The score of each text at its true end.
    ///
    /// # Errors
    /// A tokenizer that fails or does not fit the model's vocabulary.
    pub fn scores(&self, texts: &[&str]) -> Result<Vec<f32>, ModelError> {
        self.scores_at(texts, EndMarker::AfterText)
    }

    /// The score of each text at its end, by either reading of where that is.
    ///
    /// # Errors
    /// As [`Self::scores`].
    pub fn scores_at(&self, texts: &[&str], end: EndMarker) -> Result<Vec<f32>, ModelError> {
        let Inner { model, head, .. } = &*self.inner;
        let rows: Vec<TokenRow> = texts
            .par_iter()
            .map(|text| self.row(text, end))
            .collect::<Result<_, ModelError>>()?;
        batch::run_to_last(model, &rows, |hidden, scratch| {
            let mut score = Vec::new();
            head.apply(&hidden[hidden.len() - model.hidden..], &mut score, scratch);
            score[0]
        })
    }

    /// The tokens up to the one that is scored. What follows cannot change its state: neither the end marker nor the
    /// padding of the original need be computed.
    fn row(&self, text: &str, end: EndMarker) -> Result<TokenRow, ModelError> {
        let inner = &*self.inner;
        let mut tokens = match end {
            EndMarker::AfterText => match inner
                .tokenizer
                .id(START)
                .filter(|_| inner.tokenizer.is_added(START))
            {
                None => inner.literal.ids(&format!("{START}{text}"))?,
                Some(start) => {
                    let mut tokens = vec![start];
                    tokens.extend(inner.literal.ids(text)?);
                    tokens
                }
            },
            EndMarker::FirstInText => inner.tokenizer.ids(&format!("{START}{text}{END}"))?,
        };
        if end == EndMarker::FirstInText
            && let Some(first) = tokens.iter().position(|token| Some(*token) == inner.end)
        {
            tokens.truncate(first);
        }
        tokens.truncate(inner.model.max_tokens);
        Ok(TokenRow {
            types: vec![0; tokens.len()],
            tokens,
        })
    }
}
