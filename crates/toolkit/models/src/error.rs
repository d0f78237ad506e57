//! What can go wrong with a model, an adapter or a training run, and whose matter it is.

use std::path::PathBuf;

use crate::{Device, TorchFileError};

/// Whose matter an error is: the caller decides from this whether a dataset, a file or the machine is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concern {
    /// The rows that were given: the same rows will fail again everywhere.
    Examples,
    /// The recipe: the same recipe will fail again everywhere.
    Recipe,
    /// The files of a base model or an adapter: they will fail until they are replaced.
    ModelFiles,
    /// This machine (disk, memory) or a caller that stopped the work: another attempt may succeed.
    Machine,
}

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file could not be read or written; the message names it.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A JSON file of a model or adapter folder does not parse.
    #[error("{path} is not valid JSON for its purpose: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The tokenizer file does not load, or a text cannot be encoded.
    #[error("the tokenizer of {path} failed: {source}")]
    Tokenizer {
        /// The tokenizer file.
        path: PathBuf,
        /// What the tokenizer says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The header of a safetensors file is not sound.
    #[error("{path} is not a sound safetensors file: {source}")]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: safetensors::SafeTensorError,
    },
    /// A file of `torch.save` is not sound, or asks for more than data.
    #[error("{path} cannot be read: {source}")]
    TorchFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TorchFileError,
    },
    /// A file is larger than this crate is ready to read.
    #[error("{path} has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, or the size that its header announces.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// A tensor that the configuration calls for is not in the files.
    #[error("tensor {name} is missing from {path}")]
    MissingTensor {
        /// The tensor's name.
        name: String,
        /// The folder or file that was searched.
        path: PathBuf,
    },
    /// A tensor has another shape than the configuration calls for.
    #[error("tensor {name} has shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor's element type is not one of f32, f16 and bf16.
    #[error("tensor {name} has element type {found}; f32, f16 and bf16 are supported")]
    TensorType {
        /// The tensor's name.
        name: String,
        /// The element type in the file.
        found: String,
    },
    /// A tensor holds a value that is not a finite number.
    #[error("tensor {name} holds a value that is not finite")]
    TensorNotFinite {
        /// The tensor's name.
        name: String,
    },
    /// A model or adapter asks for something that this crate does not do.
    #[error("{path}: {field} is {value}; supported: {supported}")]
    Unsupported {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is supported.
        supported: &'static str,
    },
    /// A recipe's value cannot be used.
    #[error("recipe: {field} is {value}; it must be {requirement}")]
    Recipe {
        /// The recipe's field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        requirement: &'static str,
    },
    /// An adapter was made for another base model.
    #[error(
        "the adapter does not fit the base model: {tensor} has shape {found:?}, the base needs {expected:?}"
    )]
    AdapterMismatch {
        /// The adapter tensor.
        tensor: String,
        /// The shape that the base needs.
        expected: Vec<usize>,
        /// The shape that the adapter has.
        found: Vec<usize>,
    },
    /// There is nothing to train on or to evaluate.
    #[error("there are no examples")]
    NoExamples,
    /// An example has no target token inside the context length, so that its loss is undefined.
    #[error("example {index} has no target token within {context_length} tokens")]
    NoTargets {
        /// The example's position, from 0.
        index: usize,
        /// The context length it was cut to.
        context_length: usize,
    },
    /// An example's mask and tokens differ in length.
    #[error("example {index} has {tokens} tokens and a target mask of {mask}")]
    MaskLength {
        /// The example's position, from 0.
        index: usize,
        /// Number of tokens.
        tokens: usize,
        /// Length of the mask.
        mask: usize,
    },
    /// A token id is outside the model's vocabulary.
    #[error("token {id} at position {position} is outside the vocabulary of {vocabulary}")]
    TokenOutOfRange {
        /// The token id.
        id: u32,
        /// Its position.
        position: usize,
        /// The number of tokens the model knows.
        vocabulary: usize,
    },
    /// A context is longer than the model's positions, or a prompt is empty.
    #[error("a context of {requested} tokens was asked for; the model takes 1 to {limit}")]
    Context {
        /// Tokens asked for.
        requested: usize,
        /// The model's limit.
        limit: usize,
    },
    /// A text has no tokens, and the tokenizer adds none, so that the model has nothing to say about it.
    #[error("text {index} has no tokens: give this model texts that are not empty")]
    NoTokens {
        /// The text's position, from 0.
        index: usize,
    },
    /// The loss or a gradient stopped being a finite number.
    #[error(
        "training diverged at step {step}: the loss is not finite (lower the learning rate, or clip the gradients)"
    )]
    Diverged {
        /// The optimiser step, from 0.
        step: u32,
    },
    /// The device is not there, has no room, or fails.
    #[error("{device}: {reason}")]
    Device {
        /// Which.
        device: Device,
        /// What it says.
        reason: String,
    },
    /// The caller's callback ended the work before there was a result.
    #[error("stopped by the caller before the result was complete")]
    Stopped,
}

impl ModelError {
    /// Whose matter this error is.
    #[must_use]
    pub fn concern(&self) -> Concern {
        match self {
            Self::NoExamples
            | Self::NoTargets { .. }
            | Self::MaskLength { .. }
            | Self::NoTokens { .. }
            | Self::TokenOutOfRange { .. } => Concern::Examples,
            Self::Recipe { .. } | Self::Context { .. } | Self::Diverged { .. } => Concern::Recipe,
            Self::Json { .. }
            | Self::Tokenizer { .. }
            | Self::Safetensors { .. }
            | Self::TorchFile { .. }
            | Self::TooLarge { .. }
            | Self::MissingTensor { .. }
            | Self::TensorShape { .. }
            | Self::TensorType { .. }
            | Self::TensorNotFinite { .. }
            | Self::Unsupported { .. }
            | Self::AdapterMismatch { .. } => Concern::ModelFiles,
            Self::Io(_) | Self::Device { .. } | Self::Stopped => Concern::Machine,
        }
    }
}
