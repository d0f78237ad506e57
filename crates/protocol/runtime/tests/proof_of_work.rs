//! Registration by proof of work, by the contract that today's clients mine for.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use node_subtensor_runtime::{
    Balances, Hash, Runtime,
    genesis::development_account,
    pallets::subtensor::{
        Burn, LastPowRegistrationBlock, MaxRegistrationsPerBlock, Uids, proof_seal,
        transaction_checks::RejectionCode,
    },
};
use sp_core::U256;
use sp_runtime::DispatchError;
use world::{Admin, Call, Error, NETUID, World, coldkey, key};

/// The hash of every block in this world but those before the first.
const BLOCK_HASH: Hash = Hash::repeat_byte(7);

/// The first nonce whose seal meets the difficulty, and the seal.
fn mine(netuid: u16, block: &Hash, hotkey: u8, difficulty: u64) -> (u64, [u8; 32]) {
    let target = U256::MAX / difficulty;
    (0..)
        .map(|nonce| {
            (
                nonce,
                proof_seal(netuid, block, &key(hotkey), &coldkey(hotkey), nonce),
            )
        })
        .find(|(_, seal)| U256::from_little_endian(seal) <= target)
        .unwrap()
}

fn register(hotkey: u8, work_block: u64, nonce: u64, work: [u8; 32]) -> Call {
    Call::pow_register {
        netuid: NETUID,
        work_block,
        nonce,
        work: work.to_vec(),
        hotkey: key(hotkey),
    }
}

#[test]
fn seals_are_those_that_clients_compute() {
    let (bob, alice) = (development_account("Bob"), development_account("Alice"));
    let seal = |nonce| proof_seal(1, &Hash::repeat_byte(0x22), &bob, &alice, nonce);
    assert_eq!(
        hex::encode(seal(7)),
        "7fd153ac71b9fd4c35609b2f63386c6577694b4ac900952379d7ff069ef655c0"
    );
    assert_eq!(
        hex::encode(seal(488)),
        "be689b1e4082c3d6c3f7a98a9125347ef301620949c7bcf86e409826c3581d00"
    );
    let target = U256::MAX / 1_000u64;
    let first = (0..).find(|nonce| U256::from_little_endian(&seal(*nonce)) <= target);
    assert_eq!(first, Some(488));
}

#[test]
fn a_proof_registers_without_burn() {
    let mut world = World::with_subnet();
    world.advance(1);
    let challenge = world.now() - 1;
    let (nonce, seal) = mine(NETUID, &BLOCK_HASH, 1, 1_000);
    let held =
        |world: &mut World| world.read(|| (Balances::free_balance(coldkey(1)), Burn::<Runtime>::get(NETUID)));
    let before = held(&mut world);

    world
        .signed(&coldkey(1), register(1, challenge, nonce, seal))
        .unwrap();

    assert_eq!(held(&mut world), before);
    let now = world.now();
    world.read(|| {
        assert_eq!(Uids::<Runtime>::get(NETUID, key(1)), Some(1));
        assert_eq!(LastPowRegistrationBlock::<Runtime>::get(key(1)), now);
    });
}

#[test]
fn a_proof_is_refused_for_its_first_fault() {
    let mut world = World::with_subnet();
    world.advance(20);
    let now = world.now();
    let challenge = now - 1;
    let (nonce, seal) = mine(NETUID, &BLOCK_HASH, 1, 1_000);
    let refused = |world: &mut World, call: Call, error: Error| {
        let refusal: DispatchError = error.into();
        assert_eq!(world.signed(&coldkey(1), call), Err(refusal));
    };
    refused(&mut world, register(1, now, nonce, seal), Error::InvalidWorkBlock);
    refused(
        &mut world,
        register(1, now - 6, nonce, seal),
        Error::InvalidWorkBlock,
    );
    refused(
        &mut world,
        register(1, challenge, nonce + 1, seal),
        Error::InvalidSeal,
    );
    let miss = (0..)
        .map(|nonce| {
            (
                nonce,
                proof_seal(NETUID, &BLOCK_HASH, &key(1), &coldkey(1), nonce),
            )
        })
        .find(|(_, seal)| U256::from_little_endian(seal) > U256::MAX / 2u64);
    let (bad_nonce, bad_seal) = miss.unwrap();
    refused(
        &mut world,
        register(1, challenge, bad_nonce, bad_seal),
        Error::InvalidDifficulty,
    );
    // Another coldkey cannot use the proof.
    let stolen = register(1, challenge, nonce, seal);
    assert_eq!(world.signed(&coldkey(2), stolen), Err(Error::InvalidSeal.into()));

    let switch = |registration_allowed| Admin::sudo_set_network_pow_registration_allowed {
        netuid: NETUID,
        registration_allowed,
    };
    world.root(switch(false)).unwrap();
    refused(
        &mut world,
        register(1, challenge, nonce, seal),
        Error::SubNetRegistrationDisabled,
    );
    world.root(switch(true)).unwrap();

    world
        .signed(&coldkey(1), register(1, challenge, nonce, seal))
        .unwrap();
    // A block has room for one.
    let (nonce, seal) = mine(NETUID, &BLOCK_HASH, 2, 1_000);
    assert_eq!(world.read(|| MaxRegistrationsPerBlock::<Runtime>::get(NETUID)), 1);
    assert_eq!(
        world.signed(&coldkey(2), register(2, challenge, nonce, seal)),
        Err(Error::TooManyRegistrationsThisBlock.into())
    );
    world.advance(1);
    refused(
        &mut world,
        register(1, challenge, 0, [0; 32]),
        Error::HotKeyAlreadyRegisteredInSubNet,
    );
}

#[test]
fn a_hotkey_cannot_use_a_challenge_from_before_its_last_registration() {
    let mut world = World::with_subnet();
    world.advance(2);
    let challenge = world.now() - 1;
    world.read(|| LastPowRegistrationBlock::<Runtime>::insert(key(1), challenge));
    let (nonce, seal) = mine(NETUID, &BLOCK_HASH, 1, 1_000);
    let call = register(1, challenge, nonce, seal);
    assert_eq!(
        world.signed(&coldkey(1), call),
        Err(Error::InvalidWorkBlock.into())
    );
}

#[test]
fn the_pool_refuses_proofs_that_prove_nothing() {
    let mut world = World::with_subnet();
    world.advance(1);
    let challenge = world.now() - 1;
    let (nonce, seal) = mine(NETUID, &BLOCK_HASH, 1, 1_000);
    let code = |world: &mut World, call: Call| {
        world.read(|| {
            node_subtensor_runtime::SubtensorModule::check_transaction(&coldkey(1), &call)
                .map_err(|error| RejectionCode::of(&error))
        })
    };
    assert_eq!(code(&mut world, register(1, challenge, nonce, seal)), Ok(()));
    assert_eq!(
        code(&mut world, register(1, challenge, nonce + 1, seal)),
        Err(RejectionCode::BadRequest)
    );
}
