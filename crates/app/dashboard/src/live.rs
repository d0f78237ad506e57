//! Server-sent events: what keeps an open page up to date.
//!
//! `hello` tells the version of the page, `page` carries the sections that changed as `{"id": "html"}`, `beat` says
//! that the connection lives, since a browser does not notice a half-dead one by itself. With `?format=json` the
//! stream carries `state` events instead, for programs.

use crate::assets::VERSION;
use crate::drawing::Drawing;
use crate::routes::Shared;
use crate::state::DashboardState;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// Streams at the same time. A browser holds one for each open page; far more of them is a fault, and each costs a
/// socket.
pub(crate) const MOST_STREAMS: usize = 64;
/// The page takes a connection for dead after three of these.
const BEAT: Duration = Duration::from_secs(5);
/// A stream ends after this and the page opens a new one, so that a forgotten socket is not held for ever.
pub(crate) const LONGEST: Duration = Duration::from_secs(3_600);
/// How soon a browser tries again.
const RETRY: Duration = Duration::from_secs(1);
/// The shortest time between two `state` events.
const STATE_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Html,
    Json,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    #[serde(default)]
    format: Format,
}

/// `GET /events`.
pub(crate) async fn events(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Response {
    let Ok(permit) = shared.streams.clone().try_acquire_owned() else {
        return too_many();
    };
    match parameters.format {
        Format::Html => Sse::new(pages(shared.drawing, shared.stop, permit)).into_response(),
        Format::Json => Sse::new(states(shared.state, shared.stop, permit)).into_response(),
    }
}

/// What a page is told that would be one more than [`MOST_STREAMS`].
pub(crate) fn too_many() -> Response {
    let retry = [(header::RETRY_AFTER, "10")];
    let text = "too many pages are open; close one, or try again later\n";
    (StatusCode::SERVICE_UNAVAILABLE, retry, text).into_response()
}

/// The first event of a stream: the page's version.
pub(crate) fn hello() -> Event {
    Event::default()
        .event("hello")
        .retry(RETRY)
        .data(format!("{VERSION:016x}"))
}

fn pages(
    mut drawing: watch::Receiver<Arc<Drawing>>,
    stop: CancellationToken,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let _permit = permit;
        yield Ok(hello());
        let mut sent: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut beat = beats();
        let end = tokio::time::sleep(LONGEST);
        tokio::pin!(end);
        let mut more = true;
        drawing.mark_changed();
        loop {
            tokio::select! {
                changed = drawing.changed(), if more => {
                    more = changed.is_ok();
                    let newest = Arc::clone(&drawing.borrow_and_update());
                    let mut changed: BTreeMap<&str, &str> = BTreeMap::new();
                    for section in &newest.sections {
                        if sent.insert(section.id, section.revision) != Some(section.revision) {
                            changed.insert(section.id, &section.html);
                        }
                    }
                    if !changed.is_empty() && let Ok(event) = Event::default().event("page").json_data(&changed) {
                        yield Ok(event);
                    }
                }
                _ = beat.tick() => yield Ok(Event::default().event("beat").data("")),
                () = stop.cancelled() => break,
                () = &mut end => break,
            }
        }
    }
}

fn states(
    mut state: watch::Receiver<DashboardState>,
    stop: CancellationToken,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let _permit = permit;
        yield Ok(hello());
        let mut beat = beats();
        let end = tokio::time::sleep(LONGEST);
        tokio::pin!(end);
        state.mark_changed();
        loop {
            tokio::select! {
                changed = state.changed() => {
                    let newest = state.borrow_and_update().clone();
                    if let Ok(event) = Event::default().event("state").json_data(&newest) {
                        yield Ok(event);
                    }
                    if changed.is_err() {
                        // Nothing will change any more, and a program wants to know.
                        break;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(STATE_PAUSE) => {}
                        () = stop.cancelled() => break,
                    }
                }
                _ = beat.tick() => yield Ok(Event::default().event("beat").data("")),
                () = stop.cancelled() => break,
                () = &mut end => break,
            }
        }
    }
}

/// When a beat is due.
pub(crate) fn beats() -> tokio::time::Interval {
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
