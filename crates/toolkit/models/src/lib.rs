//! Causal language models of the Qwen2 family and a LoRA trainer for them.

mod adapter;
mod base;
mod error;
mod evaluate;
mod example;
mod generate;
mod recipe;
mod train;

pub use adapter::Adapter;
pub use base::BaseModel;
pub use error::{Concern, ModelError};
pub use evaluate::{Evaluation, EvaluationProgress, evaluate};
pub use example::Example;
pub use generate::{Generated, Sampling, StopReason, generate};
pub use recipe::{LoraConfig, Projection, RowOrder, Schedule, StepRule, Targets, TrainingRecipe};
pub use train::{TrainingStep, train};
