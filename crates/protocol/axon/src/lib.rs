#![doc = include_str!("../README.md")]

mod caller;
mod dialect;
mod moment;
mod operator;
pub mod server;
pub mod synapse;
pub mod tensor;

pub use caller::{Caller, Identity, Standing};
pub use dialect::{Dialect, DialectError};
pub use moment::UnixNanos;
pub use operator::{OperatorName, OperatorRefusal, OperatorTokens, TokenError};
pub use tensor::Tensor;
