//! How an adapter is trained: every number that the result depends on, apart from the rows and the seed.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// One of the linear maps of a decoder layer that an adapter can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Projection {
    /// Attention queries.
    #[serde(rename = "q_proj")]
    Query,
    /// Attention keys.
    #[serde(rename = "k_proj")]
    Key,
    /// Attention values.
    #[serde(rename = "v_proj")]
    Value,
    /// Attention output.
    #[serde(rename = "o_proj")]
    Output,
    /// The gate of the feed-forward block.
    #[serde(rename = "gate_proj")]
    Gate,
    /// The upward map of the feed-forward block.
    #[serde(rename = "up_proj")]
    Up,
    /// The downward map of the feed-forward block.
    #[serde(rename = "down_proj")]
    Down,
}

impl Projection {
    /// All seven, in the order of a layer's forward pass.
    pub const ALL: [Self; 7] = [
        Self::Query,
        Self::Key,
        Self::Value,
        Self::Output,
        Self::Gate,
        Self::Up,
        Self::Down,
    ];

    /// The module's own name, such as `q_proj`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "q_proj",
            Self::Key => "k_proj",
            Self::Value => "v_proj",
            Self::Output => "o_proj",
            Self::Gate => "gate_proj",
            Self::Up => "up_proj",
            Self::Down => "down_proj",
        }
    }

    /// The block inside a layer that holds the module: `self_attn` or `mlp`.
    #[must_use]
    pub fn block(self) -> &'static str {
        match self {
            Self::Query | Self::Key | Self::Value | Self::Output => "self_attn",
            Self::Gate | Self::Up | Self::Down => "mlp",
        }
    }

    /// The module's path in a model, such as `model.layers.0.self_attn.q_proj`.
    #[must_use]
    pub fn module(self, layer: usize) -> String {
        format!("model.layers.{layer}.{}.{}", self.block(), self.name())
    }
}

/// Which linear maps get an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// All seven of every layer.
    AllLinear,
    /// The named ones, in every layer.
    Named(Vec<Projection>),
}

impl Targets {
    /// Whether the projection gets an adapter.
    #[must_use]
    pub fn contains(&self, projection: Projection) -> bool {
        match self {
            Self::AllLinear => true,
            Self::Named(names) => names.contains(&projection),
        }
    }
}

/// The shape of a low-rank adapter: `y = W·x + b + (alpha / rank)·B·(A·dropout(x))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraConfig {
    /// Inner width of the adapter.
    pub rank: usize,
    /// Numerator of the adapter's scale.
    pub alpha: f64,
    /// Share of the adapter's inputs that is dropped while training, 0 to below 1.
    pub dropout: f64,
    /// Which linear maps get an adapter.
    pub targets: Targets,
}

impl LoraConfig {
    /// `alpha / rank`.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.alpha / self.rank as f64
    }
}

/// How the learning rate moves after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Linearly down to 0 at the last step.
    Linear,
    /// Stays at the peak.
    Constant,
}

/// How many optimiser steps an epoch counts for when its last window is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepRule {
    /// As in the transformers library up to 4.50: the short window is not counted, so that the last rows of the last
    /// epoch may never be trained on (100 rows, windows of 8, 2 epochs: 24 steps of 26).
    Compat,
    /// Every window counts: all rows are used in every epoch.
    Native,
}

/// The order in which an epoch visits the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowOrder {
    /// Epoch `k` visits in the order of PyTorch's `randperm` with a Mersenne Twister seeded 42 + k.
    Shuffled,
    /// In the order given.
    Sequential,
}

/// Everything that decides what a training run does to given rows from a given seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecipe {
    /// Times that each row is seen.
    pub epochs: u32,
    /// Fewest optimiser steps: a small dataset is gone through again until it has had so many. Without it a dozen
    /// rows would hardly move the adapter, and their loss would say nothing about them.
    #[serde(default)]
    pub min_steps: u32,
    /// Rows per micro-batch.
    pub micro_batch: usize,
    /// Micro-batches per optimiser step.
    pub accumulation: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises linearly from 0.
    pub warmup_steps: u32,
    /// The learning rate after the warm-up.
    pub schedule: Schedule,
    /// Largest global gradient norm; larger gradients are scaled down to it. Absent: no clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_grad_norm: Option<f64>,
    /// AdamW's decoupled weight decay.
    pub weight_decay: f64,
    /// AdamW's decay rates of the first and second moment.
    pub betas: [f64; 2],
    /// AdamW's term against division by zero.
    pub eps: f64,
    /// Longest row in tokens; longer ones are cut on the right.
    pub context_length: usize,
    /// How a short last window counts.
    pub step_rule: StepRule,
    /// The order of the rows.
    pub order: RowOrder,
    /// The adapter's shape.
    pub lora: LoraConfig,
}

impl TrainingRecipe {
    /// The original validator's recipe of 2025: rank 16, alpha 32, dropout 0.1 on all linear maps, windows of 8 rows,
    /// 2 epochs, 2e-4 after 5 warm-up steps, clip 1.0, 2048 tokens, steps counted the old way.
    #[must_use]
    pub fn flock_2025() -> Self {
        Self {
            epochs: 2,
            min_steps: 0,
            micro_batch: 1,
            accumulation: 8,
            learning_rate: 2e-4,
            warmup_steps: 5,
            schedule: Schedule::Linear,
            max_grad_norm: Some(1.0),
            weight_decay: 0.0,
            betas: [0.9, 0.999],
            eps: 1e-8,
            context_length: 2048,
            step_rule: StepRule::Compat,
            order: RowOrder::Shuffled,
            lora: LoraConfig {
                rank: 16,
                alpha: 32.0,
                dropout: 0.1,
                targets: Targets::AllLinear,
            },
        }
    }

    /// Rows per optimiser step.
    #[must_use]
    pub fn window(&self) -> usize {
        self.micro_batch * self.accumulation
    }

    /// Optimiser steps for `rows` rows: both the schedule's horizon and the end of training.
    ///
    /// Compat: `epochs · max(1, ⌊micro-batches / accumulation⌋)`; native: `epochs · ⌈micro-batches / accumulation⌉`;
    /// never fewer than `min_steps`.
    #[must_use]
    pub fn total_steps(&self, rows: usize) -> u32 {
        let batches = rows.div_ceil(self.micro_batch);
        let per_epoch = match self.step_rule {
            StepRule::Compat => (batches / self.accumulation).max(1),
            StepRule::Native => batches.div_ceil(self.accumulation),
        };
        let steps = u32::try_from(per_epoch)
            .unwrap_or(u32::MAX)
            .saturating_mul(self.epochs);
        steps.max(self.min_steps)
    }

    /// The learning rate of step `step` (from 0) out of `total`.
    #[must_use]
    pub fn learning_rate_at(&self, step: u32, total: u32) -> f64 {
        if step < self.warmup_steps {
            return self.learning_rate * f64::from(step) / f64::from(self.warmup_steps);
        }
        match self.schedule {
            Schedule::Constant => self.learning_rate,
            Schedule::Linear => {
                let left = f64::from(total.saturating_sub(step));
                let span = f64::from(total.saturating_sub(self.warmup_steps).max(1));
                self.learning_rate * (left / span)
            }
        }
    }

    /// Refuses values that cannot train.
    ///
    /// # Errors
    /// [`ModelError::Recipe`] naming the first bad field.
    pub fn check(&self) -> Result<(), ModelError> {
        fn bad(
            field: &'static str,
            value: impl ToString,
            requirement: &'static str,
        ) -> Result<(), ModelError> {
            Err(ModelError::Recipe {
                field,
                value: value.to_string(),
                requirement,
            })
        }
        if self.epochs == 0 {
            return bad("epochs", self.epochs, "at least 1");
        }
        if self.micro_batch == 0 {
            return bad("micro_batch", self.micro_batch, "at least 1");
        }
        if self.accumulation == 0 {
            return bad("accumulation", self.accumulation, "at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate >= 0.0) {
            return bad("learning_rate", self.learning_rate, "a finite number, 0 or more");
        }
        if let Some(norm) = self.max_grad_norm
            && !(norm.is_finite() && norm > 0.0)
        {
            return bad("max_grad_norm", norm, "a finite number above 0, or absent");
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return bad("weight_decay", self.weight_decay, "a finite number, 0 or more");
        }
        if !self.betas.iter().all(|beta| (0.0..1.0).contains(beta)) {
            return bad(
                "betas",
                format!("{:?}", self.betas),
                "two numbers from 0 to below 1",
            );
        }
        if !(self.eps.is_finite() && self.eps > 0.0) {
            return bad("eps", self.eps, "a finite number above 0");
        }
        if self.context_length < 2 {
            return bad("context_length", self.context_length, "at least 2");
        }
        if self.lora.rank == 0 {
            return bad("lora.rank", self.lora.rank, "at least 1");
        }
        if !self.lora.alpha.is_finite() {
            return bad("lora.alpha", self.lora.alpha, "a finite number");
        }
        if !(0.0..1.0).contains(&self.lora.dropout) {
            return bad("lora.dropout", self.lora.dropout, "from 0 to below 1");
        }
        if matches!(&self.lora.targets, Targets::Named(names) if names.is_empty()) {
            return bad("lora.targets", "an empty list", "all-linear or at least one name");
        }
        Ok(())
    }
}
