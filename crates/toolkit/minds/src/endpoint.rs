//! A model behind an endpoint that speaks as OpenAI's does.

use crate::{AnswerWithLogProbs, LogProbWishes, Mind, MindError, Wishes, log_probs::spelled};
use assay_organic::synth::Turn;
use futures::{
    FutureExt, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a whole answer, and of one of its lines. A model that says more has gone astray.
const MOST_BYTES: usize = 1024 * 1024;
/// Bytes of an answer whose tokens are all accounted for: each of them some twenty times over, with its bytes spelled out.
const MOST_ACCOUNTED_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of a refusal that are read.
const MOST_REFUSAL: usize = 4 * 1024;
/// Letters of a refusal's code. Those that are known are shorter; what is longer is a sentence or a secret.
const LONGEST_CODE: usize = 40;

/// A model behind `POST …/chat/completions`.
#[derive(Clone)]
pub struct Endpoint {
    client: reqwest::Client,
    url: String,
    model: String,
    key: Option<SecretString>,
    /// What it does when the question does not say.
    temperature: Option<f64>,
    /// Conversations at one time.
    places: Arc<Semaphore>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("url", &self.url)
            .field("model", &self.model)
            .field("temperature", &self.temperature)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

/// A whole answer, with the log-probabilities that were asked for.
#[derive(Deserialize)]
struct Completion {
    choices: Vec<CompletionChoice>,
}

#[derive(Deserialize)]
struct CompletionChoice {
    message: Delta,
    #[serde(default)]
    logprobs: Option<LogProbs>,
}

#[derive(Deserialize)]
struct LogProbs {
    #[serde(default)]
    content: Option<Vec<TokenLogProb>>,
}

#[derive(Deserialize)]
struct TokenLogProb {
    token: String,
    logprob: f64,
    /// What the token is, where its text does not tell.
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    #[serde(default)]
    top_logprobs: Vec<TokenLogProb>,
}

impl TokenLogProb {
    fn spelled(&self) -> String {
        match &self.bytes {
            Some(bytes) if !bytes.is_empty() => spelled(bytes),
            _ => spelled(self.token.as_bytes()),
        }
    }
}

impl Endpoint {
    /// The model `model` of the API at `base`, such as `http://127.0.0.1:8000/v1`. An answer may take `time`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        base: &str,
        model: impl Into<String>,
        key: Option<SecretString>,
        time: Duration,
    ) -> Result<Self, MindError> {
        // Another part of the process may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(time)
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Self {
            client,
            url: format!("{}/chat/completions", base.trim_end_matches('/')),
            model: model.into(),
            key,
            temperature: None,
            places: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        })
    }

    /// Wants this temperature, whatever the question says.
    #[must_use]
    pub fn at_temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Is asked at most so many conversations at one time; the others wait.
    #[must_use]
    pub fn at_once(mut self, conversations: usize) -> Self {
        self.places = Arc::new(Semaphore::new(conversations.clamp(1, Semaphore::MAX_PERMITS)));
        self
    }

    async fn open(self, turns: Vec<Turn>, wishes: Wishes) -> Result<Events, MindError> {
        let mut body = json!({
            "model": self.model,
            "messages": turns,
            "stream": true,
        });
        if let Some(most) = wishes.max_tokens {
            body["max_tokens"] = most.into();
        }
        if let Some(temperature) = self.temperature.or(wishes.temperature) {
            body["temperature"] = temperature.into();
        }
        if let Some(seed) = wishes.seed {
            body["seed"] = seed.into();
        }
        let (place, response) = self.post(&body).await?;
        Ok(Events {
            _place: place,
            response,
            line: Vec::new(),
            ready: VecDeque::new(),
            left: MOST_BYTES,
            done: false,
        })
    }

    /// Asks when there is a place, and looks whether the answer is none.
    async fn post(
        &self,
        body: &serde_json::Value,
    ) -> Result<(OwnedSemaphorePermit, reqwest::Response), MindError> {
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|_| MindError::Stopped)?;
        let mut request = self.client.post(&self.url).json(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        if !status.is_success() {
            let mut said = Vec::new();
            while let (Ok(Some(chunk)), true) = (response.chunk().await, said.len() < MOST_REFUSAL) {
                said.extend_from_slice(&chunk);
            }
            let why = code(&said).map_or_else(String::new, |code| format!(" ({code})"));
            return Err(broken(format!("it answers {status}{why}")));
        }
        Ok((place, response))
    }

    async fn accounted(
        self,
        turns: Vec<Turn>,
        wishes: LogProbWishes,
    ) -> Result<AnswerWithLogProbs, MindError> {
        let body = json!({
            "model": self.model,
            "messages": turns,
            "max_tokens": wishes.max_tokens,
            "temperature": 0,
            "logprobs": true,
            "top_logprobs": wishes.top,
        });
        let (_place, mut response) = self.post(&body).await?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if answer.len() + chunk.len() > MOST_ACCOUNTED_BYTES {
                return Err(broken(format!(
                    "its answer is longer than {MOST_ACCOUNTED_BYTES} bytes"
                )));
            }
            answer.extend_from_slice(&chunk);
        }
        let answer: Completion =
            serde_json::from_slice(&answer).map_err(|_| broken("its answer is no completion"))?;
        let choice = answer.choices.into_iter().next();
        let choice = choice.ok_or_else(|| broken("its answer has no choice"))?;
        let accounted = choice.logprobs.and_then(|logprobs| logprobs.content);
        let accounted = accounted.ok_or(MindError::NoLogProbs)?;
        // Some list the end of the answer too, as a token without text.
        let tokens = accounted.iter().filter(|token| !token.spelled().is_empty());
        Ok(AnswerWithLogProbs {
            text: choice.message.content.unwrap_or_default(),
            tokens: tokens.clone().map(TokenLogProb::spelled).collect(),
            likeliest: tokens
                .map(|token| {
                    let top = token.top_logprobs.iter();
                    top.map(|token| (token.spelled(), token.logprob)).collect()
                })
                .collect(),
        })
    }
}

/// The events of an answer.
struct Events {
    _place: OwnedSemaphorePermit,
    response: reqwest::Response,
    /// Bytes of a line whose end has not come.
    line: Vec<u8>,
    ready: VecDeque<String>,
    left: usize,
    done: bool,
}

impl Events {
    async fn next(&mut self) -> Result<Option<String>, MindError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if self.done {
                return Ok(None);
            }
            match self.response.chunk().await.map_err(|error| failed(&error))? {
                Some(chunk) => {
                    self.left = self
                        .left
                        .checked_sub(chunk.len())
                        .ok_or_else(|| broken(format!("its answer is longer than {MOST_BYTES} bytes")))?;
                    self.take(&chunk)?;
                }
                None => {
                    return Err(broken("its answer broke off before its end"));
                }
            }
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), MindError> {
        for &byte in chunk {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let Some(data) = line.trim().strip_prefix("data:") else {
                continue;
            };
            if data.trim() == "[DONE]" {
                self.done = true;
                return Ok(());
            }
            let event: Event =
                serde_json::from_str(data.trim()).map_err(|_| broken("an event of its answer is no JSON"))?;
            if event.error.is_some() {
                return Err(broken("it failed in the middle of its answer"));
            }
            let pieces = event
                .choices
                .into_iter()
                .filter_map(|choice| choice.delta.content);
            self.ready.extend(pieces.filter(|piece| !piece.is_empty()));
        }
        Ok(())
    }
}

impl Mind for Endpoint {
    fn answer(&self, turns: &[Turn], wishes: Wishes) -> BoxStream<'static, Result<String, MindError>> {
        let opened = self.clone().open(turns.to_vec(), wishes);
        stream::once(opened)
            .map_ok(|events| {
                stream::try_unfold(events, |mut events| async move {
                    let piece = events.next().await?;
                    Ok::<_, MindError>(piece.map(|piece| (piece, events)))
                })
            })
            .try_flatten()
            .boxed()
    }

    fn tells_log_probs(&self) -> bool {
        true
    }

    fn answer_with_log_probs(
        &self,
        turns: &[Turn],
        wishes: LogProbWishes,
    ) -> BoxFuture<'static, Result<AnswerWithLogProbs, MindError>> {
        self.clone().accounted(turns.to_vec(), wishes).boxed()
    }
}

/// An answer that cannot be used.
fn broken(reason: impl Into<String>) -> MindError {
    MindError::Endpoint {
        reason: reason.into(),
    }
}

/// The code of a refusal in OpenAI's shape. Its message may repeat the key or what was said, so nothing else of it is told.
fn code(refusal: &[u8]) -> Option<String> {
    let refusal: serde_json::Value = serde_json::from_slice(refusal).ok()?;
    let error = refusal.get("error")?;
    let code = error.get("code").and_then(serde_json::Value::as_str);
    let code = code.or_else(|| error.get("type")?.as_str())?;
    let is_name = |character: char| character.is_ascii_lowercase() || character == '_';
    (code.len() <= LONGEST_CODE && code.chars().all(is_name)).then(|| code.to_owned())
}

fn failed(error: &reqwest::Error) -> MindError {
    let reason = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    broken(reason)
}
