//! The types of numbers, under the three names that each has on the wire.

use crate::tensor::TensorError;
use std::fmt;

/// The type of a tensor's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum DType {
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Bool,
}

/// Whose names of types a tensor has. Python converts to the type of the name that it is sent, so a peer that works
/// with torch wants torch's, and one that works with numpy, numpy's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TypeNames {
    /// `float32`.
    #[default]
    Numpy,
    /// `torch.float32`.
    Torch,
}

impl DType {
    const ALL: [Self; 9] = [
        Self::Float16,
        Self::Float32,
        Self::Float64,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Bool,
    ];

    /// The bytes of one number.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Float16 | Self::Int16 => 2,
            Self::Float32 | Self::Int32 => 4,
            Self::Float64 | Self::Int64 => 8,
        }
    }

    /// The name beside the buffer.
    #[must_use]
    pub fn name(self, names: TypeNames) -> String {
        match names {
            TypeNames::Numpy => self.to_string(),
            TypeNames::Torch => format!("torch.{self}"),
        }
    }

    /// Reads the name beside the buffer.
    ///
    /// # Errors
    /// When it is no type that a tensor has.
    pub fn from_name(name: &str) -> Result<(Self, TypeNames), TensorError> {
        let (bare, names) = match name.strip_prefix("torch.") {
            Some(bare) => (bare, TypeNames::Torch),
            None => (name, TypeNames::Numpy),
        };
        let found = Self::ALL.into_iter().find(|dtype| dtype.bare_name() == bare);
        found
            .map(|dtype| (dtype, names))
            .ok_or_else(|| TensorError::unknown_type(name))
    }

    fn bare_name(self) -> &'static str {
        match self {
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Bool => "bool",
        }
    }

    /// The name inside the buffer: numpy's, with the order of bytes in front, `|` where there is none.
    pub(super) fn typestr(self) -> &'static str {
        match self {
            Self::Float16 => "<f2",
            Self::Float32 => "<f4",
            Self::Float64 => "<f8",
            Self::Int8 => "|i1",
            Self::Int16 => "<i2",
            Self::Int32 => "<i4",
            Self::Int64 => "<i8",
            Self::Uint8 => "|u1",
            Self::Bool => "|b1",
        }
    }

    pub(super) fn from_typestr(name: &str) -> Result<Self, TensorError> {
        if let Some(dtype) = Self::ALL.into_iter().find(|dtype| dtype.typestr() == name) {
            return Ok(dtype);
        }
        Err(match name.strip_prefix('>') {
            Some(_) => TensorError::big_endian(name),
            None => TensorError::unknown_type(name),
        })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.bare_name())
    }
}
