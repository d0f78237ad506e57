//! Public statements of registered hotkeys and their budget of bytes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use frame_support::BoundedVec;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    pallets::{
        commitments::{Call, CommitmentInfo, CommitmentOf, Data, Error, LastBondsReset, UsedSpaceOf},
        subtensor::{Bonds, BondsResetOn},
    },
};
use world::{Admin, NETUID, World, key};

fn commit(fields: Vec<Data>) -> RuntimeCall {
    let info = Box::new(CommitmentInfo {
        fields: fields.try_into().unwrap(),
    });
    RuntimeCall::Commitments(Call::set_commitment { netuid: NETUID, info })
}

fn raw(bytes: &[u8]) -> Data {
    Data::Raw(BoundedVec::truncate_from(bytes.to_vec()))
}

fn big(length: usize) -> Data {
    Data::BigRaw(BoundedVec::truncate_from(vec![7; length]))
}

#[test]
fn a_registered_hotkey_commits_and_commits_again() {
    let mut world = World::with_subnet();
    assert_eq!(
        world.signed(&key(1), commit(vec![raw(b"hello")])),
        Err(Error::<Runtime>::AccountNotAllowedCommit.into())
    );
    world.register(1);
    world.signed(&key(1), commit(vec![raw(b"hello")])).unwrap();
    world.advance(3);
    world
        .signed(&key(1), commit(vec![raw(b"world"), Data::None]))
        .unwrap();
    let now = world.now();
    let stored = world
        .read(|| CommitmentOf::<Runtime>::get(NETUID, key(1)))
        .unwrap();
    assert_eq!((u64::from(stored.block), stored.deposit), (now, 0));
    assert_eq!(stored.info.fields.to_vec(), [raw(b"world"), Data::None]);
}

#[test]
fn an_epoch_has_room_for_3100_bytes_and_every_commitment_takes_100() {
    let mut world = World::with_subnet();
    world.register(1);
    world
        .root(Admin::sudo_set_tempo {
            netuid: NETUID,
            tempo: 50,
        })
        .unwrap();
    for _ in 0..30 {
        world.signed(&key(1), commit(vec![raw(b"x")])).unwrap();
    }
    world.signed(&key(1), commit(vec![raw(b"x")])).unwrap();
    let used = world
        .read(|| UsedSpaceOf::<Runtime>::get(NETUID, key(1)))
        .unwrap();
    assert_eq!(used.used_space, 3_100);
    let full = Err(Error::<Runtime>::SpaceLimitExceeded.into());
    assert_eq!(world.signed(&key(1), commit(vec![])), full);

    world.advance(50);
    world
        .signed(&key(1), commit(vec![big(512), big(512), big(512)]))
        .unwrap();
    world
        .signed(&key(1), commit(vec![big(512), big(512), big(512)]))
        .unwrap();
    assert_eq!(
        world.signed(&key(1), commit(vec![])),
        full,
        "72 bytes are left, less than the minimum"
    );
    world
        .root(RuntimeCall::Commitments(Call::set_max_space { new_limit: 4_000 }))
        .unwrap();
    world.signed(&key(1), commit(vec![])).unwrap();
}

#[test]
fn bonds_are_reset_where_the_subnet_allows_it() {
    let mut world = World::with_subnet();
    world.register(1);
    world.read(|| Bonds::<Runtime>::insert(NETUID, 0, vec![(0, 5), (1, 6)]));
    world.signed(&key(1), commit(vec![Data::ResetBondsFlag])).unwrap();
    assert_eq!(world.read(|| Bonds::<Runtime>::get(NETUID, 0)), [(0, 5), (1, 6)]);
    world.read(|| BondsResetOn::<Runtime>::insert(NETUID, true));
    world.signed(&key(1), commit(vec![Data::ResetBondsFlag])).unwrap();
    world.read(|| {
        assert_eq!(Bonds::<Runtime>::get(NETUID, 0), [(0, 5)]);
        assert!(LastBondsReset::<Runtime>::contains_key(NETUID, key(1)));
    });
}
