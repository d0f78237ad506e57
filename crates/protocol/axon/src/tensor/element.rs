//! Rust's types that can stand in a tensor. Half-precision numbers have none in the standard library, and pass as
//! bytes.

use crate::tensor::DType;

mod sealed {
    pub trait Sealed {}
}

/// A number in a tensor.
pub trait Element: Copy + sealed::Sealed {
    /// Its type on the wire.
    const DTYPE: DType;

    /// Reads one from as many bytes as the type has.
    #[doc(hidden)]
    fn read(bytes: &[u8]) -> Self;

    /// Appends its bytes.
    #[doc(hidden)]
    fn write(self, data: &mut Vec<u8>);
}

macro_rules! element {
    ($type:ty, $dtype:ident) => {
        impl sealed::Sealed for $type {}

        impl Element for $type {
            const DTYPE: DType = DType::$dtype;

            fn read(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$type>()];
                array.copy_from_slice(bytes);
                <$type>::from_le_bytes(array)
            }

            fn write(self, data: &mut Vec<u8>) {
                data.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}

element!(f32, Float32);
element!(f64, Float64);
element!(i8, Int8);
element!(i16, Int16);
element!(i32, Int32);
element!(i64, Int64);
element!(u8, Uint8);

impl sealed::Sealed for bool {}

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    /// Any byte but zero is true, as in numpy.
    fn read(bytes: &[u8]) -> Self {
        bytes.iter().any(|byte| *byte != 0)
    }

    fn write(self, data: &mut Vec<u8>) {
        data.push(u8::from(self));
    }
}
