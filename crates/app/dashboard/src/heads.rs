//! The server-sent events of pages that ask for themselves anew when there is something newer: `hello` with the page's
//! version, `head` with what is the newest now, `beat` in between.

use crate::live::{LONGEST, beats, hello, too_many};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Tells of each head that `told` has words for, and of none sooner than `pause` after the last.
pub(crate) fn stream<T: Send + Sync + 'static>(
    mut heads: watch::Receiver<T>,
    pause: Duration,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
    told: impl Fn(&T) -> Option<String> + Send + 'static,
) -> Response {
    let Ok(permit) = streams.try_acquire_owned() else {
        return too_many();
    };
    let events = async_stream::stream! {
        let _permit = permit;
        yield Ok::<_, Infallible>(hello());
        let mut beat = beats();
        let end = tokio::time::sleep(LONGEST);
        tokio::pin!(end);
        loop {
            tokio::select! {
                changed = heads.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let newest = told(&heads.borrow_and_update());
                    if let Some(head) = newest {
                        yield Ok(Event::default().event("head").data(head));
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stop.cancelled() => break,
                    }
                }
                _ = beat.tick() => yield Ok(Event::default().event("beat").data("")),
                () = stop.cancelled() => break,
                () = &mut end => break,
            }
        }
    };
    Sse::new(events).into_response()
}
