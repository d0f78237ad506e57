//! Whole numbers without a bound of their own, as Python's `int`.

use std::{fmt, str::FromStr};

/// The digits that an integer may have. Python refuses longer ones too, since turning them into text and back
/// takes time with the square of their length.
pub const MAX_DIGITS: usize = 4300;

/// An integer of any size, kept as the decimal text that Python's `str` gives: no leading zeros, no `+`, no `-0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PythonInt(String);

/// A text that is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInt {
    /// It has something other than a sign and digits.
    #[error("an integer is written with decimal digits and at most a leading `-`")]
    NotDecimal,
    /// It has more digits than Python would read.
    #[error("an integer has at most {MAX_DIGITS} digits; this one has {digits}")]
    TooLong {
        /// How many it has.
        digits: usize,
    },
}

impl PythonInt {
    /// The decimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest floating-point number, or none when it lies beyond the largest.
    #[must_use]
    pub fn to_f64(&self) -> Option<f64> {
        self.0.parse::<f64>().ok().filter(|nearest| nearest.is_finite())
    }

    /// The same number where it fits.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl FromStr for PythonInt {
    type Err = InvalidInt;

    fn from_str(text: &str) -> Result<Self, InvalidInt> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidInt::NotDecimal);
        }
        if digits.len() > MAX_DIGITS {
            return Err(InvalidInt::TooLong { digits: digits.len() });
        }
        Ok(match digits.trim_start_matches('0') {
            "" => Self("0".to_owned()),
            significant => Self(format!("{sign}{significant}")),
        })
    }
}

impl From<i64> for PythonInt {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<u64> for PythonInt {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for PythonInt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}
