//! Amounts of TAO and alpha as people write them.

use super::SpecProblem;
use toml::Value;

/// Smallest units in one TAO or alpha.
const UNITS: u64 = 1_000_000_000;

/// A number or a text, in units of 10⁻⁹.
pub(super) fn units(value: &Value) -> Result<u64, SpecProblem> {
    let text = match value {
        Value::Integer(number) => number.to_string(),
        // The shortest text that stands for the number is what was written.
        Value::Float(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    decimal(&text).ok_or(SpecProblem::Amount(text))
}

fn decimal(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<9}").parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(UNITS)?
        .checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_last_unit_and_nothing_else_is() {
        let read = |text: &str| {
            let table: toml::Table = format!("a = {text}").parse().unwrap();
            units(&table["a"])
        };
        assert_eq!(read("1000"), Ok(1_000 * UNITS));
        assert_eq!(read("12.5"), Ok(12_500_000_000));
        assert_eq!(read("0.1"), Ok(100_000_000));
        assert_eq!(read("\"0.000000001\""), Ok(1));
        for wrong in [
            "-1",
            "true",
            "\"1e9\"",
            "\"\"",
            "\"0.0000000001\"",
            "nan",
            "99999999999",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
