//! What can be wrong with a tensor.

use crate::tensor::{DType, MAX_BYTES, MAX_RANK};

/// Three parts that are no tensor, or a tensor used as another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// The buffer cannot be decoded.
    #[error("the buffer of the tensor is no base64")]
    Base64(#[from] base64::DecodeError),
    /// The buffer decodes to something else.
    #[error("the buffer of the tensor is no array of numpy in MessagePack: its {part} cannot be read")]
    Malformed {
        /// Where reading ended.
        part: &'static str,
    },
    /// One of the five entries is not there.
    #[error("the buffer of the tensor has no `{key}`")]
    Missing {
        /// Its key.
        key: &'static str,
    },
    /// A single number or an array of records.
    #[error("the buffer of the tensor holds something other than an array of plain numbers")]
    NotPlain,
    /// A sender with the other order of bytes.
    #[error("the numbers are big-endian ({name}): send them little-endian, in numpy with .astype('<…')")]
    BigEndian {
        /// Numpy's name of the type, cut to 32 characters.
        name: String,
    },
    /// A type that no tensor has.
    #[error("{name:?} is no type of a tensor: it has float16, 32 or 64, int8, 16, 32 or 64, uint8 or bool")]
    UnknownType {
        /// The name, cut to 32 characters.
        name: String,
    },
    /// The numbers are of another type than was said or asked for.
    #[error("the tensor should hold {declared} and holds {packed}")]
    OtherType {
        /// What was said or asked for.
        declared: DType,
        /// What it holds.
        packed: DType,
    },
    /// The shape is that of another number of values.
    #[error("the tensor has {found} bytes, which is not what {dtype} in the shape {shape:?} takes")]
    Shape {
        /// The type of the numbers.
        dtype: DType,
        /// The shape.
        shape: Vec<usize>,
        /// The bytes there are.
        found: usize,
    },
    /// More dimensions than numpy has.
    #[error("the tensor has {found} dimensions, and may have {MAX_RANK}")]
    TooManyDimensions {
        /// How many it has.
        found: usize,
    },
    /// More bytes than are taken in.
    #[error("the tensor is larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
}

impl TensorError {
    pub(super) fn big_endian(name: &str) -> Self {
        Self::BigEndian { name: cut(name) }
    }

    pub(super) fn unknown_type(name: &str) -> Self {
        Self::UnknownType { name: cut(name) }
    }
}

fn cut(name: &str) -> String {
    name.chars().take(32).collect()
}
