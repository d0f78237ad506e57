//! The `Range` header: which part of a file is asked for.

use std::ops::Range;

/// What a request wants of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes it does not have.
    Outside,
}

impl Wanted {
    /// Reads the header against a file of `size` bytes. As the standard asks, a header that cannot be understood is
    /// ignored; so are several ranges in one request, which a server need not answer and no client of a hub sends.
    pub(crate) fn parse(header: &str, size: u64) -> Self {
        let Some(spec) = header.trim().strip_prefix("bytes=") else {
            return Self::Whole;
        };
        let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
            return Self::Whole;
        };
        let number =
            |text: &str| (text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u64>().ok());
        match (first.trim(), last.trim()) {
            ("", suffix) => match number(suffix).flatten() {
                None => Self::Whole,
                Some(0) => Self::Outside,
                Some(_) if size == 0 => Self::Outside,
                Some(length) => Self::Part(size.saturating_sub(length)..size),
            },
            (first, last) => {
                let end = if last.is_empty() {
                    Some(u64::MAX)
                } else {
                    number(last).flatten()
                };
                match (number(first).flatten(), end) {
                    (Some(first), Some(end)) if first > end => Self::Whole,
                    (Some(first), Some(_)) if first >= size => Self::Outside,
                    (Some(first), Some(end)) => Self::Part(first..end.saturating_add(1).min(size)),
                    _ => Self::Whole,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=0-99", Wanted::Part(0..10)),
            ("bytes=3-", Wanted::Part(3..10)),
            ("bytes=-4", Wanted::Part(6..10)),
            ("bytes=-40", Wanted::Part(0..10)),
            ("bytes=9-9", Wanted::Part(9..10)),
            ("bytes=0-18446744073709551615", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Outside),
            ("bytes=10-12", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=1-2,4-5", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ];
        for (header, wanted) in cases {
            assert_eq!(Wanted::parse(header, 10), wanted, "{header}");
        }
        assert_eq!(Wanted::parse("bytes=0-", 0), Wanted::Outside);
        assert_eq!(Wanted::parse("bytes=-1", 0), Wanted::Outside);
    }
}
