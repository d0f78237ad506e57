//! Python's `str()` and `repr()`, letter for letter.
//!
//! Which characters `repr` escapes depends on the Unicode version: Python 3.11 has 14.0, and the tables here are
//! newer. A character that was assigned since then is written raw here and escaped there, so a body that has one
//! inside a list or dict hashes differently, as it does between two versions of Python. A text that is itself the
//! hashed field is never escaped: hash texts and integers where you can choose.

use crate::synapse::PythonValue;
use std::{borrow::Cow, fmt::Write};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// What `str(value)` gives.
#[must_use]
pub fn python_str(value: &PythonValue) -> Cow<'_, str> {
    match value {
        PythonValue::Str(text) => Cow::Borrowed(text),
        other => Cow::Owned(python_repr(other)),
    }
}

/// What `repr(value)` gives.
#[must_use]
pub fn python_repr(value: &PythonValue) -> String {
    let mut text = String::new();
    write_repr(value, &mut text);
    text
}

fn write_repr(value: &PythonValue, text: &mut String) {
    match value {
        PythonValue::None => text.push_str("None"),
        PythonValue::Bool(true) => text.push_str("True"),
        PythonValue::Bool(false) => text.push_str("False"),
        PythonValue::Int(int) => text.push_str(int.as_str()),
        PythonValue::Float(float) => write_float(*float, text),
        PythonValue::Str(string) => write_quoted(string, text),
        PythonValue::List(items) => {
            text.push('[');
            write_items(items, text);
            text.push(']');
        }
        PythonValue::Tuple(items) => {
            text.push('(');
            write_items(items, text);
            // Without the comma it would be the item in brackets.
            text.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        PythonValue::Dict(entries) => {
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_quoted(key, text);
                text.push_str(": ");
                write_repr(value, text);
            }
            text.push('}');
        }
    }
}

fn write_items(items: &[PythonValue], text: &mut String) {
    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        write_repr(item, text);
    }
}

/// The shortest digits that give the number back, with the point where Python sets it: positional from 0.0001 to
/// below 10^16, with an exponent of two digits or more elsewhere.
fn write_float(float: f64, text: &mut String) {
    if float.is_nan() {
        text.push_str("nan");
        return;
    }
    if float.is_sign_negative() {
        text.push('-');
    }
    if float.is_infinite() {
        text.push_str("inf");
        return;
    }
    let scientific = shortest(float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.replace('.', "");
    let places = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    match exponent {
        -4..=-1 => {
            text.push_str("0.");
            text.extend(std::iter::repeat_n('0', places - 1));
            text.push_str(&digits);
        }
        0..=15 => match digits.split_at_checked(places + 1) {
            Some((whole, "")) => {
                text.push_str(whole);
                text.push_str(".0");
            }
            Some((whole, fraction)) => {
                text.push_str(whole);
                text.push('.');
                text.push_str(fraction);
            }
            None => {
                text.push_str(&digits);
                text.extend(std::iter::repeat_n('0', places + 1 - digits.len()));
                text.push_str(".0");
            }
        },
        _ => {
            text.push_str(mantissa);
            text.push_str(if exponent < 0 { "e-" } else { "e+" });
            text.push_str(&format!("{places:02}"));
        }
    }
}

/// The shortest digits, in scientific notation. Where two of the same length lie equally near, as 0.2 and 0.3 do to a
/// quarter, Rust takes the greater and Python the even one; writing as many digits exactly rounds to even in both.
fn shortest(float: f64) -> String {
    let shortest = format!("{float:e}");
    let digits = shortest
        .bytes()
        .take_while(|byte| *byte != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    let even = format!("{float:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(float) { even } else { shortest }
}

fn write_quoted(string: &str, text: &mut String) {
    let quote = if string.contains('\'') && !string.contains('"') {
        '"'
    } else {
        '\''
    };
    text.reserve(string.len() + 2);
    text.push(quote);
    for character in string.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            _ if character == quote => {
                text.push('\\');
                text.push(character);
            }
            _ if is_printable(character) => text.push(character),
            _ => write_escaped(character, text),
        }
    }
    text.push(quote);
}

fn write_escaped(character: char, text: &mut String) {
    let point = u32::from(character);
    let written = match point {
        0..=0xff => write!(text, "\\x{point:02x}"),
        0x100..=0xffff => write!(text, "\\u{point:04x}"),
        _ => write!(text, "\\U{point:08x}"),
    };
    // A text takes all that it is given.
    debug_assert!(written.is_ok());
}

/// Python's `str.isprintable`, for one character.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    !matches!(
        character.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    )
}
