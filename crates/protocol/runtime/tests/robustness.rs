//! No call with whatever arguments, and no parameter that root may set, brings a block down: every failure is an error.
//!
//! Debug builds check arithmetic, so a sum that could overflow ends this test too.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use codec::Decode;
use frame_support::traits::GetCallIndex;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    pallets::{admin_utils, commitments, subtensor},
};
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
    ]
    .into_iter()
    .flat_map(|(pallet, calls)| calls.into_iter().map(move |call| (pallet, call)))
    .collect();
    assert!(calls.len() > 85, "the pallets have calls: {}", calls.len());

    let mut numbers = Numbers(42);
    let (mut succeeded, mut refused) = (0, 0);
    for _ in 0..12 {
        let mut world = World::with_subnet();
        for hotkey in 1..4 {
            world.register(hotkey);
        }
        world.stake(1, 10);
        world.permit(&[1]);
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
