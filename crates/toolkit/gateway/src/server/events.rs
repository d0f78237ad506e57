//! An answer as server-sent events.

use super::chat::Heading;
use crate::{
    openai::{Chunk, ChunkChoice, Refusal, UsageObject},
    race::Event,
};
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use std::convert::Infallible;
use tokio::sync::mpsc;

/// Whether the last event has the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Included,
    LeftOut,
}

/// Writes the events of a race that has begun. An answer that is not whole ends with an error and without `[DONE]`.
pub(super) fn written(
    mut events: mpsc::UnboundedReceiver<Event>,
    heading: Heading,
    usage: Usage,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    async_stream::stream! {
        yield Ok(heading.chunk(vec![ChunkChoice::role()], usage));
        loop {
            match events.recv().await {
                // The one who began is in the headers.
                Some(Event::Began(_)) => {}
                Some(Event::Text(text)) => yield Ok(heading.chunk(vec![ChunkChoice::text(&text)], usage)),
                Some(Event::Finished(finish, tokens)) => {
                    yield Ok(heading.chunk(vec![ChunkChoice::end(finish)], usage));
                    if usage == Usage::Included {
                        yield Ok(event(&heading.object(Vec::new(), Some(Some(tokens.into())))));
                    }
                    yield Ok(Bytes::from_static(b"data: [DONE]\n\n"));
                    break;
                }
                Some(Event::Failed(refusal)) => {
                    yield Ok(event(&refusal.body()));
                    break;
                }
                None => {
                    yield Ok(event(&Refusal::Defect.body()));
                    break;
                }
            }
        }
    }
}

impl Heading {
    fn chunk(&self, choices: Vec<ChunkChoice<'_>>, usage: Usage) -> Bytes {
        event(&self.object(choices, (usage == Usage::Included).then_some(None)))
    }

    fn object<'a>(&'a self, choices: Vec<ChunkChoice<'a>>, usage: Option<Option<UsageObject>>) -> Chunk<'a> {
        Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices,
            usage,
        }
    }
}

/// One event. JSON has no line breaks, so it is one line.
fn event(data: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(data).unwrap_or_else(|_| Refusal::Defect.body().to_string());
    Bytes::from(format!("data: {json}\n\n"))
}
