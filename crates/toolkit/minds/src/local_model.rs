//! A model on this machine.

use crate::{AnswerWithLogProbs, Expected, LogProbWishes, Mind, MindError, Wishes};
use assay_models::{Adapter, BaseModel, Sampling, generate, generate_observed, log_probability, most_likely};
use assay_organic::synth::Turn;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use std::{
    collections::BTreeMap,
    fmt,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
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

    /// The likeliest answer on this thread, until nobody waits for it.
    fn generate_with_log_probs(
        &self,
        turns: &[Turn],
        wishes: LogProbWishes,
        is_awaited: impl Fn() -> bool,
    ) -> Result<AnswerWithLogProbs, MindError> {
        let prompt = self.prompt(turns, wishes.max_tokens)?;
        let mut answer = AnswerWithLogProbs::default();
        let mut on_token = |id, logits: &[f32]| {
            answer.tokens.push(self.base.token(id).unwrap_or_default());
            answer.likeliest.push(self.likeliest(logits, wishes.top));
            if is_awaited() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let generated = generate_observed(
            &self.base,
            self.adapter.as_deref(),
            &prompt,
            wishes.max_tokens,
            &self.stop,
            Sampling::Greedy,
            &mut on_token,
        )?;
        answer.text = self.base.decode(&generated.ids)?;
        Ok(answer)
    }

    fn likeliest(&self, logits: &[f32], count: usize) -> BTreeMap<String, f64> {
        most_likely(logits, count)
            .into_iter()
            // A vocabulary may be wider than there are tokens.
            .filter_map(|found| Some((self.base.token(found.id)?, found.value)))
            .collect()
    }

    /// The ids of tokens that are written as the vocabulary has them; nothing where one is not in it, or where the tokenizer
    /// has one that the model does not.
    #[must_use]
    pub fn token_ids(&self, tokens: &[String]) -> Option<Vec<u32>> {
        let width = self.base.architecture().vocabulary;
        let known = |token: &String| self.base.token_id(token).filter(|id| (*id as usize) < width);
        tokens.iter().map(known).collect()
    }

    /// Whether this token ends an answer.
    #[must_use]
    pub fn is_end(&self, id: u32) -> bool {
        self.stop.contains(&id)
    }

    /// The text of tokens.
    ///
    /// # Errors
    /// [`MindError::Model`].
    pub fn text(&self, ids: &[u32]) -> Result<String, MindError> {
        Ok(self.base.decode(ids)?)
    }

    /// Whether an answer of so many tokens to this fits the model.
    ///
    /// # Errors
    /// [`MindError::Model`], when the tokenizer fails.
    pub fn has_room(&self, turns: &[Turn], tokens: usize) -> Result<bool, MindError> {
        let prompt = self.base.encode(&chat_format(turns))?;
        Ok(prompt.len() + tokens <= self.base.max_context())
    }

    /// What it expects at these places of an answer, counted from 0: with `answer.len()` as a place, also behind the end. All
    /// of it costs one pass over conversation and answer, on this thread.
    ///
    /// # Errors
    /// [`MindError`], when conversation and answer are longer than it reads, or a place is outside of the answer.
    pub fn expected(
        &self,
        turns: &[Turn],
        answer: &[u32],
        places: &[usize],
        top: usize,
    ) -> Result<Vec<Expected>, MindError> {
        let mut ids = self.prompt(turns, 1)?;
        let before = ids.len();
        ids.extend_from_slice(answer);
        // What is expected at a token stands behind the one before it.
        let rows: Vec<usize> = places.iter().map(|place| before + place - 1).collect();
        let logits = self.base.logits_at(self.adapter.as_deref(), &ids, &rows)?;
        let vocabulary = self.base.architecture().vocabulary;
        let expected = places
            .iter()
            .zip(logits.chunks_exact(vocabulary))
            .map(|(place, logits)| {
                let of = |id: u32| log_probability(logits, id).unwrap_or(f64::NEG_INFINITY);
                let said = match answer.get(*place) {
                    Some(id) => of(*id),
                    None => self
                        .stop
                        .iter()
                        .map(|id| of(*id))
                        .fold(f64::NEG_INFINITY, f64::max),
                };
                Expected {
                    likeliest: self.likeliest(logits, top),
                    best: most_likely(logits, 1)
                        .first()
                        .map_or(f64::NEG_INFINITY, |best| best.value),
                    said,
                }
            });
        Ok(expected.collect())
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

    fn tells_log_probs(&self) -> bool {
        true
    }

    fn answer_with_log_probs(
        &self,
        turns: &[Turn],
        wishes: LogProbWishes,
    ) -> BoxFuture<'static, Result<AnswerWithLogProbs, MindError>> {
        let (model, turns) = (self.clone(), turns.to_vec());
        async move {
            let place = model.places.clone().acquire_owned().await;
            let place = place.map_err(|_| MindError::Stopped)?;
            let (send, receive) = oneshot::channel();
            tokio::task::spawn_blocking(move || {
                let _place = place;
                let generated = catch_unwind(AssertUnwindSafe(|| {
                    model.generate_with_log_probs(&turns, wishes, || !send.is_closed())
                }));
                // Nobody hears it when whoever asked has gone.
                let _ = send.send(generated.unwrap_or(Err(MindError::Stopped)));
            });
            receive.await.unwrap_or(Err(MindError::Stopped))
        }
        .boxed()
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
