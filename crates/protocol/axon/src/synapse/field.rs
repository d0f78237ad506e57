//! Declared types of a synapse's fields. Python hashes a value after it took the type of its field: the 1 that came
//! in the JSON of a `float` field is `1.0` when it is hashed.

use crate::synapse::{PythonInt, PythonValue};
use indexmap::IndexMap;
use std::fmt;

/// The type of a field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldType {
    /// Whatever comes, unchanged.
    Any,
    /// `bool`. The numbers 0 and 1 pass for one.
    Bool,
    /// `int`. A bool passes for one, and so does a float without a fraction.
    Int,
    /// `float`. A bool or an int passes for one.
    Float,
    /// `str`.
    Str,
    /// `list` with items of one type.
    List(Box<FieldType>),
    /// `tuple[…]` with an item of each type.
    Tuple(Vec<FieldType>),
    /// `dict[str, …]` with values of one type.
    Dict(Box<FieldType>),
    /// The type or `None`.
    Optional(Box<FieldType>),
    /// A nested model, which is hashed as a dict of its fields in the order of their declaration. Keys that it does
    /// not declare are dropped.
    Model(Vec<Field>),
}

/// A field with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name, as in the JSON.
    pub name: String,
    /// What it holds.
    pub kind: FieldType,
    /// What it holds when it is left out; none if it must not be.
    pub default: Option<PythonValue>,
}

/// A value that does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoercionError {
    /// It has another type.
    #[error("the field `{field}` is declared as {expected} and holds {found}")]
    WrongType {
        /// Which one, such as `messages[2].role`.
        field: String,
        /// What Python calls the declared type.
        expected: &'static str,
        /// What Python calls the type of the value.
        found: &'static str,
    },
    /// It has the right type or one that could pass for it, and a value that cannot.
    #[error("the field `{field}` is declared as {expected} and holds an unfit {found}")]
    WrongValue {
        /// Which one.
        field: String,
        /// What Python calls the declared type.
        expected: &'static str,
        /// What Python calls the type of the value.
        found: &'static str,
    },
    /// A tuple of another length.
    #[error("the field `{field}` is declared as a tuple of {expected} and holds {found} items")]
    WrongLength {
        /// Which one.
        field: String,
        /// How many items it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// It is not there, and has no default.
    #[error("the field `{field}` is missing")]
    Missing {
        /// Which one.
        field: String,
    },
}

impl Field {
    /// A field that must be sent.
    #[must_use]
    pub fn required(name: impl Into<String>, kind: FieldType) -> Self {
        Self {
            name: name.into(),
            kind,
            default: None,
        }
    }

    /// A field that may be left out.
    #[must_use]
    pub fn with_default(name: impl Into<String>, kind: FieldType, default: impl Into<PythonValue>) -> Self {
        Self {
            name: name.into(),
            kind,
            default: Some(default.into()),
        }
    }

    /// The value in the type of this field.
    ///
    /// # Errors
    /// When it does not fit; the error names the field.
    pub fn coerce(&self, value: PythonValue) -> Result<PythonValue, CoercionError> {
        self.kind.coerce(value).map_err(|error| error.within(&self.name))
    }
}

impl FieldType {
    /// A list with items of a type.
    #[must_use]
    pub fn list(items: Self) -> Self {
        Self::List(Box::new(items))
    }

    /// A dict with values of a type.
    #[must_use]
    pub fn dict(values: Self) -> Self {
        Self::Dict(Box::new(values))
    }

    /// A type or `None`.
    #[must_use]
    pub fn optional(some: Self) -> Self {
        Self::Optional(Box::new(some))
    }

    /// What Python calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) | Self::Model(_) => "dict",
            Self::Optional(some) => some.name(),
        }
    }

    /// The value in this type, by the rules of pydantic. Those that read a number or a bool from a text are left
    /// out: a Python client converts before it sends, so no text ever comes from one.
    ///
    /// # Errors
    /// When the value does not fit. The error names the place inside the value.
    pub fn coerce(&self, value: PythonValue) -> Result<PythonValue, CoercionError> {
        match (self, value) {
            (Self::Any, value)
            | (Self::Bool, value @ PythonValue::Bool(_))
            | (Self::Int, value @ PythonValue::Int(_))
            | (Self::Float, value @ PythonValue::Float(_))
            | (Self::Str, value @ PythonValue::Str(_))
            | (Self::Optional(_), value @ PythonValue::None) => Ok(value),
            (Self::Optional(some), value) => some.coerce(value),
            (Self::Bool, value @ (PythonValue::Int(_) | PythonValue::Float(_))) => self.bool_of(&value),
            (Self::Int, PythonValue::Bool(bool)) => Ok(PythonValue::from(i64::from(bool))),
            (Self::Int, PythonValue::Float(float)) => match whole(float) {
                Some(int) => Ok(PythonValue::Int(int)),
                None => Err(self.wrong_value(&PythonValue::Float(float))),
            },
            (Self::Float, PythonValue::Bool(bool)) => Ok(PythonValue::Float(f64::from(u8::from(bool)))),
            (Self::Float, PythonValue::Int(int)) => match int.to_f64() {
                Some(float) => Ok(PythonValue::Float(float)),
                None => Err(self.wrong_value(&PythonValue::Int(int))),
            },
            (Self::List(kind), PythonValue::List(items) | PythonValue::Tuple(items)) => {
                let items = items.into_iter().map(|item| (kind.as_ref(), item));
                Ok(PythonValue::List(coerce_items(items)?))
            }
            (Self::Tuple(kinds), PythonValue::List(items) | PythonValue::Tuple(items)) => {
                if items.len() != kinds.len() {
                    return Err(CoercionError::WrongLength {
                        field: String::new(),
                        expected: kinds.len(),
                        found: items.len(),
                    });
                }
                Ok(PythonValue::Tuple(coerce_items(kinds.iter().zip(items))?))
            }
            (Self::Dict(kind), PythonValue::Dict(entries)) => {
                let coerced = entries.into_iter().map(|(key, value)| {
                    let value = kind.coerce(value).map_err(|error| error.within(&key))?;
                    Ok((key, value))
                });
                Ok(PythonValue::Dict(coerced.collect::<Result<_, _>>()?))
            }
            (Self::Model(fields), PythonValue::Dict(entries)) => coerce_model(fields, entries),
            (_, value) => Err(CoercionError::WrongType {
                field: String::new(),
                expected: self.name(),
                found: value.type_name(),
            }),
        }
    }

    fn bool_of(&self, value: &PythonValue) -> Result<PythonValue, CoercionError> {
        let number = match value {
            PythonValue::Int(int) => int.to_i64(),
            PythonValue::Float(float) => whole(*float).and_then(|int| int.to_i64()),
            _ => None,
        };
        match number {
            Some(0) => Ok(PythonValue::Bool(false)),
            Some(1) => Ok(PythonValue::Bool(true)),
            _ => Err(self.wrong_value(value)),
        }
    }

    fn wrong_value(&self, value: &PythonValue) -> CoercionError {
        CoercionError::WrongValue {
            field: String::new(),
            expected: self.name(),
            found: value.type_name(),
        }
    }
}

fn coerce_items<'a>(
    items: impl Iterator<Item = (&'a FieldType, PythonValue)>,
) -> Result<Vec<PythonValue>, CoercionError> {
    items
        .enumerate()
        .map(|(index, (kind, item))| {
            kind.coerce(item)
                .map_err(|error| error.within(&format!("[{index}]")))
        })
        .collect()
}

fn coerce_model(
    fields: &[Field],
    mut entries: IndexMap<String, PythonValue>,
) -> Result<PythonValue, CoercionError> {
    let coerced = fields.iter().map(|field| {
        let value = match (entries.swap_remove(&field.name), &field.default) {
            (Some(value), _) => field.coerce(value)?,
            // Pydantic takes a default as it stands.
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(CoercionError::Missing {
                    field: field.name.clone(),
                });
            }
        };
        Ok((field.name.clone(), value))
    });
    Ok(PythonValue::Dict(coerced.collect::<Result<_, _>>()?))
}

/// The integer that a float without a fraction stands for. Pydantic goes no further than 64 bits.
fn whole(float: f64) -> Option<PythonInt> {
    /// The first float that an `i64` is too small for.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let is_whole = float.fract() == 0.0 && (-BEYOND..BEYOND).contains(&float);
    is_whole.then(|| format!("{float:.0}").parse().ok()).flatten()
}

impl CoercionError {
    /// The place of the value.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::WrongType { field, .. }
            | Self::WrongValue { field, .. }
            | Self::WrongLength { field, .. }
            | Self::Missing { field } => field,
        }
    }

    /// The same error seen from one step further out.
    fn within(mut self, outer: &str) -> Self {
        let (Self::WrongType { field, .. }
        | Self::WrongValue { field, .. }
        | Self::WrongLength { field, .. }
        | Self::Missing { field }) = &mut self;
        let dot = if field.is_empty() || field.starts_with('[') {
            ""
        } else {
            "."
        };
        *field = format!("{outer}{dot}{field}");
        self
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
