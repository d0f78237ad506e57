//! The speed of what a prompting validator spends its time with, beside the Python that validators run.
//!
//! The programs run by turns, so that a busy neighbour disturbs all. The best round says what the machine can do; processor
//! seconds a round are what remains comparable when it is busy.

mod embeddings;
mod stack;

use crate::error::TaskError;

/// Measures sentence embeddings, then the whole stack, and prints both tables.
pub(crate) fn run() -> Result<(), TaskError> {
    embeddings::run()?;
    println!();
    stack::run()
}
