//! What the SDK's own core commits is opened by the runtime and stored.

mod pulses;
mod world;

use assay_peers::Python;
use node_subtensor_runtime::{Runtime, pallets::subtensor::Weights};
use pulses::{ROUND, bounded, bytes, public_pulse, sealed, write};
use world::{Call, Event, NETUID, World, key};

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn a_commit_of_the_sdks_core_is_revealed() {
    let lines = Python::venv("sdk11")
        .script("conformance/sdk11/timelock.py")
        .arg(hex::encode(&public_pulse().signature))
        .arg(hex::encode(bytes(&key(1))))
        .arg(hex::encode(sealed(b"for the core to open")))
        .run();
    let made = lines.iter().find(|line| line["step"] == "commit").unwrap();
    assert_eq!(made["round"], ROUND);
    let ciphertext = hex::decode(made["ciphertext"].as_str().unwrap()).unwrap();

    let mut world = World::with_commits(20, 1);
    let commit = Call::commit_timelocked_mechanism_weights {
        netuid: NETUID,
        mecid: 0,
        commit: bounded(ciphertext),
        reveal_round: ROUND,
        commit_reveal_version: 4,
    };
    world.signed(&key(1), commit).unwrap();
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.pass_epochs(1);
    let revealed = Event::TimelockedWeightsRevealed(NETUID, key(1));
    assert!(world.events().contains(&revealed));
    let row = world.read(|| Weights::<Runtime>::get(NETUID, 1));
    assert_eq!(row, [(0, 32_768), (1, 65_535)]);
}
