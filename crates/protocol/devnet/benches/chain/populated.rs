//! A subnet full of neurons, made by real registrations.

use crate::{
    node::{Node, hexed, storage_key},
    transaction::{Signing, public},
};
use codec::{Compact, Encode};
use serde_json::json;
use sp_core::{DeriveJunction, Pair, sr25519};
use std::sync::LazyLock;

/// The subnet that every devnet has besides root.
pub(crate) const NETUID: u16 = 1;

/// Registrations of one transaction: some thousand would fill a block.
const BATCH: usize = 128;

/// The hotkey of a uid; uid 0 is the genesis' own neuron.
pub(crate) fn neuron(uid: u16) -> sr25519::Pair {
    // Each pair from its phrase would take more of the benchmark's time than what it measures.
    static ALL: LazyLock<sr25519::Pair> =
        LazyLock::new(|| sr25519::Pair::from_string("//neuron", None).unwrap());
    ALL.derive([DeriveJunction::hard(uid)].into_iter(), None)
        .unwrap()
        .0
}

/// Registers hotkeys until the subnet has `neurons`, and lets all of them set weights whenever they like.
pub(crate) async fn populate(node: &Node, neurons: u16) {
    let alice = crate::transaction::pair("Alice");
    let signing = Signing::of(node).await;
    let mut nonce = node
        .ask("account_nextIndex", json!([hexed(&public("Alice"))]))
        .await
        .as_u64()
        .and_then(|nonce| u32::try_from(nonce).ok())
        .unwrap();
    let mut send = async |call: Vec<u8>| {
        node.submit(&signing.sign(&alice, nonce, &call)).await;
        nonce += 1;
        node.devnet.produce(1).await.unwrap();
    };
    // Beyond the setters' bounds: the original chain's root could write it just so.
    send(sudo_set_storage(&[
        (item("MaxAllowedUids"), neurons.encode()),
        (item("MaxBurn"), 500_000u64.encode()),
        (item("Burn"), 500_000u64.encode()),
    ]))
    .await;
    let hotkeys: Vec<[u8; 32]> = (1..neurons).map(|uid| neuron(uid).public().0).collect();
    for hotkeys in hotkeys.chunks(BATCH) {
        let mut batch = vec![11, 2];
        Compact(u32::try_from(hotkeys.len()).unwrap()).encode_to(&mut batch);
        for hotkey in hotkeys {
            batch.extend([7, 7]);
            (NETUID, hotkey).encode_to(&mut batch);
        }
        send(batch).await;
    }
    send(sudo_set_storage(&[
        (item("ValidatorPermit"), vec![true; usize::from(neurons)].encode()),
        (item("WeightsSetRateLimit"), 0u64.encode()),
        (item("CommitRevealWeightsEnabled"), false.encode()),
    ]))
    .await;
    let registered = node
        .ask("state_getStorage", json!([hexed(&item("SubnetworkN"))]))
        .await;
    assert_eq!(
        registered,
        json!(hexed(&neurons.encode())),
        "not all were registered"
    );
}

/// A storage item of the subnet.
fn item(name: &str) -> Vec<u8> {
    [storage_key("SubtensorModule", name), NETUID.encode()].concat()
}

fn sudo_set_storage(items: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut call = vec![12, 0, 0, 4];
    items.encode_to(&mut call);
    call
}
