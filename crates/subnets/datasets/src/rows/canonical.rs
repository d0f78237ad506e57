//! Row identity: one text for every way of writing the same JSON value.
//!
//! The text is what Python's `json.dumps(value, sort_keys=True)` gives: keys sorted at every level, `", "` and
//! `": "` between things, everything outside printable ASCII as `\uXXXX`, floats in their shortest form that reads
//! back the same, integers of any size kept exact. So `1` and `1.0` differ, `true` and `1` differ, `null` and a
//! missing key differ, and `"\u00e9"` equals `"é"`. Nothing is trimmed or normalised. Of repeated keys the last
//! counts.
//!
//! Caveat: `NaN` and `Infinity`, which Python accepts, are not JSON and never get this far.

use std::fmt::Write as _;

use blake2::{
    Blake2bVar,
    digest::{Update, VariableOutput},
};
use serde_json::Value;

use crate::scoring::Fingerprint;

/// The canonical text of a value.
pub fn canonical_text(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

/// The hash of a row's canonical text (BLAKE2b, 16 bytes).
///
/// Sixteen bytes keep 10 000 rows in 160 kB and still leave an attacker 2^64 work to make a row that looks like
/// another's.
pub fn fingerprint(value: &Value) -> Fingerprint {
    let mut out = Fingerprint::default();
    hash_into(canonical_text(value).as_bytes(), &mut out);
    out
}

/// BLAKE2b of `bytes`, as long as `out` (1 to 64 bytes).
pub(crate) fn hash_into(bytes: &[u8], out: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "every caller passes a buffer of 8 to 32 bytes")]
    let mut hasher = Blake2bVar::new(out.len()).expect("1 to 64 bytes");
    hasher.update(bytes);
    #[expect(clippy::expect_used, reason = "the hasher was made for this very length")]
    hasher.finalize_variable(out).expect("same length");
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, &number.to_string()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            // The map's own order depends on a feature another crate may switch on.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (i, (key, value)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_string(out, key);
                out.push_str(": ");
                write_value(out, value);
            }
            out.push('}');
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// `text` is a JSON number as it stood in the file.
fn write_number(out: &mut String, text: &str) {
    if !text.contains(['.', 'e', 'E']) {
        out.push_str(if text == "-0" { "0" } else { text });
        return;
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => write_float(out, number),
        Ok(number) => out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" }),
        // Every JSON number is a Rust number; should one not be, its own text identifies it well enough.
        Err(_) => out.push_str(text),
    }
}

/// Python's `repr` of a finite float: positional between 1e-4 and 1e16, else with an exponent of two digits or more.
fn write_float(out: &mut String, number: f64) {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let positional = format!("{number}");
        out.push_str(&positional);
        if !positional.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> String {
        canonical_text(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (json, expected) in [
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1E5", "100000.0"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e300", "1.5e+300"),
            ("5e-324", "5e-324"),
            ("1e400", "Infinity"),
            ("-1e400", "-Infinity"),
            ("0.1", "0.1"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(canonical(json), expected, "{json}");
        }
    }

    #[test]
    fn only_printable_ascii_stays_as_it_is() {
        assert_eq!(
            canonical(r#""\u007f~ é😀\u0001\b""#),
            r#""\u007f~ \u00e9\ud83d\ude00\u0001\b""#
        );
        assert_eq!(
            canonical(r#"{"é": 1, "b": 2, "Z": 3, "b": 4}"#),
            r#"{"Z": 3, "b": 4, "\u00e9": 1}"#
        );
    }
}
