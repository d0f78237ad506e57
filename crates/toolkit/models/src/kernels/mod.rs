//! Numerical kernels over flat row-major `f32` buffers; those that the trainer uses with their backward pass.
//!
//! Nothing here starts a thread: a caller runs independent packs of rows side by side, so that a result never depends
//! on how many threads there are.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod biased_attention;
pub(crate) mod cross_entropy;
pub(crate) mod elementwise;
pub(crate) mod layer_norm;
pub(crate) mod matmul;
pub(crate) mod rms_norm;
pub(crate) mod rotary;
