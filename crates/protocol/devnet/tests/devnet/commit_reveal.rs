//! Timelocked weights on a chain with a beacon of its own, and pulses of the public one on a chain without.

use crate::{
    node::{Node, hexed, manual, storage_key},
    transaction::{Signing, address, pair, public},
};
use assay_devnet::{CommitReveal, DevnetConfig, Genesis};
use assay_timelock::{Beacon, EpochSchedule, OsRng, PublicKey, Round, WeightsPayload, encrypt};
use codec::{Decode, Encode};
use node_subtensor_runtime::{Runtime, RuntimeCall, pallets::subtensor::Call};
use serde_json::{Value, json};

/// What quicknet published in round 1000.
const ROUND_1000: &str =
    "0xb44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

/// The subnet that every chain begins with.
const NETUID: u16 = 1;

async fn with_own_beacon() -> Node {
    let genesis = Genesis {
        commit_reveal: CommitReveal::OwnBeacon,
        ..Genesis::default()
    };
    Node::start(DevnetConfig {
        genesis: Some(genesis),
        ..manual()
    })
    .await
}

/// A decoded value of the head's state.
async fn value<T: Decode>(node: &Node, key: &[u8]) -> Option<T> {
    let text = node.ask("state_getStorage", json!([hexed(key)])).await;
    let bytes = hex::decode(&text.as_str()?[2..]).unwrap();
    Some(T::decode(&mut &bytes[..]).unwrap())
}

/// The key of a subnet's item, whose map takes its keys as they are.
fn of_subnet(item: &str, more: &[u8]) -> Vec<u8> {
    let mut key = storage_key("SubtensorModule", item);
    NETUID.encode_to(&mut key);
    key.extend(more);
    key
}

async fn send(node: &Node, signer: &str, call: Call<Runtime>) {
    let signer = pair(signer);
    let nonce = node.ask("system_accountNextIndex", json!([ss58(&signer)])).await;
    let nonce = u32::try_from(nonce.as_u64().unwrap()).unwrap();
    let call = RuntimeCall::SubtensorModule(call).encode();
    let transaction = Signing::of(node).await.sign(&signer, nonce, &call);
    node.submit(&transaction).await;
}

fn ss58(pair: &sp_core::sr25519::Pair) -> String {
    use sp_core::{Pair, crypto::Ss58Codec};
    pair.public().to_ss58check()
}

/// The beacon as the node tells it.
async fn told_beacon(node: &Node) -> (Value, Beacon) {
    let told = node.ask("devnet_beacon", json!([])).await;
    let key = hex::decode(&told["publicKey"].as_str().unwrap()[2..]).unwrap();
    let beacon = Beacon {
        public_key: key.try_into().unwrap(),
        genesis_ms: told["genesisMs"].as_u64().unwrap(),
        period_ms: told["periodMs"].as_u64().unwrap(),
    };
    (told, beacon)
}

async fn time_ms(node: &Node) -> u64 {
    value(node, &storage_key("Timestamp", "Now")).await.unwrap()
}

/// A chain on which Alice and Bob mine on the subnet and have waited out the rate limit.
async fn with_two_neurons() -> Node {
    let node = with_own_beacon().await;
    for name in ["Alice", "Bob"] {
        let register = Call::burned_register {
            netuid: NETUID,
            hotkey: public(name).into(),
        };
        send(&node, name, register).await;
    }
    node.devnet.produce(110).await.unwrap();
    node
}

fn commit(ciphertext: Vec<u8>, round: Round) -> Call<Runtime> {
    Call::commit_timelocked_weights {
        netuid: NETUID,
        commit: ciphertext.try_into().unwrap(),
        reveal_round: round.0,
        commit_reveal_version: 4,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_the_chains_own_beacon_counts_in_the_epoch_in_which_it_is_due() {
    let node = with_two_neurons().await;
    let uid: u16 = {
        let mut key = of_subnet("Uids", &sp_crypto_hashing::blake2_128(&public("Alice")));
        key.extend(public("Alice"));
        value(&node, &key).await.unwrap()
    };
    let (told, beacon) = told_beacon(&node).await;
    assert_eq!(told["own"], true);
    assert_eq!(
        told["latestRound"], told["lastStoredRound"],
        "a pulse in every block"
    );

    let head = u64::from(node.devnet.head().0);
    let schedule = EpochSchedule {
        last_epoch_block: value(&node, &of_subnet("LastEpochBlock", &[])).await.unwrap(),
        pending_epoch_at: 0,
        blocks_since_last_step: value(&node, &of_subnet("BlocksSinceLastStep", &[]))
            .await
            .unwrap(),
        tempo: value(&node, &of_subnet("Tempo", &[])).await.unwrap(),
    };
    let due = schedule.reveal_block(head, 1).unwrap();
    // Published one block before, so that the epoch itself sees the row.
    let round = beacon.opening(time_ms(&node).await + (due - 1 - head) * 12_000);
    let row = WeightsPayload {
        hotkey: public("Alice"),
        uids: vec![uid],
        values: vec![7],
        version_key: 0,
    };
    let key = PublicKey::from_bytes(&beacon.public_key).unwrap();
    let ciphertext = encrypt(&key, round, &row.encode(), &mut OsRng).unwrap();
    send(&node, "Alice", commit(ciphertext, round)).await;
    send(&node, "Bob", commit(b"no ciphertext".to_vec(), round)).await;

    let weights = of_subnet("Weights", &uid.encode());
    let left = u32::try_from(due - 1 - head).unwrap();
    node.devnet.produce(left).await.unwrap();
    assert_eq!(value::<Vec<(u16, u16)>>(&node, &weights).await, None);
    node.devnet.produce(1).await.unwrap();
    let row: Vec<(u16, u16)> = value(&node, &weights).await.unwrap();
    assert_eq!(row, [(uid, 65_535)]);
    let last_epoch: u64 = value(&node, &of_subnet("LastEpochBlock", &[])).await.unwrap();
    assert_eq!(last_epoch, due);

    let failures = node.ask("devnet_failedReveals", json!([NETUID])).await;
    assert_eq!(failures.as_array().unwrap().len(), 1, "{failures}");
    let failure = &failures[0];
    assert_eq!(failure["hotkey"], address("Bob"));
    assert_eq!(failure["reason"], "malformedCiphertext");
    assert_eq!(failure["failedAt"], due);
    assert_eq!(failure["committedAt"], head + 1);
    assert_eq!(node.ask("devnet_failedReveals", json!([2])).await, json!([]));
    assert_eq!(node.ask("devnet_failedReveals", json!([])).await, failures);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leap_of_the_clock_publishes_what_is_waited_for_and_not_the_rest() {
    let node = with_two_neurons().await;
    let (_, beacon) = told_beacon(&node).await;
    let round = beacon.opening(time_ms(&node).await + 3_600_000);
    send(&node, "Alice", commit(vec![1], round)).await;
    node.devnet.produce(1).await.unwrap();

    let pulses = async |node: &Node| {
        let prefix = hexed(&storage_key("Drand", "Pulses"));
        let keys = node.ask("state_getKeysPaged", json!([prefix, 1000])).await;
        keys.as_array().unwrap().len()
    };
    let before = pulses(&node).await;
    node.ask("devnet_warp", json!([2 * 24 * 3_600])).await;
    let added = pulses(&node).await - before;
    assert!(
        (2..=9).contains(&added),
        "the awaited one and the newest: {added}"
    );
    let mut key = storage_key("Drand", "Pulses");
    key.extend(sp_crypto_hashing::blake2_128(&round.0.encode()));
    key.extend(round.0.encode());
    assert!(
        node.ask("state_getStorage", json!([hexed(&key)]))
            .await
            .is_string()
    );
    let (told, beacon) = told_beacon(&node).await;
    assert_eq!(told["lastStoredRound"], beacon.latest(time_ms(&node).await).0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pulses_of_the_public_beacon_can_be_fed_where_it_is_believed() {
    let node = Node::manual().await;
    node.devnet.produce(1).await.unwrap();
    let (told, beacon) = told_beacon(&node).await;
    assert_eq!(
        (told["own"].clone(), told["lastStoredRound"].clone()),
        (json!(false), json!(0))
    );
    assert_eq!(beacon, Beacon::quicknet());

    let refusal = node.refusal("devnet_feedPulse", json!([1001, ROUND_1000])).await;
    assert!(
        refusal.data().unwrap().get().contains("signature of this round"),
        "{refusal:?}"
    );
    node.ask("devnet_feedPulse", json!([1000, ROUND_1000])).await;
    node.devnet.produce(1).await.unwrap();
    let (told, _) = told_beacon(&node).await;
    assert_eq!(told["lastStoredRound"], 1000);
    let refusal = node.refusal("devnet_feedPulse", json!([1000, ROUND_1000])).await;
    assert!(
        refusal.data().unwrap().get().contains("later than round 1000"),
        "{refusal:?}"
    );

    let head = node.ask("chain_getBlockHash", json!([1])).await;
    let block = node.ask("chain_getBlock", json!([head])).await;
    let body = block["block"]["extrinsics"].as_array().unwrap().len();
    assert_eq!(body, 1, "without a beacon of its own a block has the time alone");
    node.stop().await;
}
