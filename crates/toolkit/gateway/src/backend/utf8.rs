//! Text out of bytes that come in pieces.

use crate::backend::MinerFailure;

/// Joins characters that were cut in two.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character, at most three bytes.
    begun: Vec<u8>,
}

impl Utf8 {
    /// The text as far as it is there.
    ///
    /// # Errors
    /// [`MinerFailure::BadAnswer`] for what no text can be.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<String, MinerFailure> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        if let Err(error) = std::str::from_utf8(&all) {
            if error.error_len().is_some() {
                return Err(not_text("it is not UTF-8"));
            }
            self.begun = all.split_off(error.valid_up_to());
        }
        let text = String::from_utf8(all).map_err(|_| not_text("it is not UTF-8"))?;
        let is_garbage = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        if text.chars().any(is_garbage) {
            return Err(not_text("it holds control characters"));
        }
        Ok(text)
    }

    /// Nothing follows.
    ///
    /// # Errors
    /// [`MinerFailure::BadAnswer`] when a character was begun.
    pub(super) fn end(&self) -> Result<(), MinerFailure> {
        if self.begun.is_empty() {
            Ok(())
        } else {
            Err(not_text("it ends within a character"))
        }
    }
}

fn not_text(reason: &str) -> MinerFailure {
    MinerFailure::BadAnswer {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8;

    #[test]
    fn a_character_that_comes_byte_by_byte_is_whole() {
        let mut utf8 = Utf8::default();
        let text: String = "né🦀".bytes().map(|byte| utf8.push(&[byte]).unwrap()).collect();
        assert_eq!(text, "né🦀");
        utf8.end().unwrap();
    }

    #[test]
    fn what_is_no_text_is_a_bad_answer() {
        for bytes in [&b"\xff"[..], b"ab\xc3(", b"a\0b", b"\x1b[2J"] {
            assert!(Utf8::default().push(bytes).is_err(), "{bytes:?}");
        }
        let mut cut = Utf8::default();
        assert_eq!(cut.push(&"é".as_bytes()[..1]).unwrap(), "");
        assert!(cut.end().is_err());
    }
}
