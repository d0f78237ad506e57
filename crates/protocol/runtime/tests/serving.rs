//! Announcing endpoints: which addresses, which ports, how often, and what the pool says about it.

mod chain;
mod world;

use chain::{Chain, account, signed};
use node_subtensor_runtime::{
    AccountId, Runtime, RuntimeCall,
    genesis::Genesis,
    pallets::subtensor::{Axons, NeuronCertificates, Prometheus, Uids},
};
use sp_core::{Pair, sr25519};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use world::{Call, Error, Event, NETUID, World, key};

fn axon(ip: u128, ip_type: u8, port: u16) -> Call {
    Call::serve_axon {
        netuid: NETUID,
        version: 1,
        ip,
        port,
        ip_type,
        protocol: 4,
        placeholder1: 5,
        placeholder2: 6,
    }
}

fn prometheus(ip: u128, ip_type: u8, port: u16) -> Call {
    Call::serve_prometheus {
        netuid: NETUID,
        version: 1,
        ip,
        port,
        ip_type,
    }
}

/// 8.8.8.8.
const GOOGLE: u128 = 134_744_072;

#[test]
fn an_axon_is_stored_with_its_block() {
    let mut world = World::with_subnet();
    world.register(1);
    world.signed(&key(1), axon(GOOGLE, 4, 8091)).unwrap();

    assert_eq!(world.events().last(), Some(&Event::AxonServed(NETUID, key(1))));
    let now = world.now();
    let stored = world.read(|| Axons::<Runtime>::get(NETUID, key(1))).unwrap();
    assert_eq!(
        (
            stored.block,
            stored.ip,
            stored.port,
            stored.ip_type,
            stored.protocol
        ),
        (now, GOOGLE, 8091, 4, 4)
    );
    assert_eq!((stored.placeholder1, stored.placeholder2), (5, 6));
}

#[test]
fn unreachable_addresses_are_refused() {
    let mut world = World::with_subnet();
    world.register(1);
    let ipv6_loopback = 1;
    let cases = [
        (axon(2_130_706_433, 4, 1), Error::InvalidIpAddress),
        (axon(4_294_967_295, 4, 1), Error::InvalidIpAddress),
        (axon(1 << 40, 4, 1), Error::InvalidIpAddress),
        (axon(ipv6_loopback, 6, 1), Error::InvalidIpAddress),
        (axon(u128::MAX, 6, 1), Error::InvalidIpAddress),
        (axon(GOOGLE, 10, 1), Error::InvalidIpType),
        (axon(GOOGLE, 4, 0), Error::InvalidPort),
        (prometheus(0, 4, 1), Error::InvalidIpAddress),
        (prometheus(GOOGLE, 5, 1), Error::InvalidIpType),
        (prometheus(GOOGLE, 4, 0), Error::InvalidPort),
    ];
    for (call, error) in cases {
        assert_eq!(world.signed(&key(1), call.clone()), Err(error.into()), "{call:?}");
    }
    world.signed(&key(1), axon(0, 4, 1)).unwrap();
    world.signed(&key(1), prometheus(2_130_706_434, 4, 1)).unwrap();
    assert!(world.read(|| Prometheus::<Runtime>::contains_key(NETUID, key(1))));
}

#[test]
fn checks_come_in_the_chains_order() {
    let mut world = World::with_subnet();
    world.register(1);
    let stranger = key(9);
    assert_eq!(
        world.signed(&stranger, axon(1 << 40, 10, 0)),
        Err(Error::HotKeyNotRegisteredInNetwork.into())
    );
    assert_eq!(
        world.signed(&stranger, prometheus(1 << 40, 10, 0)),
        Err(Error::InvalidIpType.into())
    );
    assert_eq!(
        world.signed(&stranger, prometheus(1 << 40, 4, 0)),
        Err(Error::InvalidIpAddress.into())
    );
    assert_eq!(
        world.signed(&stranger, prometheus(GOOGLE, 4, 0)),
        Err(Error::HotKeyNotRegisteredInNetwork.into())
    );
    world.signed(&key(1), axon(GOOGLE, 4, 80)).unwrap();
    assert_eq!(
        world.signed(&key(1), axon(GOOGLE, 10, 0)),
        Err(Error::InvalidIpType.into())
    );
    assert_eq!(
        world.signed(&key(1), axon(1 << 40, 4, 0)),
        Err(Error::InvalidIpAddress.into())
    );
    assert_eq!(
        world.signed(&key(1), axon(GOOGLE, 4, 0)),
        Err(Error::ServingRateLimitExceeded.into())
    );
}

#[test]
fn an_endpoint_may_change_every_fifty_blocks() {
    let mut world = World::with_subnet();
    world.register(1);
    let served = world.now();
    world.signed(&key(1), axon(GOOGLE, 4, 80)).unwrap();
    world.advance_to(served + 49);
    assert_eq!(
        world.signed(&key(1), axon(GOOGLE, 4, 81)),
        Err(Error::ServingRateLimitExceeded.into())
    );
    world.advance(1);
    world.signed(&key(1), axon(GOOGLE, 4, 81)).unwrap();
}

#[test]
fn a_metrics_endpoint_may_change_every_fifty_blocks_too() {
    let mut world = World::with_subnet();
    world.register(1);
    let served = world.now();
    world.signed(&key(1), prometheus(GOOGLE, 4, 80)).unwrap();
    world.signed(&key(1), axon(GOOGLE, 4, 80)).unwrap();
    world.advance_to(served + 49);
    let early = Err(Error::ServingRateLimitExceeded.into());
    assert_eq!(world.signed(&key(1), prometheus(GOOGLE, 4, 81)), early);
    assert_eq!(
        world.signed(&key(1), prometheus(GOOGLE, 4, 0)),
        early,
        "the port is looked at last"
    );
    world.advance(1);
    world.signed(&key(1), prometheus(GOOGLE, 4, 81)).unwrap();
    let stored = world.read(|| Prometheus::<Runtime>::get(NETUID, key(1))).unwrap();
    assert_eq!((stored.block, stored.port), (served + 50, 81));
}

#[test]
fn an_endpoint_of_block_0_never_limits() {
    let mut world = World::with_subnet();
    world.register(1);
    world.signed(&key(1), axon(GOOGLE, 4, 80)).unwrap();
    world.signed(&key(1), prometheus(GOOGLE, 4, 80)).unwrap();
    world.read(|| {
        Axons::<Runtime>::mutate(NETUID, key(1), |stored| stored.as_mut().unwrap().block = 0);
        Prometheus::<Runtime>::mutate(NETUID, key(1), |stored| stored.as_mut().unwrap().block = 0);
    });
    assert!(world.now() < 50, "or the limit would have passed by itself");
    world.signed(&key(1), axon(GOOGLE, 4, 81)).unwrap();
    world.signed(&key(1), prometheus(GOOGLE, 4, 81)).unwrap();
}

#[test]
fn a_certificate_is_kept_until_another_valid_one_comes() {
    let mut world = World::with_subnet();
    world.register(1);
    world.read(|| node_subtensor_runtime::pallets::subtensor::ServingRateLimit::<Runtime>::insert(NETUID, 0));
    let tls = |certificate: Vec<u8>| Call::serve_axon_tls {
        netuid: NETUID,
        version: 1,
        ip: GOOGLE,
        port: 80,
        ip_type: 4,
        protocol: 4,
        placeholder1: 0,
        placeholder2: 0,
        certificate,
    };
    let stored = |world: &mut World| {
        world
            .read(|| NeuronCertificates::<Runtime>::get(NETUID, key(1)))
            .map(|kept| kept.public_key.to_vec())
    };
    world.signed(&key(1), tls(vec![])).unwrap();
    assert_eq!(stored(&mut world), None, "an empty one is dropped");
    world.signed(&key(1), tls(vec![7, 1, 2, 3])).unwrap();
    world.signed(&key(1), tls(vec![0; 66])).unwrap();
    world.signed(&key(1), axon(GOOGLE, 4, 80)).unwrap();
    assert_eq!(stored(&mut world), Some(vec![1, 2, 3]));
}

#[test]
fn the_pool_names_what_is_wrong_by_code_and_a_hotkey_needs_no_money() {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let hotkey = sr25519::Pair::from_string("//Hotkey", None).unwrap();
    let me: AccountId = account(&hotkey);
    let call = |call: Call| RuntimeCall::SubtensorModule(call);
    let register = call(Call::burned_register {
        netuid: 1,
        hotkey: me.clone(),
    });
    chain.block(&[signed(&alice, 0, register)]);
    assert!(chain.read(|| Uids::<Runtime>::contains_key(1, &me)));

    let serve = |nonce, ip: u128, ip_type, port| {
        let serve = Call::serve_axon {
            netuid: 1,
            version: 1,
            ip,
            port,
            ip_type,
            protocol: 4,
            placeholder1: 0,
            placeholder2: 0,
        };
        signed(&hotkey, nonce, RuntimeCall::SubtensorModule(serve))
    };
    let results = chain.block(&[
        serve(0, 2_130_706_433, 4, 80),
        serve(0, GOOGLE, 4, 0),
        serve(0, GOOGLE, 9, 80),
        serve(0, GOOGLE, 4, 80),
        serve(1, GOOGLE, 4, 80),
    ]);
    let code = |code| {
        Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(
            code,
        )))
    };
    assert_eq!(results, [code(11), code(13), code(255), Ok(Ok(())), code(12)]);
}
