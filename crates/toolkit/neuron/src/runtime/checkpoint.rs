//! The scores on disk, again and again.

use super::context::Desk;
use crate::{ScoreBookError, TaskHandle, score_book::Page};
use assay_chain::Block;
use std::{convert::Infallible, io, sync::Arc, time::Duration};

/// Hotkeys that had no slot for so many blocks, a month of a public chain, are forgotten. Fewer, and who comes back after
/// a pause starts anew; more, and the book grows with everybody who ever passed by.
const FORGOTTEN_AFTER: u64 = 30 * 7_200;

/// Aligns the scores with the metagraph and writes them, whenever they have changed, until the shutdown. A disk that is
/// full is told and tried again: the scores go on in memory.
pub(super) async fn checkpoint(
    desk: Arc<Desk>,
    every: Duration,
    handle: TaskHandle,
) -> Result<(), Infallible> {
    let mut failing = false;
    let mut written = None;
    loop {
        let slept = handle.shutdown().unless_begun(tokio::time::sleep(every)).await;
        if slept.is_none() {
            return Ok(());
        }
        handle.alive();
        match write(&desk, &mut written).await {
            Ok(()) => failing = false,
            Err(error) if failing => tracing::debug!(%error, "the scores cannot be written"),
            Err(error) => {
                failing = true;
                tracing::error!(%error, hint = error.hint(), "the scores cannot be written; they go on in memory");
            }
        }
    }
}

/// Aligns the scores and writes them, unless these are what was written last.
pub(super) async fn write(desk: &Desk, last: &mut Option<Arc<Page>>) -> Result<(), ScoreBookError> {
    let page = {
        let mut book = desk.book();
        if let Some(metagraph) = desk.reader.latest() {
            let alignment = book.align(&metagraph);
            for hotkey in &alignment.departed {
                tracing::info!(%hotkey, "has lost its slot; its score is kept");
            }
            let block = metagraph.block.number;
            book.forget_unseen_since(Block(block.0.saturating_sub(FORGOTTEN_AFTER)));
        }
        book.page()?
    };
    if last.as_deref() == Some(&page) {
        return Ok(());
    }
    let page = Arc::new(page);
    let writing = Arc::clone(&page);
    let written = tokio::task::spawn_blocking(move || writing.write()).await;
    written.unwrap_or_else(|panic| Err(ScoreBookError::File(io::Error::other(panic))))?;
    *last = Some(page);
    Ok(())
}
