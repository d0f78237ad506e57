//! `chainHead_v1_*`: one subscription that follows the chain, and operations whose results arrive on it.
//!
//! Blocks are never unpinned: states stay readable for as long as the chain keeps them, so `unpin` has nothing to do.
//! After the chain has been replaced by a snapshot a follower hears `stop` and must begin anew. What a follower hears
//! is in [`super::follow`].

use super::{
    Arguments, Methods, Node, RpcError,
    follow::Follower,
    node::in_hex,
    state::{Room, value},
    subscriptions::Names,
};
use crate::{StoreError, executor, store::State};
use codec::Encode;
use jsonrpsee::{
    PendingSubscriptionSink, ResponsePayload,
    types::{ErrorObject, ErrorObjectOwned, SubscriptionId},
};
use node_subtensor_runtime::Header;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sp_state_machine::{Backend, IterArgs};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

const FOLLOW: Names = Names {
    subscribe: "chainHead_v1_follow",
    notification: "chainHead_v1_followEvent",
    unsubscribe: "chainHead_v1_unfollow",
    aliases: &[],
};

/// The code for a block that the follower cannot ask about.
const INVALID_BLOCK: i32 = -32801;

/// Results that wait for one follower. An operation waits when there are more.
const WAITING_EVENTS: usize = 64;

/// Entries of one storage event.
const ITEMS_AN_EVENT: usize = 1000;

/// Operations of one follower at one time. Each may hold as much as the longest answer until the follower has read it.
const OPERATIONS: usize = 16;

/// Queries of one storage operation.
const MAX_QUERIES: usize = 1_000;

/// Where the events of a follower's operations go.
#[derive(Clone, Debug)]
struct Place {
    events: mpsc::Sender<Value>,
    operations: Arc<Semaphore>,
}

/// The followers by the ids of their subscriptions.
#[derive(Clone, Debug, Default)]
pub(super) struct Followers {
    places: Arc<Mutex<HashMap<String, Place>>>,
    operations: Arc<AtomicU64>,
}

/// A follower's place, which is given up when this is dropped.
struct Following {
    followers: Followers,
    id: String,
}

impl Followers {
    fn add(&self, id: String, events: mpsc::Sender<Value>) -> Following {
        let operations = Arc::new(Semaphore::new(OPERATIONS));
        self.places
            .lock()
            .insert(id.clone(), Place { events, operations });
        Following {
            followers: self.clone(),
            id,
        }
    }

    /// Where the events of one more operation go; none when nobody follows under that id, or too many operations are
    /// under way.
    fn begin(&self, id: &str) -> Option<(mpsc::Sender<Value>, OwnedSemaphorePermit)> {
        let place = self.places.lock().get(id).cloned()?;
        let permit = place.operations.try_acquire_owned().ok()?;
        Some((place.events, permit))
    }

    fn next_operation(&self) -> String {
        self.operations.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.followers.places.lock().remove(&self.id);
    }
}

pub(super) fn register(methods: &mut Methods) {
    methods.subscription(FOLLOW, &["withRuntime"], follow);
    methods.quick(
        "chainHead_v1_header",
        &["followSubscription", "hash"],
        |node, arguments| {
            let hash = arguments
                .hash(1)?
                .ok_or_else(|| arguments.refuse(1, "a block hash"))?;
            Ok(node.chain.header(&hash)?.map(|header| in_hex(header.encode())))
        },
    );
    methods.operation(
        "chainHead_v1_body",
        &["followSubscription", "hash"],
        |node, _, header, id| {
            let block = node.chain.block(&header.hash())?.ok_or(RpcError::UnknownBlock)?;
            let body: Vec<String> = block.extrinsics.iter().map(in_hex).collect();
            Ok(vec![
                json!({ "event": "operationBodyDone", "operationId": id, "value": body }),
            ])
        },
    );
    methods.operation(
        "chainHead_v1_call",
        &["followSubscription", "hash", "function", "callParameters"],
        |node, arguments, header, id| {
            let state = node.chain.state_of(header)?;
            let data = arguments.optional_bytes(3)?.unwrap_or_default();
            let output = in_hex(executor::call(&state, arguments.text(2)?, &data)?);
            Ok(vec![
                json!({ "event": "operationCallDone", "operationId": id, "output": output }),
            ])
        },
    );
    methods.operation(
        "chainHead_v1_storage",
        &["followSubscription", "hash", "items", "childTrie"],
        storage,
    );
    for name in ["chainHead_v1_continue", "chainHead_v1_stopOperation"] {
        methods.quick(name, &["followSubscription", "operationId"], |_, _| {
            Ok(Value::Null)
        });
    }
    methods.quick(
        "chainHead_v1_unpin",
        &["followSubscription", "hashOrHashes"],
        |_, _| Ok(Value::Null),
    );
}

/// What an operation does at a block, under an id: the events that it brings, the last of which ends it.
type RunOperation = fn(&Node, &Arguments, &Header, &str) -> Result<Vec<Value>, RpcError>;

impl Methods {
    /// A method that starts an operation: it answers with an id, and then its events go to the follower.
    fn operation(&mut self, name: &'static str, parameters: &'static [&'static str], run: RunOperation) {
        self.0
            .register_async_method(name, move |params, node: Arc<Node>, _| async move {
                match start(&node, Arguments::parse(params.as_str(), parameters)) {
                    Err(error) => ResponsePayload::error(error),
                    Ok(None) => ResponsePayload::success(json!({ "result": "limitReached" })),
                    Ok(Some(Start {
                        events,
                        permit,
                        arguments,
                        header,
                    })) => {
                        let id = node.followers.next_operation();
                        let started = json!({ "result": "started", "operationId": id, "discardedItems": 0 });
                        // No event of an operation may arrive before its id.
                        let (answer, answered) = ResponsePayload::success(started).notify_on_completion();
                        tokio::spawn(async move {
                            // Until the follower has taken the last event.
                            let _permit = permit;
                            if answered.await.is_err() {
                                return;
                            }
                            let failed = id.clone();
                            let results = node.read(move |node| run(node, &arguments, &header, &id)).await;
                            let results = results.unwrap_or_else(|error| {
                                let text = error.to_string();
                                vec![json!({ "event": "operationError", "operationId": failed, "error": text })]
                            });
                            for event in results {
                                if events.send(event).await.is_err() {
                                    return;
                                }
                            }
                        });
                        answer
                    }
                }
            })
            .expect(super::DISTINCT);
    }
}

/// What an operation needs.
struct Start {
    events: mpsc::Sender<Value>,
    permit: OwnedSemaphorePermit,
    arguments: Arguments,
    header: Header,
}

/// What an operation needs; `None` when it cannot begin, as [`Followers::begin`] says.
fn start(node: &Node, arguments: Result<Arguments, RpcError>) -> Result<Option<Start>, ErrorObjectOwned> {
    let arguments = arguments?;
    let Some((events, permit)) = node.followers.begin(arguments.text(0)?) else {
        return Ok(None);
    };
    let hash = arguments.hash(1)?;
    let header = match hash {
        Some(hash) => node.chain.header(&hash).map_err(RpcError::from)?,
        None => None,
    };
    let header = header.ok_or_else(|| ErrorObject::owned(INVALID_BLOCK, "Invalid block hash", None::<()>))?;
    Ok(Some(Start {
        events,
        permit,
        arguments,
        header,
    }))
}

async fn follow(arguments: Arguments, pending: PendingSubscriptionSink, node: Arc<Node>) {
    let id = match pending.subscription_id() {
        SubscriptionId::Num(number) => number.to_string(),
        SubscriptionId::Str(text) => text.into_owned(),
    };
    let (sender, operations) = mpsc::channel(WAITING_EVENTS);
    // Before the client knows the id, so that an operation that it sends at once finds the follower.
    let _following = node.followers.add(id, sender);
    let Ok(sink) = pending.accept().await else { return };
    let with_runtime = arguments.value(0) == Some(&Value::Bool(true));
    Follower::new(node, sink, with_runtime).run(operations).await;
}

fn storage(node: &Node, arguments: &Arguments, header: &Header, id: &str) -> Result<Vec<Value>, RpcError> {
    let state = node.chain.state_of(header)?;
    let queries = arguments
        .value(2)
        .and_then(Value::as_array)
        .filter(|queries| queries.len() <= MAX_QUERIES)
        .ok_or_else(|| arguments.refuse(2, "a list of at most 1000 queries"))?;
    let mut items = Items {
        items: Vec::new(),
        room: Room::of(node),
    };
    for query in queries {
        let key = query["key"].as_str().unwrap_or_default();
        let key =
            const_hex::decode(key).map_err(|_| arguments.refuse(2, "a list of queries with keys in hex"))?;
        match query["type"].as_str() {
            Some("value") => items.one(&state, &key, Form::Value)?,
            Some("hash") => items.one(&state, &key, Form::Hash)?,
            Some("descendantsValues") => items.below(&state, &key, Form::Value)?,
            Some("descendantsHashes") => items.below(&state, &key, Form::Hash)?,
            // No proofs are kept, so there is no such value to give.
            Some("closestDescendantMerkleValue") => {}
            _ => return Err(arguments.refuse(2, "a list of queries of known types")),
        }
    }
    let mut events: Vec<Value> = items
        .items
        .chunks(ITEMS_AN_EVENT)
        .map(|items| json!({ "event": "operationStorageItems", "operationId": id, "items": items }))
        .collect();
    events.push(json!({ "event": "operationStorageDone", "operationId": id }));
    Ok(events)
}

#[derive(Clone, Copy)]
enum Form {
    Value,
    Hash,
}

/// What a storage operation has found.
struct Items {
    items: Vec<Value>,
    room: Room,
}

impl Items {
    fn one(&mut self, state: &State, key: &[u8], form: Form) -> Result<(), RpcError> {
        let Some(value) = value(state, key)? else {
            return Ok(());
        };
        let (name, bytes) = match form {
            Form::Value => ("value", value),
            Form::Hash => ("hash", sp_crypto_hashing::blake2_256(&value).to_vec()),
        };
        self.room.take(key.len() + bytes.len())?;
        self.items
            .push(json!({ "key": in_hex(key), name: in_hex(bytes) }));
        Ok(())
    }

    fn below(&mut self, state: &State, prefix: &[u8], form: Form) -> Result<(), RpcError> {
        let damaged = |_| StoreError::Damaged { what: "trie node" };
        let mut arguments = IterArgs::default();
        arguments.prefix = Some(prefix);
        for key in state.keys(arguments).map_err(damaged)? {
            self.one(state, &key.map_err(damaged)?, form)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_has_so_many_operations_at_one_time_and_none_when_it_has_left() {
        let followers = Followers::default();
        let (events, _receiver) = mpsc::channel(WAITING_EVENTS);
        let following = followers.add("it".to_owned(), events);
        let mut under_way: Vec<_> = (0..OPERATIONS)
            .map(|_| followers.begin("it").expect("there is room"))
            .collect();
        assert!(followers.begin("it").is_none(), "one too many");
        under_way.pop();
        assert!(followers.begin("it").is_some());
        drop(following);
        assert!(followers.begin("it").is_none(), "it has left");
    }
}
