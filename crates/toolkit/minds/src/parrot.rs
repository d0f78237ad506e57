//! Repeats what it hears.

use crate::{Mind, MindError, Wishes};
use assay_organic::synth::Turn;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

/// Repeats the last message. It costs nothing, looks busy, and is what the scoring's penalty is for.
#[derive(Clone, Copy, Debug)]
pub struct Parrot;

impl Mind for Parrot {
    fn answer(&self, turns: &[Turn], _: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let last = turns.last().map(|turn| turn.content.clone());
        stream::iter(last.map(Ok)).boxed()
    }
}
