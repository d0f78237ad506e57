//! Several miners' streams as one.
//!
//! A task reads all of them at the same time and keeps what came; the user's stream only looks over its shoulder. So a
//! user that reads slowly makes no miner look slow, one that hangs up costs no miner its score, and one miner that ends
//! or dies ends nobody else's answer.

mod framing;
mod miner;
mod utf8;

pub use framing::Framing;
pub use miner::{FaultOutcome, MinerFault, MinerStream, ask_streaming};

use assay_axon::server::Parts;
use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use utf8::Utf8Pieces;

/// What one miner may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanInLimits {
    /// Time from the start to the end of its answer.
    pub time: Duration,
    /// Bytes of its answer, each piece counted as at least 64. All that come are held in memory until they are scored.
    pub bytes: usize,
}

impl Default for FanInLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            bytes: 1024 * 1024,
        }
    }
}

/// What a piece costs however short it is: otherwise a miner could send its answer byte by byte and fill the memory with
/// what is around each.
const PIECE_BYTES: usize = 64;

/// How a miner's answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ending")]
pub enum Ending {
    /// It is whole.
    Completed,
    /// It is not, and what came may be part of one.
    Failed {
        /// Why.
        #[serde(flatten)]
        fault: MinerFault,
    },
}

/// What one miner answered, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Whose.
    pub uid: u16,
    /// The pieces as they came.
    pub chunks: Vec<String>,
    /// When each came, from the start.
    pub timings: Vec<Duration>,
    /// How it ended.
    pub ending: Ending,
    /// When it ended, from the start.
    pub took: Duration,
}

impl Completion {
    /// Whether the answer is whole.
    #[must_use]
    pub const fn is_completed(&self) -> bool {
        matches!(self.ending, Ending::Completed)
    }

    /// All pieces together.
    #[must_use]
    pub fn text(&self) -> String {
        self.chunks.concat()
    }
}

/// The answers of all miners, once the last has ended.
#[derive(Debug)]
pub struct Completions(oneshot::Receiver<Vec<Completion>>);

impl Completions {
    /// Waits for the last miner to end, at most as long as each may take. Sorted by uid. Empty if the runtime ends
    /// before.
    pub async fn all(self) -> Vec<Completion> {
        self.0.await.unwrap_or_default()
    }
}

/// Merges the answers of several miners into one stream, which ends when **all** have ended, and collects them.
///
/// Must be called within a tokio runtime.
#[must_use]
pub fn fan_in(miners: Vec<MinerStream>, limits: FanInLimits, framing: Framing) -> (Parts, Completions) {
    // Bounded by what the miners may send: a user that does not read must not slow the collecting down.
    let (send, receive) = mpsc::unbounded_channel::<Bytes>();
    let (done, completions) = oneshot::channel();
    let began = Instant::now();
    tokio::spawn(async move {
        let mut reading: FuturesUnordered<_> = miners
            .into_iter()
            .map(|miner| collect(miner, limits, framing, began, &send))
            .collect();
        let mut all = Vec::new();
        while let Some(completion) = reading.next().await {
            all.push(completion);
        }
        all.sort_by_key(|completion| completion.uid);
        // Whoever wants to score them has gone.
        let _ = done.send(all);
    });
    let parts = futures::stream::unfold(receive, |mut receive| async {
        let part = receive.recv().await?;
        Some((Ok(part), receive))
    });
    (parts.boxed(), Completions(completions))
}

async fn collect(
    miner: MinerStream,
    limits: FanInLimits,
    framing: Framing,
    began: Instant,
    send: &mpsc::UnboundedSender<Bytes>,
) -> Completion {
    let MinerStream { uid, mut pieces } = miner;
    let mut completion = Completion {
        uid,
        chunks: Vec::new(),
        timings: Vec::new(),
        ending: Ending::Completed,
        took: Duration::ZERO,
    };
    let mut text = Utf8Pieces::default();
    let mut left = limits.bytes;
    let deadline = began + limits.time;
    let ending = loop {
        let piece = match timeout_at(deadline, pieces.next()).await {
            Err(_) => break MinerFault::late(limits.time).into(),
            Ok(None) if text.is_cut() => break MinerFault::not_text().into(),
            Ok(None) => break Ending::Completed,
            Ok(Some(Err(fault))) => break fault.into(),
            Ok(Some(Ok(piece))) => piece,
        };
        let Some(less) = left.checked_sub(piece.len().max(PIECE_BYTES)) else {
            break MinerFault::too_long(limits.bytes).into();
        };
        left = less;
        let Ok(chunk) = text.push(&piece) else {
            break MinerFault::not_text().into();
        };
        if chunk.is_empty() {
            continue;
        }
        // A user that has hung up takes no more of it; the miner is heard to its end all the same.
        let _ = send.send(framing.chunk(uid, &chunk));
        completion.chunks.push(chunk);
        completion.timings.push(began.elapsed());
    };
    completion.ending = ending;
    completion.took = began.elapsed();
    if let Some(end) = framing.end(uid, completion.is_completed()) {
        let _ = send.send(end);
    }
    completion
}
