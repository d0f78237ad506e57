//! Why JSON is no value of a type.

use serde_json::Value as Json;

/// An argument that does not fit the type which the chain declares for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: expected {expected}, found {found}")]
pub struct ArgumentError {
    /// Where: the argument's name, and the way down into it.
    pub place: String,
    /// What the chain wants there.
    pub expected: String,
    /// What was given, cut to a line.
    pub found: String,
}

impl ArgumentError {
    pub(crate) fn new(expected: impl Into<String>, found: &Json) -> Self {
        let mut text = found.to_string();
        if text.chars().count() > 80 {
            text = text.chars().take(79).chain(['…']).collect();
        }
        Self {
            place: String::new(),
            expected: expected.into(),
            found: text,
        }
    }

    /// The same, seen from one step further out.
    pub(crate) fn within(mut self, step: &str) -> Self {
        self.place = match self.place.as_str() {
            "" => step.to_owned(),
            inner if inner.starts_with('[') => format!("{step}{inner}"),
            inner => format!("{step}.{inner}"),
        };
        self
    }

    pub(crate) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}
