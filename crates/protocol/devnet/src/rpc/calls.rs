//! Calls of one connection that read states and are under way, until their answers are out.
//!
//! The server starts a task for every request that it receives, and holds its answer until the connection has taken it.
//! Without this a client that asks for metadata ten thousand times and reads none of it fills the memory.

use jsonrpsee::{Extensions, MethodResponseFuture};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls of one connection at one time; others wait. Clients pipeline a few dozen. Fewer would make them wait for the
/// network between their calls; more only hold answers.
const CALLS: usize = 64;

/// The places of one connection.
#[derive(Clone, Debug)]
pub(super) struct Calls(Arc<Semaphore>);

/// The place of one call.
pub(super) struct Call(Option<OwnedSemaphorePermit>);

impl Calls {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(CALLS)))
    }

    /// Waits for a place on the connection that a request came on.
    pub(super) async fn begin(request: &Extensions) -> Call {
        match request.get::<Self>() {
            // It is never closed.
            Some(Self(places)) => Call(places.clone().acquire_owned().await.ok()),
            None => Call(None),
        }
    }
}

impl Call {
    /// Gives the place up when the answer has gone to the connection, or into the answer of a batch.
    pub(super) fn until(self, answered: MethodResponseFuture) {
        tokio::spawn(async move {
            let _place = self.0;
            let _ = answered.await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_connection_has_so_many_places_and_one_that_is_given_up_is_the_next_ones() {
        let (mut one, mut other) = (Extensions::new(), Extensions::new());
        one.insert(Calls::new());
        other.insert(Calls::new());
        let mut held = Vec::new();
        for _ in 0..CALLS {
            held.push(Calls::begin(&one).await);
        }
        assert!(Calls::begin(&one).now_or_never().is_none(), "one too many waits");
        assert!(Calls::begin(&other).now_or_never().is_some(), "others do not");
        held.pop();
        assert!(Calls::begin(&one).now_or_never().is_some());
    }
}
