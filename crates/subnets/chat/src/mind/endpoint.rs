//! A model behind an endpoint that speaks as OpenAI's does.

use super::{Mind, MindError, Wishes};
use assay_organic::synth::Turn;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::{collections::VecDeque, fmt, time::Duration};

/// Bytes of a whole answer, and of one of its lines. A model that says more has gone astray.
const MOST_BYTES: usize = 1024 * 1024;

/// A model behind `POST …/chat/completions`.
#[derive(Clone)]
pub struct Endpoint {
    client: reqwest::Client,
    url: String,
    model: String,
    key: Option<SecretString>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("url", &self.url)
            .field("model", &self.model)
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
        })
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
        if let Some(temperature) = wishes.temperature {
            body["temperature"] = temperature.into();
        }
        if let Some(seed) = wishes.seed {
            body["seed"] = seed.into();
        }
        let mut request = self.client.post(&self.url).json(&body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        if !status.is_success() {
            // Its words may repeat the conversation, or the key.
            return Err(MindError::Endpoint {
                reason: format!("it answers with status {}", status.as_u16()),
            });
        }
        Ok(Events {
            response,
            line: Vec::new(),
            ready: VecDeque::new(),
            left: MOST_BYTES,
            done: false,
        })
    }
}

/// The events of an answer.
struct Events {
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
                        .ok_or_else(|| MindError::Endpoint {
                            reason: format!("its answer is longer than {MOST_BYTES} bytes"),
                        })?;
                    self.take(&chunk)?;
                }
                None => {
                    return Err(MindError::Endpoint {
                        reason: "its answer broke off before its end".to_owned(),
                    });
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
            let event: Event = serde_json::from_str(data.trim()).map_err(|_| MindError::Endpoint {
                reason: "an event of its answer is no JSON".to_owned(),
            })?;
            if event.error.is_some() {
                return Err(MindError::Endpoint {
                    reason: "it failed in the middle of its answer".to_owned(),
                });
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
}

fn failed(error: &reqwest::Error) -> MindError {
    let reason = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    MindError::Endpoint {
        reason: reason.to_owned(),
    }
}
