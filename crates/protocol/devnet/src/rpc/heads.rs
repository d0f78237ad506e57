//! Following the chain without missing a block.
//!
//! A follower is told only *that* the head moved, and reads the headers in between by number: it holds nothing but the
//! last header it handed out, however far it is behind. When another branch has become the best meanwhile, it finds
//! that its last header is no longer on it.

use super::Node;
use crate::chain::{Chain, Head};
use jsonrpsee::SubscriptionSink;
use node_subtensor_runtime::Header;
use sp_core::H256;
use std::sync::Arc;
use tokio::sync::watch;

/// Which blocks a follower hears of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that became the best. When another branch takes over, that is its tip; the blocks below the tip never
    /// were the best, and a follower finds them by their parents, as on a real node.
    Best,
    /// All, those below the tip of another branch too.
    All,
    /// Those that became final.
    Finalized,
}

/// The current header, then that of every later block in order. After the chain has been replaced by a snapshot it goes
/// on from the new head.
pub(super) struct Heads {
    chain: Arc<Chain>,
    heads: watch::Receiver<Arc<Head>>,
    which: Which,
    /// The head last seen.
    head: Option<Arc<Head>>,
    /// The block handed out last.
    last: Option<(u32, H256)>,
}

impl Heads {
    pub(super) fn new(node: &Node, which: Which) -> Self {
        let mut heads = node.chain.heads();
        heads.mark_changed();
        Self {
            chain: node.chain.clone(),
            heads,
            which,
            head: None,
            last: None,
        }
    }

    /// The next header; `None` when the subscriber has left or the node stops. May be dropped while it waits.
    pub(super) async fn next(&mut self, sink: &SubscriptionSink) -> Option<Header> {
        loop {
            if let Some(header) = self.following() {
                self.last = Some((header.number, header.hash()));
                return Some(header);
            }
            tokio::select! {
                () = sink.closed() => return None,
                changed = self.heads.changed() => changed.ok()?,
            }
            let head = self.heads.borrow_and_update().clone();
            if self
                .head
                .as_ref()
                .is_some_and(|seen| seen.generation != head.generation)
            {
                self.last = None;
            }
            self.head = Some(head);
        }
    }

    /// The header after the last one, up to the head last seen.
    fn following(&self) -> Option<Header> {
        let head = self.head.as_ref()?;
        let tip = match self.which {
            Which::Best | Which::All => (head.number, head.hash, &head.header),
            Which::Finalized => (head.finalized.number, head.finalized.hash, &head.finalized.header),
        };
        let Some(last) = self.last else {
            return Some(tip.2.clone());
        };
        if last.0 < tip.0
            && let Some(next) = self.header(last.0 + 1, &tip)
            && next.parent_hash == last.1
        {
            return Some(next);
        }
        let is_on_best = |(number, hash)| Some(self.chain.hash_at(number).ok()? == Some(hash));
        // While the head last seen, or the last block, contradicts the blocks, the head that explains it is to come.
        if self.which == Which::Finalized || !is_on_best((head.number, head.hash))? || is_on_best(last)? {
            return None;
        }
        self.header(self.resumes_at(last, head), &tip)
    }

    /// The first block to hand out after another branch has taken the place of the last one.
    fn resumes_at(&self, last: (u32, H256), head: &Head) -> u32 {
        if self.which == Which::All
            && let Some(common) = self.common_ancestor(last)
        {
            return common + 1;
        }
        head.switched_at
    }

    /// Number of the last block on the way back from `last` that is on the best branch; none when the blocks of that
    /// way have been forgotten.
    fn common_ancestor(&self, mut last: (u32, H256)) -> Option<u32> {
        while self.chain.hash_at(last.0).ok()? != Some(last.1) {
            let header = self.chain.header(&last.1).ok()??;
            last = (last.0.checked_sub(1)?, header.parent_hash);
        }
        Some(last.0)
    }

    /// A header of the best branch. One is missing only while the chain is being replaced, which the next head tells.
    fn header(&self, number: u32, tip: &(u32, H256, &Header)) -> Option<Header> {
        if number == tip.0 {
            return Some(tip.2.clone());
        }
        self.chain.header_at(number).ok()?
    }
}
