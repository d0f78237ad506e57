//! Byte strings written as people read them.

/// Bytes written in hexadecimal, read while compiling.
pub(crate) const fn hex_literal<const LENGTH: usize>(digits: &str) -> [u8; LENGTH] {
    const fn digit(byte: u8) -> u8 {
        match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => panic!("not a lower-case hexadecimal digit"),
        }
    }
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * LENGTH, "two digits a byte");
    let mut bytes = [0; LENGTH];
    let mut index = 0;
    while index < LENGTH {
        bytes[index] = digit(digits[2 * index]) * 16 + digit(digits[2 * index + 1]);
        index += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::hex_literal;

    #[test]
    fn digits_become_bytes() {
        assert_eq!(hex_literal("00ff10a9"), [0x00, 0xff, 0x10, 0xa9]);
    }
}
