//! Text from pieces that may cut a character in two.

/// Bytes of a character whose rest has not come yet.
#[derive(Debug, Default)]
pub(super) struct Utf8Pieces {
    held: Vec<u8>,
}

/// Bytes that are no text.
#[derive(Debug)]
pub(super) struct NotUtf8;

impl Utf8Pieces {
    /// The text up to the last whole character.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<String, NotUtf8> {
        self.held.extend_from_slice(piece);
        let whole = match std::str::from_utf8(&self.held) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(NotUtf8),
        };
        let rest = self.held.split_off(whole);
        String::from_utf8(std::mem::replace(&mut self.held, rest)).map_err(|_| NotUtf8)
    }

    /// Whether the rest of a character is missing.
    pub(super) fn is_cut(&self) -> bool {
        !self.held.is_empty()
    }
}
