//! A model on this machine.

use crate::{Mind, MindError, Wishes};
use assay_models::{Adapter, BaseModel, Sampling, generate};
use assay_organic::synth::Turn;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::{
    fmt,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// Tokens of an answer when nobody says how many.
const USUAL_TOKENS: usize = 128;
/// Pieces that wait to be sent. A reader that is slower than the model holds it up, which is what it should do.
const PIECES: usize = 64;

/// A causal language model in the Hugging Face layout.
#[derive(Clone)]
pub struct LocalModel {
    base: BaseModel,
    adapter: Option<Arc<Adapter>>,
    stop: Arc<[u32]>,
    /// What it does when the question does not say.
    temperature: Option<f64>,
    /// Answers at one time: each takes a core.
    places: Arc<Semaphore>,
}

impl fmt::Debug for LocalModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LocalModel")
            .field("temperature", &self.temperature)
            .finish_non_exhaustive()
    }
}

impl LocalModel {
    /// Answers with this model, so many conversations at one time.
    #[must_use]
    pub fn new(base: BaseModel, at_once: usize) -> Self {
        let marks = ["<|im_end|>", "<|endoftext|>"]
            .into_iter()
            .filter_map(|mark| base.token_id(mark));
        let stop = base
            .architecture()
            .end_tokens
            .iter()
            .copied()
            .chain(marks)
            .collect();
        Self {
            base,
            adapter: None,
            stop,
            temperature: None,
            places: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    /// Answers with this adapter of the model, made for it.
    #[must_use]
    pub fn with_adapter(mut self, adapter: Adapter) -> Self {
        self.adapter = Some(Arc::new(adapter));
        self
    }

    /// Draws at this temperature, whatever the question says.
    #[must_use]
    pub fn at_temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    fn prompt(&self, turns: &[Turn], room: usize) -> Result<Vec<u32>, MindError> {
        let ids = self.base.encode(&chat_format(turns))?;
        let most = self.base.max_context();
        if ids.len() + room.min(1) > most {
            return Err(MindError::TooLong {
                tokens: ids.len(),
                most,
            });
        }
        Ok(ids)
    }

    fn sampling(&self, wishes: Wishes) -> Sampling {
        match self.temperature.or(wishes.temperature) {
            Some(temperature) if temperature > 0.0 => Sampling::TopP {
                temperature,
                top_p: 0.95,
                seed: wishes.seed.unwrap_or_default(),
            },
            _ => Sampling::Greedy,
        }
    }

    /// Generates on this thread, and sends each piece of text as soon as it is one.
    fn generate(
        &self,
        turns: &[Turn],
        wishes: Wishes,
        pieces: &mpsc::Sender<Result<String, MindError>>,
    ) -> Result<(), MindError> {
        let most = wishes.max_tokens.unwrap_or(USUAL_TOKENS);
        let prompt = self.prompt(turns, most)?;
        let mut ids = Vec::new();
        let mut sent = 0;
        let mut failure = None;
        let mut on_token = |id| {
            ids.push(id);
            match self.base.decode(&ids) {
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
                Ok(text) => {
                    // A character that is cut in two decodes as a replacement until its rest is there.
                    let whole = text.trim_end_matches('\u{fffd}');
                    let Some(piece) = whole.get(sent..).filter(|piece| !piece.is_empty()) else {
                        return ControlFlow::Continue(());
                    };
                    let piece = piece.to_owned();
                    sent = whole.len();
                    match pieces.blocking_send(Ok(piece)) {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(()),
                    }
                }
            }
        };
        let sampling = self.sampling(wishes);
        generate(
            &self.base,
            self.adapter.as_deref(),
            &prompt,
            most,
            &self.stop,
            sampling,
            &mut on_token,
        )?;
        failure.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Mind for LocalModel {
    fn answer(&self, turns: &[Turn], wishes: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let (model, turns) = (self.clone(), turns.to_vec());
        let opened = async move {
            let (send, receive) = mpsc::channel(PIECES);
            let Ok(place) = model.places.clone().acquire_owned().await else {
                return stream::iter([Err(MindError::Stopped)]).left_stream();
            };
            tokio::task::spawn_blocking(move || {
                let _place = place;
                let generated = catch_unwind(AssertUnwindSafe(|| model.generate(&turns, wishes, &send)));
                // A panic would end the stream as if the answer were whole.
                if let Err(error) = generated.unwrap_or(Err(MindError::Stopped)) {
                    // Nobody hears it when whoever asked has gone.
                    let _ = send.blocking_send(Err(error));
                }
            });
            ReceiverStream::new(receive).right_stream()
        };
        stream::once(opened).flatten().boxed()
    }
}

/// A conversation in the format that Qwen2 models were trained on, up to where the assistant begins.
fn chat_format(turns: &[Turn]) -> String {
    const SYSTEM: &str = "You are a helpful assistant.";
    let mut text = String::new();
    let mut add = |role: &str, content: &str| {
        text.push_str(&format!("<|im_start|>{role}\n{}<|im_end|>\n", content.trim()));
    };
    if turns.first().is_none_or(|turn| turn.role != "system") {
        add("system", SYSTEM);
    }
    for turn in turns {
        add(&turn.role, &turn.content);
    }
    text.push_str("<|im_start|>assistant\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_written_as_the_models_read_it() {
        let turns = [
            Turn::user(" Hi "),
            Turn {
                role: "assistant".to_owned(),
                content: "Hello.".to_owned(),
            },
        ];
        assert_eq!(
            chat_format(&turns),
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n\
             <|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>assistant\n"
        );
    }
}
