//! Texts to rows of tokens, as the tokenizers of Hugging Face cut them.

use std::path::{Path, PathBuf};

use tokenizers::{
    Encoding, PostProcessor, Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy,
    truncate_encodings,
};

use crate::{ModelError, tensor_file::read_limited, transformer::ConfigFile};

/// Most bytes of a tokenizer file; that of a vocabulary of 152,000 has 7 MB.
const TOKENIZER_LIMIT: u64 = 128 << 20;

/// Tokens of one row and their types (0 for the first text, 1 for the second, where a model tells them apart).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TokenRow {
    pub(crate) tokens: Vec<u32>,
    pub(crate) types: Vec<u32>,
}

impl TokenRow {
    pub(crate) fn as_ref(&self) -> RowSlice<'_> {
        RowSlice {
            tokens: &self.tokens,
            types: &self.types,
        }
    }
}

/// A part of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowSlice<'a> {
    pub(crate) tokens: &'a [u32],
    pub(crate) types: &'a [u32],
}

impl RowSlice<'_> {
    /// What comes behind the first so many tokens.
    pub(crate) fn from(self, first: usize) -> Self {
        Self {
            tokens: &self.tokens[first..],
            types: &self.types[first..],
        }
    }
}

/// Loads `tokenizer.json`, without the cutting and padding that it may ask for: both are the caller's matter.
pub(crate) fn load_tokenizer(path: &Path) -> Result<Tokenizer, ModelError> {
    let content = read_limited(path, TOKENIZER_LIMIT)?;
    let failed = |source| ModelError::Tokenizer {
        path: path.to_owned(),
        source,
    };
    let mut tokenizer = Tokenizer::from_bytes(content).map_err(failed)?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(failed)?;
    Ok(tokenizer)
}

/// A folder's tokenizer.
pub(crate) struct TextTokenizer {
    tokenizer: Tokenizer,
    path: PathBuf,
    /// The length that `tokenizer_config.json` says its model takes.
    pub(crate) model_max_length: Option<usize>,
}

impl std::fmt::Debug for TextTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextTokenizer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl TextTokenizer {
    pub(crate) fn load(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("tokenizer.json");
        let tokenizer = load_tokenizer(&path)?;
        let config = ConfigFile::load_if_present(&folder.join("tokenizer_config.json"))?;
        let model_max_length = config
            .as_ref()
            .and_then(|config| config.value("model_max_length")?.as_f64())
            // A number of thirty digits stands for no limit.
            .filter(|length| (1.0..1e9).contains(length))
            .map(|length| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 1 and a billion"
                )]
                {
                    length as usize
                }
            });
        Ok(Self {
            tokenizer,
            path,
            model_max_length,
        })
    }

    fn failed(&self, source: tokenizers::Error) -> ModelError {
        ModelError::Tokenizer {
            path: self.path.clone(),
            source,
        }
    }

    /// The id of a token by its text.
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// Whether a text is one of the tokens that are found in a text before it is cut.
    pub(crate) fn is_added(&self, token: &str) -> bool {
        self.tokenizer
            .get_added_vocabulary()
            .get_vocab()
            .contains_key(token)
    }

    /// The same tokenizer, to which special tokens that are written out in a text are text.
    pub(crate) fn without_special_tokens(&self) -> Self {
        let mut tokenizer = self.tokenizer.clone();
        tokenizer.set_encode_special_tokens(true);
        Self {
            tokenizer,
            path: self.path.clone(),
            model_max_length: self.model_max_length,
        }
    }

    /// The ids of a text alone: special tokens written out in it become theirs, none are added.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|source| self.failed(source))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of ids, special tokens written out.
    pub(crate) fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        self.tokenizer
            .decode(ids, false)
            .map_err(|source| self.failed(source))
    }

    /// The first row of a text or a pair of texts, special tokens added, cut to `limit`.
    pub(crate) fn row(&self, text: &str, pair: Option<&str>, limit: usize) -> Result<TokenRow, ModelError> {
        Ok(row(&self.encode(text, pair, limit)?))
    }

    /// All rows of a text or a pair: what does not fit the first one goes on in the next, each with special tokens.
    pub(crate) fn windows(
        &self,
        text: &str,
        pair: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TokenRow>, ModelError> {
        let encoding = self.encode(text, pair, limit)?;
        let mut rows = vec![row(&encoding)];
        rows.extend(encoding.get_overflowing().iter().map(row));
        Ok(rows)
    }

    fn encode(&self, text: &str, pair: Option<&str>, limit: usize) -> Result<Encoding, ModelError> {
        let cut = || -> tokenizers::Result<Encoding> {
            let first = self.tokenizer.encode_fast(text, false)?;
            let second = pair
                .map(|pair| self.tokenizer.encode_fast(pair, false))
                .transpose()?;
            let processor = self.tokenizer.get_post_processor();
            let added = processor.map_or(0, |processor| processor.added_tokens(second.is_some()));
            let params = TruncationParams {
                max_length: limit.saturating_sub(added),
                strategy: TruncationStrategy::LongestFirst,
                stride: 0,
                direction: TruncationDirection::Right,
            };
            let (first, second) = truncate_encodings(first, second, &params)?;
            match processor {
                Some(processor) => processor.process(first, second, true),
                None => Ok(Encoding::merge(std::iter::once(first).chain(second), false)),
            }
        };
        cut().map_err(|source| self.failed(source))
    }
}

fn row(encoding: &Encoding) -> TokenRow {
    TokenRow {
        tokens: encoding.get_ids().to_vec(),
        types: encoding.get_type_ids().to_vec(),
    }
}
