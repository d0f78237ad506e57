//! A base model: configuration, weights and tokenizer.

use std::path::Path;

use crate::ModelError;

/// A Qwen2-shaped causal language model with its tokenizer. Cloning shares the weights.
#[derive(Debug, Clone)]
pub struct BaseModel {}

impl BaseModel {
    /// Loads `config.json`, `model.safetensors` (or its shards) and `tokenizer.json` from a folder.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or of another architecture.
    pub fn load(_folder: &Path) -> Result<Self, ModelError> {
        todo!()
    }

    /// Token ids of a text; special tokens written out in it become their ids, none are added.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn encode(&self, _text: &str) -> Result<Vec<u32>, ModelError> {
        todo!()
    }

    /// The text of token ids.
    ///
    /// # Errors
    /// [`ModelError::Tokenizer`].
    pub fn decode(&self, _ids: &[u32]) -> Result<String, ModelError> {
        todo!()
    }

    /// The longest context the model takes, in tokens.
    #[must_use]
    pub fn max_context(&self) -> usize {
        todo!()
    }
}
