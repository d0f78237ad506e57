//! An answer with what the model thought at each of its tokens, so that somebody with the same model can check that it was that
//! one.
//!
//! Tokens are written as the model's vocabulary has them, which for models of bytes (those of Qwen, GPT-2 and their kin) is one
//! letter for each byte: `Ġ` is a space. Texts would not do, as a token may be half a character.

use std::collections::BTreeMap;

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogProbWishes {
    /// Tokens of the answer at most.
    pub max_tokens: usize,
    /// Of the likeliest tokens at each place.
    pub top: usize,
}

/// The likeliest answer of a model, token by token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerWithLogProbs {
    /// What it says.
    pub text: String,
    /// Its tokens, without the one that ends it.
    pub tokens: Vec<String>,
    /// At each of them the likeliest tokens, with the natural logarithms of their probabilities.
    pub likeliest: Vec<BTreeMap<String, f64>>,
}

/// What a model expects at a place of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The likeliest tokens with their log-probabilities.
    pub likeliest: BTreeMap<String, f64>,
    /// The log-probability of the likeliest.
    pub best: f64,
    /// That of the token that the answer has there; where the answer ends, of the likeliest token that ends one.
    pub said: f64,
}

/// A token of bytes as vocabularies of bytes write it: GPT-2's alphabet, in which every byte is a letter that can be seen.
pub(crate) fn spelled(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| letter(*byte)).collect()
}

/// The letter of a byte. Those that can be seen stand for themselves, the other 68 for the letters from U+0100 on, in order.
fn letter(byte: u8) -> char {
    let is_seen = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if is_seen(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|byte| !is_seen(*byte)).count() as u32;
    char::from_u32(0x100 + before).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn bytes_are_spelled_as_in_gpt_2s_vocabulary() {
        assert_eq!(spelled(b" hello\n"), "ĠhelloĊ");
        assert_eq!(spelled("é".as_bytes()), "Ã©");
        assert_eq!(spelled(&[0, 0x7f, 0xa0, 0xad, 0xff]), "ĀġłŃÿ");
        assert_eq!(spelled(b"<|im_end|>"), "<|im_end|>");
        let all: std::collections::BTreeSet<String> = (0..=255).map(|byte| spelled(&[byte])).collect();
        assert_eq!(all.len(), 256);
    }
}
