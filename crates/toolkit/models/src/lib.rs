#![doc = include_str!("../README.md")]

mod adapter;
mod architecture;
mod base;
mod counter_rng;
mod decoder;
mod error;
mod evaluate;
mod example;
mod generate;
mod kernels;
mod lanes;
mod optimizer;
mod peft;
mod pretrain;
mod recipe;
mod row_order;
mod tensor_file;
mod train;
mod weights;

pub use adapter::Adapter;
pub use architecture::Architecture;
pub use base::{BaseModel, Rounding};
pub use error::{Concern, ModelError};
pub use evaluate::{Evaluation, EvaluationProgress, evaluate};
pub use example::Example;
pub use generate::{Generated, Sampling, StopReason, generate};
pub use pretrain::{PretrainingRecipe, SPECIAL_TOKENS, pretrain, train_tokenizer};
pub use recipe::{LoraConfig, Projection, RowOrder, Schedule, StepRule, Targets, TrainingRecipe};
pub use train::{AdapterGradient, TrainingStep, adapter_gradient, train, train_from};
