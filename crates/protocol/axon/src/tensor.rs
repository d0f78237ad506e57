//! `bt.Tensor`: an array of numbers inside the JSON of a synapse.

mod dtype;
mod element;
mod error;
mod numpy_msgpack;

pub use dtype::{DType, TypeNames};
pub use element::Element;
pub use error::TensorError;

use base64::{Engine, prelude::BASE64_STANDARD};
use numpy_msgpack::Packed;
use serde::{Deserialize, Serialize, Serializer};

/// The bytes of numbers that a tensor may have. More, and one message of a stranger holds a good part of a small
/// machine's memory; less, and a batch of images would not fit.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// The dimensions that a tensor may have: as many as numpy 1 allows.
pub const MAX_RANK: usize = 32;

/// What the keys and the shape add to the numbers at most, generously.
const MAX_OVERHEAD: usize = 1024;

/// An array of numbers, as `bt.Tensor` sends it: JSON of `buffer`, `dtype` and `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Wire")]
pub struct Tensor {
    dtype: DType,
    names: TypeNames,
    shape: Vec<usize>,
    data: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    buffer: String,
    dtype: String,
    shape: Vec<usize>,
}

impl Tensor {
    /// An array of these values, the last dimension varying fastest.
    ///
    /// # Errors
    /// When the shape does not hold as many, or the array is larger than [`MAX_BYTES`].
    pub fn from_values<T: Element>(shape: &[usize], values: &[T]) -> Result<Self, TensorError> {
        let mut data = Vec::with_capacity(values.len() * T::DTYPE.size());
        for value in values {
            value.write(&mut data);
        }
        Self::from_bytes(T::DTYPE, shape, data)
    }

    /// An array of values in their little-endian bytes.
    ///
    /// # Errors
    /// When the shape does not hold as many, or the array is larger than [`MAX_BYTES`].
    pub fn from_bytes(dtype: DType, shape: &[usize], data: Vec<u8>) -> Result<Self, TensorError> {
        check_size(dtype, shape, data.len())?;
        Ok(Self {
            dtype,
            names: TypeNames::Numpy,
            shape: shape.to_vec(),
            data,
        })
    }

    /// Reads the three parts as they stand in the JSON.
    ///
    /// # Errors
    /// When they are no array, or do not fit together.
    pub fn from_parts(buffer: &str, dtype: &str, shape: &[usize]) -> Result<Self, TensorError> {
        let (dtype, names) = DType::from_name(dtype)?;
        if buffer.len() / 4 * 3 > MAX_BYTES + MAX_OVERHEAD {
            return Err(TensorError::TooLarge);
        }
        let packed = BASE64_STANDARD.decode(buffer)?;
        let packed = Packed::read(&packed)?;
        if packed.dtype != dtype {
            return Err(TensorError::OtherType {
                declared: dtype,
                packed: packed.dtype,
            });
        }
        check_size(dtype, &packed.shape, packed.data.len())?;
        // As in Python: of the shape [0], which a single number has too, the one inside says more.
        let shape = if shape == [0] { &packed.shape } else { shape };
        check_size(dtype, shape, packed.data.len())?;
        Ok(Self {
            dtype,
            names,
            shape: shape.to_vec(),
            data: packed.data.to_vec(),
        })
    }

    /// The same array under other names of types. Without this they are numpy's, or those it came with.
    #[must_use]
    pub fn with_names(self, names: TypeNames) -> Self {
        Self { names, ..self }
    }

    /// The type of its numbers.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whose names of types it has.
    #[must_use]
    pub fn names(&self) -> TypeNames {
        self.names
    }

    /// The length of each dimension; none for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers in little-endian bytes, the last dimension varying fastest.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// The numbers, the last dimension varying fastest.
    ///
    /// # Errors
    /// When they are of another type.
    pub fn values<T: Element>(&self) -> Result<Vec<T>, TensorError> {
        if T::DTYPE != self.dtype {
            return Err(TensorError::OtherType {
                declared: T::DTYPE,
                packed: self.dtype,
            });
        }
        Ok(self.data.chunks_exact(self.dtype.size()).map(T::read).collect())
    }

    /// The MessagePack in the buffer, byte for byte what `msgpack_numpy` writes.
    #[must_use]
    pub fn to_msgpack(&self) -> Vec<u8> {
        Packed {
            dtype: self.dtype,
            shape: self.shape.clone(),
            data: &self.data,
        }
        .write()
    }
}

fn check_size(dtype: DType, shape: &[usize], found: usize) -> Result<(), TensorError> {
    if shape.len() > MAX_RANK {
        return Err(TensorError::TooManyDimensions { found: shape.len() });
    }
    let expected = shape
        .iter()
        .try_fold(dtype.size(), |bytes, length| bytes.checked_mul(*length));
    if expected != Some(found) {
        return Err(TensorError::Shape {
            dtype,
            shape: shape.to_vec(),
            found,
        });
    }
    if found > MAX_BYTES {
        return Err(TensorError::TooLarge);
    }
    Ok(())
}

impl TryFrom<Wire> for Tensor {
    type Error = TensorError;

    fn try_from(wire: Wire) -> Result<Self, TensorError> {
        Self::from_parts(&wire.buffer, &wire.dtype, &wire.shape)
    }
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            buffer: BASE64_STANDARD.encode(self.to_msgpack()),
            dtype: self.dtype.name(self.names),
            // Python writes [0] for the shape of a single number.
            shape: if self.shape.is_empty() {
                vec![0]
            } else {
                self.shape.clone()
            },
        }
        .serialize(serializer)
    }
}
