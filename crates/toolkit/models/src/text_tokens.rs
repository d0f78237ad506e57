//! A tokenizer by itself, for what counts words rather than computes with them.

use std::{path::Path, sync::Arc};

use crate::{ModelError, text::TextTokenizer};

/// The tokenizer of a model's folder. Cloning shares it.
#[derive(Debug, Clone)]
pub struct TextTokens(Arc<TextTokenizer>);

impl TextTokens {
    /// Loads `tokenizer.json`.
    ///
    /// # Errors
    /// A file that is missing, too large or unsound.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        Ok(Self(Arc::new(TextTokenizer::load(folder)?)))
    }

    /// Token ids of a text; none are added at its ends.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.0.ids(text)
    }

    /// The text of token ids.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn decode(&self, ids: &[u32]) -> Result<String, ModelError> {
        self.0.decode(ids)
    }
}
