//! New blocks as they come.

use crate::{BlockRef, ChainError};
use futures::Stream;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// A stream of new blocks, oldest first, none skipped, starting with the newest at the time of the call. When no
/// block came for [`stale_after`](crate::ConnectOptions::stale_after) an item [`ChainError::Stale`] says so, and the
/// stream goes on; it never ends by itself.
pub struct BlockStream(Pin<Box<dyn Stream<Item = Result<BlockRef, ChainError>> + Send>>);

impl Stream for BlockStream {
    type Item = Result<BlockRef, ChainError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl std::fmt::Debug for BlockStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlockStream")
    }
}
