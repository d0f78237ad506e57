//! Says what it was told to say.

use crate::{Mind, MindError, Wishes};
use assay_organic::synth::Turn;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::{fmt, sync::Arc, time::Duration};

/// What a script says to a question; nothing for no answer at all.
type Lines = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Answers by a script: for miners that act a part, in demonstrations and tests.
#[derive(Clone)]
pub struct Scripted {
    lines: Arc<Lines>,
    delay: Duration,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scripted")
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

impl Scripted {
    /// Answers the last message with what `lines` makes of it.
    pub fn new(lines: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            lines: Arc::new(lines),
            delay: Duration::ZERO,
        }
    }

    /// Takes so long for every answer.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl Mind for Scripted {
    fn answer(&self, turns: &[Turn], _: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let last = turns.last().map_or("", |turn| turn.content.as_str());
        let (line, delay) = ((self.lines)(last), self.delay);
        let said = async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            stream::iter(line.map(Ok))
        };
        stream::once(said).flatten().boxed()
    }
}
