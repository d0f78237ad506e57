//! Public statements of registered hotkeys and their budget of bytes.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod pulses;
mod world;

use frame_support::BoundedVec;
use node_subtensor_runtime::{
    Runtime, RuntimeCall, RuntimeEvent, System,
    pallets::{
        commitments::{
            Call, CommitmentInfo, CommitmentOf, Data, Error, Event, LastBondsReset, RevealedCommitments,
            TimelockedIndex, UsedSpaceOf,
        },
        devnet::{FailedReveals, RevealFailure, RevealKind},
        subtensor::{Bonds, BondsResetOn},
    },
};
use pulses::{ROUND, bounded, public_pulse, sealed, sealed_to_nobody, write};
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

fn timelocked(encrypted: Vec<u8>) -> Data {
    Data::TimelockEncrypted {
        encrypted: bounded(encrypted),
        reveal_round: ROUND,
    }
}

fn is_revealed(world: &mut World) -> bool {
    let event = RuntimeEvent::Commitments(Event::CommitmentRevealed {
        netuid: NETUID,
        who: key(1),
    });
    world.read(|| System::events().into_iter().any(|record| record.event == event))
}

#[test]
fn a_timelocked_field_is_opened_when_its_pulse_is_there() {
    let mut world = World::with_subnet();
    world.register(1);
    let fields = vec![raw(b"open"), timelocked(sealed(b"hidden"))];
    world.signed(&key(1), commit(fields)).unwrap();
    world.advance(2);
    assert_eq!(
        world.read(|| RevealedCommitments::<Runtime>::get(NETUID, key(1))),
        None
    );
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.advance(1);
    let now = world.now();
    assert!(is_revealed(&mut world));
    world.read(|| {
        let revealed = RevealedCommitments::<Runtime>::get(NETUID, key(1)).unwrap();
        assert_eq!(revealed, [(b"hidden".to_vec(), now)]);
        let left = CommitmentOf::<Runtime>::get(NETUID, key(1)).unwrap();
        assert_eq!(left.info.fields.to_vec(), [raw(b"open")]);
        assert!(TimelockedIndex::<Runtime>::get().is_empty());
    });
}

#[test]
fn ten_opened_texts_are_kept_and_a_commitment_of_nothing_else_goes() {
    let mut world = World::with_subnet();
    world.register(1);
    world.unsigned(write(vec![public_pulse()])).unwrap();
    for number in 0..12u8 {
        world
            .signed(&key(1), commit(vec![timelocked(sealed(&[number + 1]))]))
            .unwrap();
        world.advance(1);
    }
    world.read(|| {
        let revealed = RevealedCommitments::<Runtime>::get(NETUID, key(1)).unwrap();
        let texts: Vec<u8> = revealed.into_iter().map(|(text, _)| text[0]).collect();
        assert_eq!(texts, (3..=12).collect::<Vec<u8>>());
        assert_eq!(CommitmentOf::<Runtime>::get(NETUID, key(1)), None);
    });
}

#[test]
fn a_field_that_does_not_open_leaves_a_record() {
    let mut world = World::with_subnet();
    world.register(1);
    let fields = vec![
        timelocked(b"no ciphertext".to_vec()),
        timelocked(sealed_to_nobody(b"hidden")),
        timelocked(sealed(b"")),
    ];
    world.signed(&key(1), commit(fields)).unwrap();
    world.unsigned(write(vec![public_pulse()])).unwrap();
    world.advance(1);
    assert!(!is_revealed(&mut world));
    world.read(|| {
        assert_eq!(CommitmentOf::<Runtime>::get(NETUID, key(1)), None);
        assert!(TimelockedIndex::<Runtime>::get().is_empty());
        let failures = FailedReveals::<Runtime>::get(NETUID);
        let reasons: Vec<_> = failures.iter().map(|failure| failure.reason.clone()).collect();
        assert_eq!(
            reasons,
            [
                RevealFailure::MalformedCiphertext,
                RevealFailure::OtherRoundOrBeacon,
                RevealFailure::Empty
            ]
        );
        assert!(
            failures
                .iter()
                .all(|failure| failure.kind == RevealKind::Commitment)
        );
    });
}
