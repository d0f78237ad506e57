//! One tokenised row: what the model reads, and which tokens it is judged on.

use crate::ModelError;

/// A row of tokens with a mark on those that count in the loss.
///
/// Token `t` is predicted from the tokens before it, so a mark on the first token has no effect.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Example {
    /// Token ids in reading order.
    pub input_ids: Vec<u32>,
    /// For each token, whether its prediction counts in the loss.
    pub target_mask: Vec<bool>,
}

impl Example {
    /// An example in which every token (but the first, which nothing predicts) is a target.
    #[must_use]
    pub fn all_targets(input_ids: Vec<u32>) -> Self {
        let target_mask = vec![true; input_ids.len()];
        Self {
            input_ids,
            target_mask,
        }
    }

    /// The example's tokens cut on the right to `context_length`.
    #[must_use]
    pub fn truncated(&self, context_length: usize) -> Self {
        Self {
            input_ids: self.input_ids.iter().copied().take(context_length).collect(),
            target_mask: self.target_mask.iter().copied().take(context_length).collect(),
        }
    }

    /// Number of tokens whose prediction counts.
    #[must_use]
    pub fn target_count(&self) -> usize {
        self.target_mask.iter().skip(1).filter(|marked| **marked).count()
    }

    /// Checks the example against a vocabulary and a context length; `index` names it in the error.
    pub(crate) fn check(
        &self,
        index: usize,
        vocabulary: usize,
        context_length: usize,
    ) -> Result<(), ModelError> {
        if self.input_ids.len() != self.target_mask.len() {
            return Err(ModelError::MaskLength {
                index,
                tokens: self.input_ids.len(),
                mask: self.target_mask.len(),
            });
        }
        if let Some((position, id)) = self
            .input_ids
            .iter()
            .take(context_length)
            .enumerate()
            .find(|(_, id)| **id as usize >= vocabulary)
        {
            return Err(ModelError::TokenOutOfRange {
                id: *id,
                position,
                vocabulary,
            });
        }
        if !self
            .target_mask
            .iter()
            .take(context_length)
            .skip(1)
            .any(|marked| *marked)
        {
            return Err(ModelError::NoTargets {
                index,
                context_length,
            });
        }
        Ok(())
    }
}
