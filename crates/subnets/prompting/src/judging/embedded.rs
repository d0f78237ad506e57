//! Texts as vectors, for the masks that compare them.

use assay_models::{Embedding, Encoder, ModelError};
use std::sync::Arc;

/// Makes vectors of texts.
pub trait Embedder: Send + Sync {
    /// Numbers of a vector.
    fn width(&self) -> usize;

    /// One vector a text, all of one width.
    ///
    /// # Errors
    /// [`ModelError`] when the model cannot.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError>;
}

/// A sentence encoder, and how it makes one vector of a text's tokens.
#[derive(Clone, Debug)]
pub struct TextEmbedder {
    encoder: Encoder,
    how: Embedding,
}

impl TextEmbedder {
    /// Uses this encoder. Masks that share one share its weights.
    #[must_use]
    pub fn new(encoder: Encoder, how: Embedding) -> Arc<Self> {
        Arc::new(Self { encoder, how })
    }
}

impl Embedder for TextEmbedder {
    fn width(&self) -> usize {
        self.encoder.width()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        self.encoder.embed(texts, self.how)
    }
}
