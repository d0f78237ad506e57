//! What a follower of `chainHead_v1` hears: every block as new, which is the best, which are final, and which have been
//! left behind.
//!
//! As with [`super::heads`], a follower is told only that something changed and reads the blocks between by number. It
//! holds the hashes of the blocks that it announced and that are not final.

use super::{Node, node::Version, subscriptions::send};
use crate::chain::Head;
use jsonrpsee::SubscriptionSink;
use node_subtensor_runtime::Header;
use serde_json::{Value, json};
use sp_core::H256;
use std::{collections::HashSet, ops::ControlFlow, sync::Arc};
use tokio::sync::{mpsc, watch};

/// A block that was announced and is not final.
struct Announced {
    number: u32,
    hash: H256,
    parent: H256,
}

pub(super) struct Follower {
    node: Arc<Node>,
    sink: SubscriptionSink,
    heads: watch::Receiver<Arc<Head>>,
    with_runtime: bool,
    generation: u64,
    announced: Vec<Announced>,
    best: (u32, H256),
    finalized: (u32, H256),
    /// The runtime after the best block.
    version: Option<Arc<Version>>,
}

/// Why a follower hears nothing more.
enum End {
    /// It has left, or the node stops.
    Gone,
    /// What it knows is no longer part of the chain.
    Stop,
}

type Outcome<T = ()> = Result<T, End>;

impl Follower {
    pub(super) fn new(node: Arc<Node>, sink: SubscriptionSink, with_runtime: bool) -> Self {
        let mut heads = node.chain.heads();
        let head = heads.borrow_and_update().clone();
        let finalized = (head.finalized.number, head.finalized.hash);
        heads.mark_changed();
        Self {
            node,
            sink,
            heads,
            with_runtime,
            generation: head.generation,
            announced: Vec::new(),
            best: finalized,
            finalized,
            version: None,
        }
    }

    /// Tells everything, and the events of operations, until the end.
    pub(super) async fn run(mut self, mut operations: mpsc::Receiver<Value>) {
        let end = match self.begin().await {
            Ok(()) => loop {
                let outcome = tokio::select! {
                    () = self.sink.closed() => Err(End::Gone),
                    changed = self.heads.changed() => match changed {
                        Ok(()) => self.catch_up(&mut operations).await,
                        Err(_) => Err(End::Gone),
                    },
                    Some(event) = operations.recv() => self.tell(&event).await,
                };
                if let Err(end) = outcome {
                    break end;
                }
            },
            Err(end) => end,
        };
        if let End::Stop = end {
            // It may have left in the same moment.
            let _ = send(&self.sink, &json!({ "event": "stop" })).await;
        }
    }

    async fn begin(&mut self) -> Outcome {
        let (number, hash) = self.finalized;
        let mut event = json!({ "event": "initialized", "finalizedBlockHashes": [hash] });
        if self.with_runtime {
            let header = self.header_at(number)?;
            let version = self.version_of(header).await?;
            event["finalizedBlockRuntime"] = json!({ "type": "valid", "spec": version.spec });
            self.version = Some(version);
        }
        self.tell(&event).await
    }

    /// Tells what happened up to the newest head, and the results of operations in between.
    async fn catch_up(&mut self, operations: &mut mpsc::Receiver<Value>) -> Outcome {
        loop {
            let head = self.heads.borrow_and_update().clone();
            if head.generation != self.generation {
                return Err(End::Stop);
            }
            if !self.advance(&head).await? {
                return Ok(());
            }
            while let Ok(event) = operations.try_recv() {
                self.tell(&event).await?;
            }
        }
    }

    /// Tells one step. Returns whether there may be another.
    async fn advance(&mut self, head: &Head) -> Outcome<bool> {
        if self.best.0 < head.number
            && let Some(next) = self.node.chain.header_at(self.best.0 + 1).ok().flatten()
            && next.parent_hash == self.best.1
        {
            let number = next.number;
            self.announce(&next, head).await?;
            self.change_best(number, next.hash()).await?;
            self.finalize(head.finalized.number.min(number)).await?;
            return Ok(true);
        }
        let chain = &self.node.chain;
        let is_on_best = |(number, hash)| chain.hash_at(number).ok().flatten() == Some(hash);
        if is_on_best(self.best) || !is_on_best((head.number, head.hash)) {
            // Nothing new but finality; or the head that explains the difference is to come.
            let finalized = head.finalized.number.min(self.best.0);
            if is_on_best(self.best) {
                self.finalize(finalized).await?;
            }
            return Ok(false);
        }
        for header in self.branch(&head.header)? {
            self.announce(&header, head).await?;
        }
        self.change_best(head.number, head.hash).await?;
        self.finalize(head.finalized.number).await?;
        Ok(true)
    }

    /// The blocks up to `tip` that follow one that was announced.
    fn branch(&self, tip: &Header) -> Outcome<Vec<Header>> {
        let known: HashSet<H256> = self.announced.iter().map(|block| block.hash).collect();
        let mut branch = vec![tip.clone()];
        loop {
            let parent = branch[branch.len() - 1].parent_hash;
            if known.contains(&parent) || parent == self.finalized.1 {
                break;
            }
            let header = self.node.chain.header(&parent).ok().flatten();
            branch.push(header.ok_or(End::Stop)?);
        }
        branch.reverse();
        Ok(branch)
    }

    async fn announce(&mut self, header: &Header, head: &Head) -> Outcome {
        let hash = header.hash();
        let runtime = self.runtime_after(header, head).await?;
        self.announced.push(Announced {
            number: header.number,
            hash,
            parent: header.parent_hash,
        });
        self.tell(&json!({
            "event": "newBlock",
            "blockHash": hash,
            "parentBlockHash": header.parent_hash,
            "newRuntime": runtime,
        }))
        .await
    }

    async fn change_best(&mut self, number: u32, hash: H256) -> Outcome {
        self.best = (number, hash);
        self.tell(&json!({ "event": "bestBlockChanged", "bestBlockHash": hash }))
            .await
    }

    /// Tells that the best branch is final up to a number.
    async fn finalize(&mut self, number: u32) -> Outcome {
        if number <= self.finalized.0 {
            return Ok(());
        }
        let mut hashes = Vec::new();
        for number in self.finalized.0 + 1..=number {
            let hash = self.node.chain.hash_at(number).ok().flatten();
            hashes.push(hash.ok_or(End::Stop)?);
        }
        let on_the_way: HashSet<H256> = hashes.iter().copied().collect();
        let mut pruned = HashSet::new();
        for block in &self.announced {
            let is_old = block.number <= number;
            if pruned.contains(&block.parent) || (is_old && !on_the_way.contains(&block.hash)) {
                pruned.insert(block.hash);
            }
        }
        let gone: Vec<H256> = self
            .announced
            .iter()
            .map(|block| block.hash)
            .filter(|hash| pruned.contains(hash))
            .collect();
        self.announced
            .retain(|block| block.number > number && !pruned.contains(&block.hash));
        if let Some(last) = hashes.last() {
            self.finalized = (number, *last);
        }
        self.tell(&json!({
            "event": "finalized",
            "finalizedBlockHashes": hashes,
            "prunedBlockHashes": gone,
        }))
        .await
    }

    /// The runtime after a block when it is another than before it.
    async fn runtime_after(&mut self, header: &Header, head: &Head) -> Outcome<Value> {
        if !self.with_runtime {
            return Ok(Value::Null);
        }
        // Without an upgrade anywhere there is nothing to look up.
        if head.upgrades == 0 {
            return Ok(Value::Null);
        }
        let version = self.version_of(header.clone()).await?;
        if self.version.as_ref() == Some(&version) {
            return Ok(Value::Null);
        }
        let runtime = json!({ "type": "valid", "spec": version.spec });
        self.version = Some(version);
        Ok(runtime)
    }

    async fn version_of(&self, header: Header) -> Outcome<Arc<Version>> {
        let version = self.node.read(move |node| node.version(&header)).await;
        version.map_err(|_| End::Stop)
    }

    fn header_at(&self, number: u32) -> Outcome<Header> {
        let header = self.node.chain.header_at(number);
        header.ok().flatten().ok_or(End::Stop)
    }

    async fn tell(&self, event: &Value) -> Outcome {
        match send(&self.sink, event).await {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(End::Gone),
        }
    }
}
