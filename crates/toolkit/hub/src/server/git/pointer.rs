//! The small text that stands in a tree for a large file.

/// Names a large file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LfsPointer {
    /// SHA-256 of the content.
    pub(crate) oid: [u8; 32],
    /// Its length in bytes.
    pub(crate) size: u64,
}

impl LfsPointer {
    const VERSION: &'static str = "version https://git-lfs.github.com/spec/v1\n";

    /// No pointer is longer: the fixed text, 64 digits and a 20 digit size make 149 bytes.
    pub(crate) const MAX_LENGTH: u64 = 160;

    pub(crate) fn encode(&self) -> String {
        format!(
            "{}oid sha256:{}\nsize {}\n",
            Self::VERSION,
            hex::encode(self.oid),
            self.size
        )
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(Self::VERSION)?;
        let (oid, size) = text.strip_prefix("oid sha256:")?.split_once("\nsize ")?;
        let mut digest = [0; 32];
        hex::decode_to_slice(oid, &mut digest).ok()?;
        let pointer = Self {
            oid: digest,
            size: size.strip_suffix('\n')?.parse().ok()?,
        };
        // Only the canonical spelling counts, so that content which merely resembles a pointer stays content.
        (pointer.encode().as_bytes() == bytes).then_some(pointer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_a_pointer() {
        let pointer = LfsPointer {
            oid: [0xab; 32],
            size: 12_345,
        };
        let text = pointer.encode();
        assert_eq!(LfsPointer::parse(text.as_bytes()), Some(pointer));
        assert!(text.len() as u64 <= LfsPointer::MAX_LENGTH);
        for other in [
            text.to_uppercase(),
            text.replace("size 12345", "size +12345"),
            text.replace("size 12345", "size 012345"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(LfsPointer::parse(other.as_bytes()), None, "{other:?}");
        }
    }
}
