//! Answers that come in pieces.

use super::{
    BadAnswer, Failure,
    transport::{Deadline, Turn, body_failure},
};
use crate::synapse::Terminal;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// An answer that comes piece by piece. It keeps its place among the requests under way until it is dropped.
///
/// Where one piece ends and the next begins means nothing, and a character may be cut in two.
#[derive(Debug)]
pub struct AnswerStream {
    pub(super) axon: Terminal,
    pub(super) body: Incoming,
    pub(super) left: usize,
    pub(super) limit: usize,
    pub(super) deadline: Deadline,
    pub(super) turn: Option<Turn>,
}

impl AnswerStream {
    /// What the axon says of itself. Nothing in it is proven.
    #[must_use]
    pub const fn axon(&self) -> &Terminal {
        &self.axon
    }

    /// The next piece; none after the last one or after a failure.
    ///
    /// A failure means that what came is not the whole answer: an end that was not announced is
    /// [`NoAnswer::Disconnected`](super::NoAnswer::Disconnected), never the end of the stream. An old axon whose own work
    /// broke announces the end all the same.
    pub async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        self.turn.as_ref()?;
        loop {
            let frame = match self.deadline.within(self.body.frame()).await {
                Err(late) => return self.end(late.into()),
                Ok(None) => {
                    self.turn = None;
                    return None;
                }
                Ok(Some(Err(error))) => return self.end(body_failure(&error)),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are no pieces.
            let Ok(piece) = frame.into_data() else { continue };
            let Some(left) = self.left.checked_sub(piece.len()) else {
                let limit = self.limit;
                return self.end(BadAnswer::TooLarge { limit }.into());
            };
            self.left = left;
            return Some(Ok(piece));
        }
    }

    fn end(&mut self, failure: Failure) -> Option<Result<Bytes, Failure>> {
        self.turn = None;
        Some(Err(failure))
    }
}
