//! Reading JSON value by value. `serde_json` hands a number on as an `i64`, `u64` or `f64`, and its switches that
//! keep the literal and the order change every crate of the workspace. The parser of pydantic gives the literal, and
//! one pass over the text is enough however deep it is nested.

use crate::synapse::{MAX_DIGITS, PythonInt, PythonValue};
use indexmap::IndexMap;
use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

/// How many lists and dicts may stand inside each other. Deeper, a text of brackets alone would overflow the stack;
/// no synapse that is in use comes near.
pub const MAX_DEPTH: usize = 64;

/// A text that is no JSON, or not such as a synapse may have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PythonJsonError {
    /// Broken JSON.
    #[error("the text is no JSON: {0}")]
    Syntax(JiterError),
    /// Lists in lists in lists.
    #[error("the JSON is nested deeper than {MAX_DEPTH} levels, at byte {offset}")]
    TooDeep {
        /// Where the first container too many begins.
        offset: usize,
    },
    /// `NaN` or an infinity, which Python writes unless it is told not to.
    #[error("the JSON has NaN or Infinity at byte {offset}: send null or a finite number")]
    NotFinite {
        /// Where it stands.
        offset: usize,
    },
    /// An integer with more digits than Python would read.
    #[error("the JSON has an integer of more than {MAX_DIGITS} digits at byte {offset}")]
    LongInt {
        /// Where it begins.
        offset: usize,
    },
}

impl From<JiterError> for PythonJsonError {
    fn from(error: JiterError) -> Self {
        Self::Syntax(error)
    }
}

pub(super) fn read(json: &[u8]) -> Result<PythonValue, PythonJsonError> {
    let mut reader = Reader {
        json,
        parser: Jiter::new(json),
    };
    let first = reader.parser.peek()?;
    let value = reader.value(first, 0)?;
    reader.parser.finish()?;
    Ok(value)
}

/// The values of these fields of an object, in the order of the names; none for one that is not there. The other fields
/// are passed over: kept as values, a megabyte of small numbers would take forty.
pub(crate) fn read_fields(json: &[u8], names: &[&str]) -> Result<Vec<Option<PythonValue>>, PythonJsonError> {
    let mut reader = Reader {
        json,
        parser: Jiter::new(json),
    };
    let mut values = vec![None; names.len()];
    let mut key = reader.parser.next_object()?;
    while let Some(name) = key {
        let wanted = names.iter().position(|wanted| *wanted == name);
        let peek = reader.parser.peek()?;
        match wanted.and_then(|index| values.get_mut(index)) {
            Some(value) => *value = Some(reader.value(peek, 1)?),
            None => reader.parser.known_skip(peek)?,
        }
        key = reader.parser.next_key()?;
    }
    reader.parser.finish()?;
    Ok(values)
}

struct Reader<'a> {
    json: &'a [u8],
    parser: Jiter<'a>,
}

impl Reader<'_> {
    fn value(&mut self, next: Peek, depth: usize) -> Result<PythonValue, PythonJsonError> {
        let offset = self.parser.current_index();
        match next {
            Peek::Null => {
                self.parser.known_null()?;
                Ok(PythonValue::None)
            }
            Peek::True | Peek::False => Ok(PythonValue::Bool(self.parser.known_bool(next)?)),
            Peek::String => Ok(PythonValue::Str(self.parser.known_str()?.to_owned())),
            Peek::Array | Peek::Object if depth == MAX_DEPTH => Err(PythonJsonError::TooDeep { offset }),
            Peek::Array => self.list(depth + 1),
            Peek::Object => self.dict(depth + 1),
            Peek::NaN | Peek::Infinity => Err(PythonJsonError::NotFinite { offset }),
            Peek::Minus if self.json[offset..].starts_with(b"-I") => {
                Err(PythonJsonError::NotFinite { offset })
            }
            _ => self.number(next),
        }
    }

    fn list(&mut self, depth: usize) -> Result<PythonValue, PythonJsonError> {
        let mut items = Vec::new();
        let mut next = self.parser.known_array()?;
        while let Some(peek) = next {
            items.push(self.value(peek, depth)?);
            next = self.parser.array_step()?;
        }
        Ok(PythonValue::List(items))
    }

    fn dict(&mut self, depth: usize) -> Result<PythonValue, PythonJsonError> {
        let mut entries = IndexMap::new();
        let mut key = self.parser.known_object()?.map(str::to_owned);
        while let Some(name) = key {
            let peek = self.parser.peek()?;
            let value = self.value(peek, depth)?;
            entries.insert(name, value);
            key = self.parser.next_key()?.map(str::to_owned);
        }
        Ok(PythonValue::Dict(entries))
    }

    fn number(&mut self, next: Peek) -> Result<PythonValue, PythonJsonError> {
        let offset = self.parser.current_index();
        let literal = match self.parser.known_number_bytes(next) {
            Ok(literal) => String::from_utf8_lossy(literal).into_owned(),
            Err(error) => return Err(number_error(error, offset)),
        };
        if literal.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            // A literal beyond the largest float is an infinity, in Python as here.
            let float: f64 = literal
                .parse()
                .map_err(|_| PythonJsonError::NotFinite { offset })?;
            return Ok(PythonValue::Float(float));
        }
        let int: PythonInt = literal.parse().map_err(|_| PythonJsonError::LongInt { offset })?;
        Ok(PythonValue::Int(int))
    }
}

/// The parser has Python's bound on integers too.
fn number_error(error: JiterError, offset: usize) -> PythonJsonError {
    match error.error_type {
        JiterErrorType::JsonError(JsonErrorType::NumberOutOfRange) => PythonJsonError::LongInt { offset },
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PythonJsonError, read, read_fields};
    use crate::synapse::{MAX_DEPTH, PythonValue};

    #[test]
    fn fields_are_read_as_they_are_from_the_whole() {
        let json = br#" {"a": [1, {"b": 2.0}], "skipped": [[1e3], {"a": "\u00df"}], "b\n": "\ud83e\udd80", "a": -0} "#;
        let Ok(PythonValue::Dict(whole)) = read(json) else {
            panic!("it is an object")
        };
        let names = ["b\n", "missing", "a"];
        let expected: Vec<_> = names.iter().map(|name| whole.get(*name).cloned()).collect();
        assert_eq!(read_fields(json, &names), Ok(expected));
        assert_eq!(read_fields(b"{}", &["a"]), Ok(vec![None]));
    }

    #[test]
    fn fields_of_what_is_no_object_are_refused() {
        for json in [
            "",
            "[]",
            "null",
            r#"{"a": 1"#,
            r#"{"a": 1} 2"#,
            r#"{"b": [1,], "a": 1}"#,
        ] {
            let refused = read_fields(json.as_bytes(), &["a"]);
            assert!(
                matches!(refused, Err(PythonJsonError::Syntax(_))),
                "{json}: {refused:?}"
            );
        }
        let nested = format!(r#"{{"a": {}}}"#, "[".repeat(MAX_DEPTH));
        let refused = read_fields(nested.as_bytes(), &["a"]);
        assert!(
            matches!(refused, Err(PythonJsonError::TooDeep { .. })),
            "{refused:?}"
        );
    }
}
