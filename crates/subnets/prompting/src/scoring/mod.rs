//! What completions are worth: pure functions and small states of plain data.
//!
//! A batch is the answers to one prompt. Rewards ([`difference`], [`log_probability`], what models say) go through the
//! [`normaliser`], masks ([`blacklist`], [`ngram`], [`task_validator`], [`relevance`], [`diversity`], [`nsfw`]) and
//! [`penalties`] multiply what [`combine`] adds up, and [`best`] picks the text that the next prompt is made of.
//!
//! All arithmetic is in `f64`. The original works in 32 bits, so figures agree with it to about seven digits.
//! A call that failed has no figure (`None`); it is never a NaN, which JSON does not know.

pub mod best;
pub mod blacklist;
pub mod combine;
pub mod difference;
pub mod diversity;
pub mod followup_trim;
pub mod log_probability;
pub mod ngram;
pub mod normaliser;
pub mod nsfw;
pub mod penalties;
pub mod pooling;
pub mod reference;
pub mod relevance;
pub mod shadow;
pub mod softmax;
pub mod task_validator;
pub mod verification;
