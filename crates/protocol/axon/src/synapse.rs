//! The dialect of bittensor up to 10.5: values as Python holds them, and the hash of a body over chosen fields.

pub mod body_hash;
pub mod field;
pub mod python_int;
mod python_json;
pub mod python_str;
pub mod python_value;

pub use body_hash::{BodyHash, MalformedBodyHash, body_hash, field_hash};
pub use field::{CoercionError, Field, FieldType};
pub use python_int::{InvalidInt, MAX_DIGITS, PythonInt};
pub use python_json::{MAX_DEPTH, PythonJsonError};
pub use python_value::PythonValue;
