#![doc = include_str!("../README.md")]

mod moment;
pub mod synapse;
pub mod tensor;

pub use moment::UnixNanos;
pub use tensor::Tensor;
