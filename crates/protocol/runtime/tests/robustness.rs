//! No call with whatever arguments, and no parameter that root may set, brings a block down: every failure is an error.
//!
//! Debug builds check arithmetic, so a sum that could overflow ends this test too.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use codec::Decode;
use frame_support::traits::GetCallIndex;
use node_subtensor_runtime::{
    ProxyType, Runtime, RuntimeCall,
    pallets::{admin_utils, commitments, drand, mev_shield, subtensor},
};
use sp_runtime::MultiAddress;
use world::{World, key};

/// A generator of the same numbers in every run (the multiplier is the one of PCG).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    /// Bytes as arguments: mostly those at which arithmetic breaks, in runs so that whole numbers are extreme.
    fn arguments(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < 160 {
            let (byte, run) = match self.below(8) {
                0 => (0xff, 1 + self.below(16)),
                1 => (0x00, 1 + self.below(16)),
                2 => (2, 1),
                3 => (1, 1),
                4 => (0x7f, 1),
                5 => (0x80, 1),
                // The account of a registered hotkey or of a coldkey with money.
                6 => ([1, 2, 101, 102, 200, 201][self.below(6)], 32),
                _ => (u8::try_from(self.below(256)).unwrap(), 1),
            };
            bytes.extend(std::iter::repeat_n(byte, run));
        }
        bytes
    }
}

/// The call inside one that carries it, of whichever kind the number says.
fn wrapped(kind: usize, call: RuntimeCall) -> RuntimeCall {
    let inner = Box::new(call);
    match kind {
        0 => RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![*inner] }),
        1 => RuntimeCall::Utility(pallet_utility::Call::force_batch {
            calls: vec![(*inner).clone(), *inner],
        }),
        2 => RuntimeCall::Utility(pallet_utility::Call::as_derivative {
            index: u16::MAX,
            call: inner,
        }),
        3 => RuntimeCall::Utility(pallet_utility::Call::if_else {
            main: inner.clone(),
            fallback: inner,
        }),
        4 => RuntimeCall::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
            other_signatories: vec![key(2)],
            call: inner,
        }),
        _ => RuntimeCall::Proxy(pallet_proxy::Call::proxy {
            real: MultiAddress::Id(key(101)),
            force_proxy_type: None,
            call: inner,
        }),
    }
}

/// Whether root is asked to write the state by itself, which may be anything.
fn is_of_system(call: &RuntimeCall) -> bool {
    format!("{call:?}").contains("System(")
}

/// The indices of a pallet's calls.
fn indices<C: GetCallIndex>() -> Vec<u8> {
    C::get_call_indices().to_vec()
}

#[test]
fn no_arguments_and_no_parameters_stop_the_chain() {
    let calls: Vec<(u8, u8)> = [
        (7, indices::<subtensor::Call<Runtime>>()),
        (18, indices::<commitments::Call<Runtime>>()),
        (19, indices::<admin_utils::Call<Runtime>>()),
        (11, indices::<pallet_utility::Call<Runtime>>()),
        (13, indices::<pallet_multisig::Call<Runtime>>()),
        (16, indices::<pallet_proxy::Call<Runtime>>()),
        (26, indices::<drand::Call<Runtime>>()),
        (30, indices::<mev_shield::Call<Runtime>>()),
    ]
    .into_iter()
    .flat_map(|(pallet, calls)| calls.into_iter().map(move |call| (pallet, call)))
    .collect();
    assert!(calls.len() > 110, "the pallets have calls: {}", calls.len());

    let mut numbers = Numbers(42);
    let (mut succeeded, mut refused) = (0, 0);
    for _ in 0..12 {
        let mut world = World::with_subnet();
        for hotkey in 1..4 {
            world.register(hotkey);
        }
        world.stake(1, 10);
        world.permit(&[1]);
        for delegate in [1, 2, 102, 200] {
            let add = pallet_proxy::Call::add_proxy {
                delegate: MultiAddress::Id(key(delegate)),
                proxy_type: ProxyType::Any,
                delay: 0,
            };
            world.signed(&key(101), RuntimeCall::Proxy(add)).unwrap();
        }
        for _ in 0..400 {
            let (pallet, index) = calls[numbers.below(calls.len())];
            let mut bytes = vec![pallet, index];
            // Most calls begin with a netuid; let it be one that exists.
            if numbers.below(3) > 0 {
                bytes.extend([[1, 0], [2, 0], [2, 0], [0, 0]][numbers.below(4)]);
            }
            bytes.extend(numbers.arguments());
            let Ok(call) = RuntimeCall::decode(&mut bytes.as_slice()) else {
                continue;
            };
            if is_of_system(&call) {
                continue;
            }
            let call = match numbers.below(12) {
                kind @ 0..6 => wrapped(kind, call),
                _ => call,
            };
            let who = key([1, 2, 101, 102, 200][numbers.below(5)]);
            let outcomes = [world.signed(&who, call.clone()), world.root(call)];
            for outcome in outcomes {
                match outcome {
                    Ok(()) => succeeded += 1,
                    Err(_) => refused += 1,
                }
            }
            if numbers.below(8) == 0 {
                world.advance(1);
            }
        }
        world.advance(20);
    }
    assert!(
        succeeded > 500 && refused > 2_000,
        "{succeeded} succeeded, {refused} were refused"
    );
}
