//! What an axon tells of each request when it is over, to whoever counts.
//!
//! A request is over when its answer's last byte has been handed to the connection, or the answer was dropped before that.
//! What never becomes a request, such as a head that is no HTTP, is not told.

use super::answer::{Broken, Outgoing};
use crate::Dialect;
use assay_keys::AccountId;
use bytes::Bytes;
use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// Hears of requests that are over.
///
/// It is called on the thread that answers, for each request: it must not wait, neither for a disk nor for anybody who
/// holds a lock for long. A panic in it is caught and costs nothing but what it was told.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A request is over.
    fn finished(&self, request: &FinishedRequest<'_>);
}

/// A request that is over. It shows nothing of what was asked or answered.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRequest<'a> {
    /// The route; nothing where the axon has none of that name, for strangers choose what they ask for.
    pub route: Option<&'a str>,
    /// The caller's hotkey, once its signature held, whether or not the request was refused after that.
    pub caller: Option<AccountId>,
    /// The dialect; nothing where it is none or several.
    pub dialect: Option<Dialect>,
    /// The answer's status of HTTP.
    pub status: u16,
    /// Why it was refused ([`Refusal::kind`](super::Refusal::kind)), or [`CUT_OFF`].
    pub refusal: Option<&'static str>,
    /// Bytes of the body, if it was taken whole.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub answer_bytes: u64,
    /// From the request's head to the end.
    pub took: Duration,
}

/// What [`FinishedRequest::refusal`] says of an answer that did not come to its end: it failed, or the caller has gone.
pub const CUT_OFF: &str = "cut_off";

/// What is known of a request so far.
#[derive(Debug)]
pub(super) struct Sight<'a> {
    pub(super) route: Option<&'a str>,
    pub(super) caller: Option<AccountId>,
    pub(super) dialect: Option<Dialect>,
    pub(super) refusal: Option<&'static str>,
    pub(super) request_bytes: u64,
    began: Instant,
}

impl Sight<'_> {
    pub(super) fn new(dialect: Option<Dialect>) -> Self {
        Self {
            route: None,
            caller: None,
            dialect,
            refusal: None,
            request_bytes: 0,
            began: Instant::now(),
        }
    }

    /// The answer, which tells the observers when it is over.
    pub(super) fn watched(
        self,
        response: Response<Outgoing>,
        observers: &Arc<[Arc<dyn Observer>]>,
    ) -> Response<Watched> {
        let status = response.status().as_u16();
        response.map(|inner| Watched {
            inner,
            // A route's name may not outlive the axon, which ends while the connection is still being written.
            end: (!observers.is_empty()).then(|| End {
                observers: Arc::clone(observers),
                route: self.route.map(Into::into),
                caller: self.caller,
                dialect: self.dialect,
                status,
                refusal: self.refusal,
                request_bytes: self.request_bytes,
                answer_bytes: 0,
                is_whole: false,
                began: self.began,
            }),
        })
    }
}

/// An answer's body that is watched to its end.
#[derive(Debug)]
pub(super) struct Watched {
    inner: Outgoing,
    end: Option<End>,
}

#[derive(Debug)]
struct End {
    observers: Arc<[Arc<dyn Observer>]>,
    route: Option<Box<str>>,
    caller: Option<AccountId>,
    dialect: Option<Dialect>,
    status: u16,
    refusal: Option<&'static str>,
    request_bytes: u64,
    answer_bytes: u64,
    is_whole: bool,
    began: Instant,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        let has_ended = self.inner.is_end_stream();
        if let Some(end) = &mut self.end {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    end.answer_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                    end.is_whole = has_ended;
                }
                Poll::Ready(None) => end.is_whole = true,
                Poll::Ready(Some(Err(Broken))) | Poll::Pending => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(end) = self.end.take() else { return };
        let is_whole = end.is_whole || self.inner.is_end_stream();
        let finished = FinishedRequest {
            route: end.route.as_deref(),
            caller: end.caller,
            dialect: end.dialect,
            status: end.status,
            refusal: end.refusal.or((!is_whole).then_some(CUT_OFF)),
            request_bytes: end.request_bytes,
            answer_bytes: end.answer_bytes,
            took: end.began.elapsed(),
        };
        for observer in end.observers.iter() {
            // One that panics while a connection unwinds would end the process.
            if catch_unwind(AssertUnwindSafe(|| observer.finished(&finished))).is_err() {
                tracing::error!("an axon's observer panicked");
            }
        }
    }
}
