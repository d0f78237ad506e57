//! The runtime's state with calls dispatched straight into it: what a block does, without signatures and fees.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses its own part of this module"
)]
#![allow(
    clippy::unwrap_used,
    reason = "what cannot fail in a test should end it when it does"
)]

use frame_support::{
    dispatch::DispatchResult,
    traits::{OnInitialize, UnfilteredDispatchable},
};
use node_subtensor_runtime::{
    AccountId, AllPalletsWithSystem, Hash, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin, System,
    genesis::{Genesis, TAO},
    pallets::{admin_utils, subtensor},
};
use sp_io::TestExternalities;

pub type Call = subtensor::Call<Runtime>;
pub type Admin = admin_utils::Call<Runtime>;
pub type Error = subtensor::Error<Runtime>;
pub type AdminError = admin_utils::Error<Runtime>;
pub type Event = subtensor::Event<Runtime>;

/// The subnet that [`World::with_subnet`] creates.
pub const NETUID: u16 = 2;
/// Its owner's coldkey.
pub const OWNER: u8 = 200;
/// Its owner's hotkey, uid 0.
pub const OWNER_HOTKEY: u8 = 201;

/// The account numbered so. Accounts 1 to 99 are hotkeys, the coldkey of hotkey `n` is `n + 100`; coldkeys 101 to 200
/// have 100 000 TAO.
pub fn key(number: u8) -> AccountId {
    AccountId::new([number; 32])
}

/// The coldkey of a hotkey.
pub fn coldkey(hotkey: u8) -> AccountId {
    key(hotkey + 100)
}

pub struct World {
    state: TestExternalities,
}

impl World {
    /// A fresh localnet at block 1.
    pub fn new() -> Self {
        let genesis = Genesis {
            balances: (101..=200).map(|number| (key(number), 100_000 * TAO)).collect(),
            ..Genesis::default()
        };
        let mut world = Self {
            state: TestExternalities::new(genesis.storage().unwrap()),
        };
        world.advance(1);
        world
    }

    /// A localnet with a started subnet, which takes weights in the open, and without a freeze window.
    pub fn with_subnet() -> Self {
        let mut world = Self::new();
        world
            .signed(
                &key(OWNER),
                Call::register_network {
                    hotkey: key(OWNER_HOTKEY),
                },
            )
            .unwrap();
        world
            .signed(&key(OWNER), Call::start_call { netuid: NETUID })
            .unwrap();
        world
            .root(Admin::sudo_set_admin_freeze_window { window: 0 })
            .unwrap();
        world
    }

    /// The same subnet with an epoch every `tempo` blocks, demanding commits that are revealed `period` epochs later.
    /// Uids 1 and 2 may weigh, without a rate limit.
    pub fn with_commits(tempo: u16, period: u64) -> Self {
        let mut world = Self::with_subnet();
        for hotkey in [1, 2] {
            world.register(hotkey);
            world.stake(hotkey, 10);
        }
        world.permit(&[1, 2]);
        let netuid = NETUID;
        world.root(Admin::sudo_set_tempo { netuid, tempo }).unwrap();
        world.read(|| {
            subtensor::CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, true);
            subtensor::RevealPeriodEpochs::<Runtime>::insert(NETUID, period);
            subtensor::WeightsSetRateLimit::<Runtime>::insert(NETUID, 0);
        });
        world
    }

    /// Dispatches an unsigned call.
    pub fn unsigned(&mut self, call: impl Into<RuntimeCall>) -> DispatchResult {
        self.dispatch(RuntimeOrigin::none(), call)
    }

    /// Lets blocks pass until `epochs` more epochs have run.
    pub fn pass_epochs(&mut self, epochs: u64) {
        let epoch = |world: &mut Self| world.read(|| subtensor::SubnetEpochIndex::<Runtime>::get(NETUID));
        let until = epoch(self) + epochs;
        while epoch(self) < until {
            self.advance(1);
        }
    }

    /// Dispatches a call of a signer.
    pub fn signed(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
        self.dispatch(RuntimeOrigin::signed(who.clone()), call)
    }

    /// Dispatches a call of root.
    pub fn root(&mut self, call: impl Into<RuntimeCall>) -> DispatchResult {
        self.dispatch(RuntimeOrigin::root(), call)
    }

    fn dispatch(&mut self, origin: RuntimeOrigin, call: impl Into<RuntimeCall>) -> DispatchResult {
        let call = call.into();
        self.state.execute_with(|| {
            call.dispatch_bypass_filter(origin)
                .map(|_| ())
                .map_err(|failure| failure.error)
        })
    }

    /// Registers a hotkey with its own coldkey and returns its uid.
    pub fn register(&mut self, hotkey: u8) -> u16 {
        let call = Call::burned_register {
            netuid: NETUID,
            hotkey: key(hotkey),
        };
        self.signed(&coldkey(hotkey), call).unwrap();
        self.read(|| subtensor::Uids::<Runtime>::get(NETUID, key(hotkey)))
            .unwrap()
    }

    /// Stakes TAO of the hotkey's coldkey.
    pub fn stake(&mut self, hotkey: u8, tao: u64) {
        let call = Call::add_stake {
            hotkey: key(hotkey),
            netuid: NETUID,
            amount_staked: tao * TAO,
        };
        self.signed(&coldkey(hotkey), call).unwrap();
    }

    /// Gives the uids permits, as an epoch would.
    pub fn permit(&mut self, uids: &[u16]) {
        self.read(|| {
            subtensor::ValidatorPermit::<Runtime>::mutate(NETUID, |permits| {
                for uid in uids {
                    permits[usize::from(*uid)] = true;
                }
            });
        });
    }

    /// Lets blocks pass.
    pub fn advance(&mut self, blocks: u32) {
        for _ in 0..blocks {
            self.state.execute_with(|| {
                let number = System::block_number() + 1;
                System::reset_events();
                System::initialize(&number, &Hash::repeat_byte(7), &Default::default());
                AllPalletsWithSystem::on_initialize(number);
            });
        }
    }

    /// Lets blocks pass until the height.
    pub fn advance_to(&mut self, height: u64) {
        let now = self.now();
        self.advance(u32::try_from(height - now).unwrap());
    }

    /// The height.
    pub fn now(&mut self) -> u64 {
        self.read(subtensor::Pallet::<Runtime>::now)
    }

    /// Reads or writes the state.
    pub fn read<R>(&mut self, look: impl FnOnce() -> R) -> R {
        self.state.execute_with(look)
    }

    /// The subnets' events of the present block.
    pub fn events(&mut self) -> Vec<Event> {
        self.read(|| {
            System::events()
                .into_iter()
                .filter_map(|record| match record.event {
                    RuntimeEvent::SubtensorModule(event) => Some(event),
                    _ => None,
                })
                .collect()
        })
    }
}
