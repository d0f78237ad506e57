//! How tokens are counted.

use std::fmt;

/// Counts the tokens of a text, for usage, quotas and limits.
///
/// Miners run models of their own, so no count is exact for all of them. What a gateway needs is one that is the same
/// for everybody. A longer text never counts fewer tokens, and no token is shorter than a byte.
pub trait TokenCounter: fmt::Debug + Send + Sync {
    /// What counts, such as the name of a tokenizer. Users are told it.
    fn name(&self) -> &str;

    /// The tokens of a text.
    fn count(&self, text: &str) -> u64;

    /// Bytes of the longest beginning of a text that has at most so many tokens, on a character's boundary.
    fn fitting(&self, text: &str, tokens: u64) -> usize {
        if self.count(text) <= tokens {
            return text.len();
        }
        // The count only grows with the text.
        let (mut fits, mut exceeds) = (0, text.len());
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            let boundary = text.floor_char_boundary(middle);
            if boundary > fits && self.count(&text[..boundary]) <= tokens {
                fits = boundary;
            } else if boundary > fits {
                exceeds = boundary;
            } else {
                // The character at `fits` reaches beyond the middle.
                let next = text.ceil_char_boundary(middle + 1);
                if next >= exceeds || self.count(&text[..next]) > tokens {
                    break;
                }
                fits = next;
            }
        }
        fits
    }
}

/// A token for every four bytes, rounded up: within a third of what tokenizers give for English prose, and of no
/// meaning beyond that.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApproximateTokens;

impl TokenCounter for ApproximateTokens {
    fn name(&self) -> &str {
        "approximate (four bytes a token)"
    }

    fn count(&self, text: &str) -> u64 {
        text.len().div_ceil(4) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{ApproximateTokens, TokenCounter};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_fits_is_the_longest_beginning_that_does(text in "\\PC{0,40}", tokens in 0u64..30) {
            let fits = ApproximateTokens.fitting(&text, tokens);
            prop_assert!(ApproximateTokens.count(&text[..fits]) <= tokens);
            if let Some(next) = text[fits..].chars().next() {
                let longer = &text[..fits + next.len_utf8()];
                prop_assert!(ApproximateTokens.count(longer) > tokens);
            }
        }
    }
}
