//! Values as a Python peer holds them. The hash of a body is over their text in Python, so what JSON libraries
//! usually drop matters: the order of keys, whether a number was whole, and every digit of it.

use crate::synapse::{PythonInt, PythonJsonError, python_json, python_str};
use indexmap::IndexMap;
use std::borrow::Cow;

/// One value. Two dicts are equal when they hold the same entries in any order, as in Python, though their texts
/// and so their hashes differ.
#[derive(Clone, Debug, PartialEq)]
pub enum PythonValue {
    /// `None`.
    None,
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(PythonInt),
    /// A `float`.
    Float(f64),
    /// A `str`. Python's can hold half of a surrogate pair, and these cannot: its hash would fail in Python too.
    Str(String),
    /// A `list`.
    List(Vec<PythonValue>),
    /// A `tuple`. JSON has none: a list becomes one where the field is declared so.
    Tuple(Vec<PythonValue>),
    /// A `dict`, in the order in which its keys were first set.
    Dict(IndexMap<String, PythonValue>),
}

impl PythonValue {
    /// Reads JSON as Python's `json.loads` does. A number is a float if its literal has a point or an exponent. Of a
    /// key that comes twice, the last value counts, at the place of the first.
    ///
    /// # Errors
    /// When it is not JSON, or nested deeper than [`MAX_DEPTH`](crate::synapse::MAX_DEPTH). Python also reads `NaN`,
    /// `Infinity` and halves of surrogate pairs, which are not JSON and are refused here.
    pub fn from_json(json: &[u8]) -> Result<Self, PythonJsonError> {
        python_json::read(json)
    }

    /// What Python's `str()` gives.
    #[must_use]
    pub fn to_str(&self) -> Cow<'_, str> {
        python_str::python_str(self)
    }

    /// What Python's `repr()` gives: the same as `str()`, but a text is quoted.
    #[must_use]
    pub fn to_repr(&self) -> String {
        python_str::python_repr(self)
    }

    /// What Python calls the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
        }
    }
}

impl From<bool> for PythonValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for PythonValue {
    fn from(value: i64) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for PythonValue {
    fn from(value: u64) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for PythonValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for PythonValue {
    fn from(value: &str) -> Self {
        Self::Str(value.to_owned())
    }
}

impl From<String> for PythonValue {
    fn from(value: String) -> Self {
        Self::Str(value)
    }
}

impl<T: Into<PythonValue>> From<Option<T>> for PythonValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl<T: Into<PythonValue>> From<Vec<T>> for PythonValue {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
