//! The streams that Assay itself writes: one type, one table.

mod axon_calls;
mod blocks;
mod dataset_evaluations;
mod epochs;
mod forwards;
mod hardware;
mod market_transactions;
mod organic_iterations;
mod prompting_marks;
mod prompting_steps;
mod scores;
mod video_batches;
mod weight_steps;

pub use axon_calls::AxonCalls;
pub use blocks::BlockSeen;
pub use dataset_evaluations::{DatasetEvaluation, EvaluationOutcome};
pub use epochs::EpochNeuron;
pub use forwards::Forward;
pub use hardware::{Gpu, Hardware};
pub use market_transactions::MarketTransaction;
pub use organic_iterations::{MinerReward, OrganicIteration};
pub use prompting_marks::PromptingMark;
pub use prompting_steps::PromptingStep;
pub use scores::Score;
pub use video_batches::VideoBatch;
pub use weight_steps::WeightStep;

use crate::{Columns, ShapeError};

/// The columns of every stream that Assay writes, by name.
///
/// # Errors
/// None while the tests pass: every field has a column.
pub fn all() -> Result<Vec<Columns>, ShapeError> {
    let mut all = vec![
        Columns::of::<AxonCalls>()?,
        Columns::of::<BlockSeen>()?,
        Columns::of::<DatasetEvaluation>()?,
        Columns::of::<EpochNeuron>()?,
        Columns::of::<Forward>()?,
        Columns::of::<Hardware>()?,
        Columns::of::<MarketTransaction>()?,
        Columns::of::<OrganicIteration>()?,
        Columns::of::<PromptingMark>()?,
        Columns::of::<PromptingStep>()?,
        Columns::of::<Score>()?,
        Columns::of::<VideoBatch>()?,
        Columns::of::<WeightStep>()?,
    ];
    all.sort_by_key(|columns| columns.stream);
    Ok(all)
}
