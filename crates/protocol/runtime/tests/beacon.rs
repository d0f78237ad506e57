//! Pulses of the beacon: who may write them, which are believed, how long they stay.

mod chain;
mod pulses;
mod world;

use assay_timelock::Round;
use chain::{Chain, unsigned};
use codec::Encode;
use node_subtensor_runtime::{
    Aura, Runtime, RuntimeCall, RuntimeEvent, System,
    genesis::{CommitReveal, Genesis},
    own_beacon::awaited_rounds,
    pallets::{
        drand::{
            BeaconConfig, BeaconConfiguration, BeaconConfigurationPayload, Call, Error, Event,
            LastStoredRound, OldestStoredRound, Pulse, Pulses, PulsesPayload,
        },
        subtensor,
    },
};
use pulses::{OWN, ROUND, believe_own, bounded, own_pulse, public_pulse, sealed, write};
use sp_core::{Pair, sr25519};
use sp_runtime::{
    MultiSignature, MultiSigner,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use world::{NETUID, World, key};

fn beacon_events(world: &mut World) -> Vec<Event<Runtime>> {
    world.read(|| {
        System::events()
            .into_iter()
            .filter_map(|record| match record.event {
                RuntimeEvent::Drand(event) => Some(event),
                _ => None,
            })
            .collect()
    })
}

#[test]
fn the_public_beacons_pulse_is_believed() {
    let mut world = World::new();
    world.unsigned(write(vec![public_pulse()])).unwrap();
    let events = beacon_events(&mut world);
    assert!(
        matches!(&events[..], [Event::NewPulse { rounds }] if *rounds == [ROUND]),
        "{events:?}"
    );
    world.read(|| {
        assert_eq!(Pulses::<Runtime>::get(ROUND), Some(public_pulse()));
        assert_eq!(LastStoredRound::<Runtime>::get(), ROUND);
        assert_eq!(OldestStoredRound::<Runtime>::get(), ROUND);
    });
    assert_eq!(
        world.unsigned(write(vec![public_pulse()])),
        Err(Error::<Runtime>::InvalidRoundNumber.into()),
        "rounds only go on"
    );
}

#[test]
fn what_the_beacon_did_not_sign_is_refused_whole() {
    let mut world = World::new();
    let unverified = Err(Error::<Runtime>::UnverifiedPulse.into());
    assert_eq!(world.unsigned(write(vec![own_pulse(ROUND)])), unverified);
    let other_round = Pulse {
        round: ROUND + 1,
        ..public_pulse()
    };
    assert_eq!(
        world.unsigned(write(vec![public_pulse(), other_round])),
        unverified
    );
    assert_eq!(world.read(LastStoredRound::<Runtime>::get), 0);
    let garbage = Pulse {
        signature: bounded(vec![1; 48]),
        ..public_pulse()
    };
    assert_eq!(
        world.unsigned(write(vec![garbage])),
        Err(Error::<Runtime>::PulseVerificationError.into())
    );
    assert_eq!(
        world.signed(&key(1), write(vec![public_pulse()])),
        Err(sp_runtime::DispatchError::BadOrigin)
    );
}

#[test]
fn root_may_choose_another_beacon() {
    let mut world = World::new();
    let change = || {
        RuntimeCall::Drand(Call::set_beacon_config {
            config_payload: BeaconConfigurationPayload {
                block_number: 1,
                config: OWN.configuration(),
                public: MultiSigner::Sr25519(sr25519::Public::from_raw([0; 32])),
            },
            signature: None,
        })
    };
    assert_eq!(
        world.signed(&key(1), change()),
        Err(sp_runtime::DispatchError::BadOrigin)
    );
    assert_eq!(
        world.read(BeaconConfig::<Runtime>::get),
        BeaconConfiguration::quicknet()
    );
    world.root(change()).unwrap();
    assert!(matches!(
        beacon_events(&mut world)[..],
        [Event::BeaconConfigChanged]
    ));
    world.unsigned(write(vec![own_pulse(5), own_pulse(7)])).unwrap();
    assert_eq!(world.read(LastStoredRound::<Runtime>::get), 7);
}

#[test]
fn old_rounds_are_removed_a_hundred_a_call() {
    let mut world = World::new();
    world.read(believe_own);
    let rounds: Vec<Pulse> = (1..=3).map(own_pulse).collect();
    world.unsigned(write(rounds)).unwrap();
    world.unsigned(write(vec![own_pulse(216_150)])).unwrap();
    world.read(|| {
        assert_eq!(OldestStoredRound::<Runtime>::get(), 101);
        assert!(!Pulses::<Runtime>::contains_key(1));
        assert!(Pulses::<Runtime>::contains_key(216_150));
    });
    world.unsigned(write(vec![own_pulse(216_151)])).unwrap();
    assert_eq!(
        world.read(OldestStoredRound::<Runtime>::get),
        152,
        "216 000 rounds are kept"
    );

    let set = RuntimeCall::Drand(Call::set_oldest_stored_round { oldest_round: 9 });
    world.root(set).unwrap();
    assert_eq!(world.read(OldestStoredRound::<Runtime>::get), 9);
}

#[test]
fn pulses_come_unsigned_with_a_proof_of_their_sender() {
    let mut chain = Chain::start(&Genesis::default());
    chain.block(&[]);
    let sender = sr25519::Pair::from_string("//Sender", None).unwrap();
    let send = |block_number, pulses: Vec<Pulse>, signer: &sr25519::Pair| {
        let payload = PulsesPayload {
            block_number,
            pulses,
            public: MultiSigner::Sr25519(sender.public()),
        };
        let signature = MultiSignature::Sr25519(signer.sign(&payload.encode()));
        unsigned(RuntimeCall::Drand(Call::write_pulse {
            pulses_payload: payload,
            signature: Some(signature),
        }))
    };
    let other = sr25519::Pair::from_string("//Other", None).unwrap();
    let wrong = |error| Err(TransactionValidityError::Invalid(error));
    let many = vec![public_pulse(); 65];
    let oldest = unsigned(RuntimeCall::Drand(Call::set_oldest_stored_round {
        oldest_round: 1,
    }));
    let results = chain.block(&[
        send(2, vec![public_pulse()], &other),
        send(3, vec![public_pulse()], &sender),
        send(2, vec![], &sender),
        send(2, many, &sender),
        unsigned(write(vec![public_pulse()])),
        oldest,
        send(2, vec![public_pulse()], &sender),
        send(1, vec![own_pulse(2_000)], &sender),
    ]);
    assert_eq!(
        results,
        [
            wrong(InvalidTransaction::BadProof),
            wrong(InvalidTransaction::Future),
            wrong(InvalidTransaction::Call),
            wrong(InvalidTransaction::Call),
            wrong(InvalidTransaction::BadSigner),
            wrong(InvalidTransaction::Call),
            Ok(Ok(())),
            wrong(InvalidTransaction::Stale),
        ]
    );
    assert_eq!(chain.read(LastStoredRound::<Runtime>::get), ROUND);
}

#[test]
fn a_chain_may_have_a_beacon_of_its_own() {
    let genesis = |seed| Genesis {
        seed,
        slot_duration_ms: 250,
        commit_reveal: CommitReveal::OwnBeacon,
        ..Genesis::default()
    };
    let key_of = |seed| {
        let configuration = Chain::start(&genesis(seed)).read(BeaconConfig::<Runtime>::get);
        assert_eq!((configuration.period, configuration.genesis_time), (1, 0));
        configuration.public_key.into_inner()
    };
    assert_eq!(key_of(1), genesis(1).own_beacon().unwrap().beacon().public_key);
    assert_ne!(key_of(1), key_of(2));
    assert_eq!(Genesis::default().own_beacon(), None);
}

#[test]
fn nobody_ends_the_chains_own_beacon_with_a_round_of_the_far_future() {
    let own = Genesis {
        slot_duration_ms: 250,
        commit_reveal: CommitReveal::OwnBeacon,
        ..Genesis::default()
    };
    let beacon = own.own_beacon().unwrap();
    let mut chain = Chain::start(&own);
    chain.block(&[]);
    // Everybody can derive the secret.
    let pulse = |round| Pulse::new(round, &beacon.secret().sign(Round(round)));
    let sender = sr25519::Pair::from_string("//Sender", None).unwrap();
    let send = |block_number, round| {
        let payload = PulsesPayload {
            block_number,
            pulses: vec![pulse(round)],
            public: MultiSigner::Sr25519(sender.public()),
        };
        let signature = MultiSignature::Sr25519(sender.sign(&payload.encode()));
        unsigned(RuntimeCall::Drand(Call::write_pulse {
            pulses_payload: payload,
            signature: Some(signature),
        }))
    };
    // Block 2 is of second 24, so round 97 has just begun. The slot duration is no longer what it was.
    chain.read(|| Aura::set_slot_duration(12_000));
    let refused = Ok(Err(Error::<Runtime>::InvalidRoundNumber.into()));
    let results = chain.block(&[send(2, u64::MAX), send(2, 98), send(2, 97)]);
    assert_eq!(results, [refused, refused, Ok(Ok(()))]);
    assert_eq!(chain.read(LastStoredRound::<Runtime>::get), 97);
}

#[test]
fn another_beacon_begins_with_its_own_rounds() {
    let mut world = World::new();
    world.unsigned(write(vec![public_pulse()])).unwrap();
    let change = |config| {
        RuntimeCall::Drand(Call::set_beacon_config {
            config_payload: BeaconConfigurationPayload {
                block_number: 1,
                config,
                public: MultiSigner::Sr25519(sr25519::Public::from_raw([0; 32])),
            },
            signature: None,
        })
    };
    let renamed = BeaconConfiguration {
        hash: bounded(vec![1]),
        ..BeaconConfiguration::quicknet()
    };
    world.root(change(renamed)).unwrap();
    assert_eq!(
        world.read(LastStoredRound::<Runtime>::get),
        ROUND,
        "the same key signs"
    );
    world.root(change(OWN.configuration())).unwrap();
    world.read(|| {
        assert_eq!(LastStoredRound::<Runtime>::get(), 0);
        assert_eq!(OldestStoredRound::<Runtime>::get(), 0);
        assert_eq!(Pulses::<Runtime>::iter().count(), 0);
    });
    world.unsigned(write(vec![own_pulse(5)])).unwrap();
    assert_eq!(world.read(OldestStoredRound::<Runtime>::get), 5);
}

#[test]
fn rounds_that_something_waits_for_are_known() {
    let mut world = World::with_commits(360, 1);
    for reveal_round in [ROUND, 5_000] {
        let commit = subtensor::Call::<Runtime>::commit_timelocked_weights {
            netuid: NETUID,
            commit: bounded(sealed(b"text")),
            reveal_round,
            commit_reveal_version: 4,
        };
        world.signed(&key(1), commit).unwrap();
    }
    let found = |world: &mut World, range| world.read(|| awaited_rounds(&range));
    assert_eq!(found(&mut world, 1..=4_999), [ROUND].into());
    assert_eq!(found(&mut world, 1_001..=9_000), [5_000].into());
}
