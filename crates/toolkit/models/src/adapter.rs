//! A trained low-rank adapter.

use std::path::Path;

use crate::{LoraConfig, ModelError};

/// A low-rank adapter for one base model.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    config: LoraConfig,
}

impl Adapter {
    /// The adapter's shape.
    #[must_use]
    pub fn config(&self) -> &LoraConfig {
        &self.config
    }

    /// Writes `adapter_config.json` and `adapter_model.safetensors` as the `peft` library does.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the folder or a file cannot be written.
    pub fn save_peft(&self, _folder: &Path) -> Result<(), ModelError> {
        todo!()
    }

    /// Reads an adapter folder in the `peft` format.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or ask for something else than plain LoRA.
    pub fn load_peft(_folder: &Path) -> Result<Self, ModelError> {
        todo!()
    }
}
