//! What exists on a chain before its first block: subnets with their rules, neurons, stakes and weights.
//!
//! Everything goes through the pallets' own functions, in the order in which people would call them, so the state is what
//! those calls leave behind: uids in the order of the list, shares, ownership, records. What a call costs is minted for
//! it, so that balances end as the description says. Three things are not as if somebody had called:
//!
//! * neurons register at the subnet's minimum price and leave the price where it was, or a list of thirty would end at the
//!   maximum and fill the pool with burned TAO;
//! * alpha can be staked without buying it, as emission does;
//! * a permit can be given without an epoch.
//!
//! Registrations are of block 0. Weights are of block 1: a weight only counts towards neurons that registered before it
//! was set.

use super::settings::{self, Stage};
use crate::{
    AccountId, Balance, Balances, Runtime, RuntimeOrigin, SubtensorModule, System,
    pallets::subtensor::{
        self, AxonInfo, Burn, CommitRevealWeightsEnabled, MinBurn, SubnetAlphaOut, SubnetIdentityV3,
        SubtokenEnabled, Uids, ValidatorPermit,
    },
};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use serde::{Deserialize, Serialize};
use sp_runtime::DispatchError;
use std::{fmt, net::SocketAddr};

type Error = subtensor::Error<Runtime>;

/// The number of the first subnet that a description founds; root and subnet 1 are on every chain.
pub const FIRST_NETUID: u16 = 2;

/// What exists from the first block on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Founding {
    /// Settings of the whole chain.
    pub settings: Vec<(String, i64)>,
    /// Subnets, numbered from [`FIRST_NETUID`] in this order.
    pub subnets: Vec<FoundedSubnet>,
    /// Stakes beside those of the neurons' own coldkeys.
    pub stakes: Vec<FoundedStake>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundedSubnet {
    /// The name in its identity; none when empty.
    pub name: String,
    /// Who owns it.
    pub owner: AccountId,
    /// The owner's hotkey, uid 0.
    pub owner_hotkey: AccountId,
    /// Whether stake and emission flow.
    pub phase: SubnetPhase,
    /// Hyperparameters by name; [`settings`] lists them.
    pub settings: Vec<(String, i64)>,
    /// Its neurons, uids from 1 in this order. One with the owner's hotkey describes uid 0.
    pub neurons: Vec<FoundedNeuron>,
}

/// Whether a subnet has been started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubnetPhase {
    /// Its owner has started it.
    #[default]
    Started,
    /// It has been created and nothing more.
    Created,
}

/// A neuron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundedNeuron {
    /// Who it is.
    pub hotkey: AccountId,
    /// Who owns the hotkey.
    pub coldkey: AccountId,
    /// Where it can be reached.
    pub axon: Option<SocketAddr>,
    /// What its coldkey has staked on it, in rao of the subnet's alpha.
    pub stake: u64,
    /// Whether it may set weights before the first epoch.
    pub permit: Permit,
    /// Its weights by uid, of any scale; none when empty.
    pub weights: Vec<(u16, u16)>,
}

/// Whether a neuron begins with a validator's permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// It waits for an epoch.
    #[default]
    Earned,
    /// It has one.
    Given,
}

/// A stake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundedStake {
    /// Where.
    pub netuid: u16,
    /// On whom.
    pub hotkey: AccountId,
    /// Whose.
    pub coldkey: AccountId,
    /// How much.
    pub amount: StakeAmount,
}

/// How much is staked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StakeAmount {
    /// So much alpha, in rao, as if it had been earned. On root it is TAO.
    Alpha(u64),
    /// What so much TAO, in rao, buys from the pool.
    Tao(u64),
}

/// The part of a description that the chain does not take, and the chain's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where in the description, `subnets[0].neurons[3].axon` for one.
    pub place: String,
    /// The chain's name of the error.
    pub error: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the chain answers {}", self.place, self.error)
    }
}

impl Founding {
    /// Makes all of it, inside the externalities of a chain that has no block yet.
    ///
    /// # Errors
    /// When the chain refuses a part.
    pub(super) fn apply(&self) -> Result<(), Refusal> {
        for (name, value) in &self.settings {
            settings::set_of_chain(name, *value).map_err(at(format!("chain.{name}")))?;
        }
        for (number, subnet) in self.subnets.iter().enumerate() {
            let netuid = u16::try_from(number).map_or(u16::MAX, |number| number.saturating_add(FIRST_NETUID));
            subnet.found(netuid, &format!("subnets[{number}]"))?;
        }
        for (number, stake) in self.stakes.iter().enumerate() {
            stake.found().map_err(at(format!("stakes[{number}]")))?;
        }
        // After all registrations and stakes of all subnets.
        System::set_block_number(1);
        for (number, subnet) in self.subnets.iter().enumerate() {
            let netuid = u16::try_from(number).map_or(u16::MAX, |number| number.saturating_add(FIRST_NETUID));
            subnet.set_weights(netuid, &format!("subnets[{number}]"))?;
        }
        System::set_block_number(0);
        System::reset_events();
        for (number, subnet) in self.subnets.iter().enumerate() {
            let netuid = u16::try_from(number).map_or(u16::MAX, |number| number.saturating_add(FIRST_NETUID));
            let place = format!("subnets[{number}]");
            settings::set(netuid, Stage::Last, &subnet.settings)
                .map_err(|(name, error)| refusal(format!("{place}.hyperparameters.{name}"), error))?;
        }
        SubtensorModule::follow_issuance();
        Ok(())
    }
}

impl FoundedSubnet {
    fn found(&self, netuid: u16, place: &str) -> Result<(), Refusal> {
        let identity = (!self.name.is_empty()).then(|| SubnetIdentityV3 {
            subnet_name: self.name.clone().into_bytes(),
            ..SubnetIdentityV3::default()
        });
        with_money(&self.owner, SubtensorModule::lock_cost(), || {
            SubtensorModule::do_register_network(&self.owner, &self.owner_hotkey, identity)
        })
        .map_err(at(format!("{place}.owner")))?;
        if self.phase == SubnetPhase::Started {
            SubtensorModule::do_start_call(netuid).map_err(at(format!("{place}.started")))?;
        }
        settings::set(netuid, Stage::First, &self.settings)
            .map_err(|(name, error)| refusal(format!("{place}.hyperparameters.{name}"), error))?;
        let price = Burn::<Runtime>::get(netuid);
        for (number, neuron) in self.neurons.iter().enumerate() {
            let place = format!("{place}.neurons[{number}]");
            if neuron.hotkey != self.owner_hotkey {
                let price = MinBurn::<Runtime>::get(netuid);
                Burn::<Runtime>::insert(netuid, price);
                with_money(&neuron.coldkey, price, || {
                    SubtensorModule::do_register(&neuron.coldkey, netuid, &neuron.hotkey, None)
                })
                .map_err(at(format!("{place}.hotkey")))?;
            }
            neuron.equip(netuid, &place)?;
        }
        Burn::<Runtime>::insert(netuid, price);
        Ok(())
    }

    /// Sets the rows in the open, which is how they count as set in a block, whatever the subnet demands afterwards.
    fn set_weights(&self, netuid: u16, place: &str) -> Result<(), Refusal> {
        let commits = CommitRevealWeightsEnabled::<Runtime>::get(netuid);
        CommitRevealWeightsEnabled::<Runtime>::insert(netuid, false);
        for (number, neuron) in self.neurons.iter().enumerate() {
            if neuron.weights.is_empty() {
                continue;
            }
            let (uids, values): (Vec<u16>, Vec<u16>) = neuron.weights.iter().copied().unzip();
            // Any key passes that is not below the subnet's own.
            SubtensorModule::store_weights(&neuron.hotkey, netuid, 0, &uids, &values, u64::MAX)
                .map_err(at(format!("{place}.neurons[{number}].weights")))?;
        }
        CommitRevealWeightsEnabled::<Runtime>::insert(netuid, commits);
        Ok(())
    }
}

impl FoundedNeuron {
    fn equip(&self, netuid: u16, place: &str) -> Result<(), Refusal> {
        if self.stake > 0 {
            let stake = FoundedStake {
                netuid,
                hotkey: self.hotkey.clone(),
                coldkey: self.coldkey.clone(),
                amount: StakeAmount::Alpha(self.stake),
            };
            stake.found().map_err(at(format!("{place}.stake")))?;
        }
        if self.permit == Permit::Given {
            let uid = Uids::<Runtime>::get(netuid, &self.hotkey);
            ValidatorPermit::<Runtime>::mutate(netuid, |permits| {
                if let Some(permit) = uid.and_then(|uid| permits.get_mut(usize::from(uid))) {
                    *permit = true;
                }
            });
        }
        if let Some(address) = self.axon {
            SubtensorModule::do_serve_axon(&self.hotkey, netuid, axon_at(address), None)
                .map_err(at(format!("{place}.axon")))?;
        }
        Ok(())
    }
}

impl FoundedStake {
    fn found(&self) -> DispatchResult {
        let Self {
            netuid,
            hotkey,
            coldkey,
            amount,
        } = self;
        // Root is closed to stakers until somebody opens it, which who stakes there wants.
        if *netuid == 0 {
            SubtokenEnabled::<Runtime>::insert(netuid, true);
        }
        match *amount {
            StakeAmount::Alpha(alpha) if *netuid != 0 => {
                ensure!(SubtensorModule::subnet_exists(*netuid), Error::SubnetNotExists);
                ensure!(SubtokenEnabled::<Runtime>::get(netuid), Error::SubtokenDisabled);
                ensure!(
                    SubtensorModule::hotkey_exists(hotkey),
                    Error::HotKeyAccountNotExists
                );
                SubtensorModule::increase_stake(hotkey, coldkey, *netuid, alpha);
                SubnetAlphaOut::<Runtime>::mutate(netuid, |out| *out = out.saturating_add(alpha));
                Ok(())
            }
            StakeAmount::Alpha(tao) | StakeAmount::Tao(tao) => with_money(coldkey, tao, || {
                SubtensorModule::add_stake(
                    RuntimeOrigin::signed(coldkey.clone()),
                    hotkey.clone(),
                    *netuid,
                    tao,
                )
            }),
        }
    }
}

/// Mints what the call spends, and the deposit that keeps an account alive while it does.
fn with_money(account: &AccountId, rao: Balance, call: impl FnOnce() -> DispatchResult) -> DispatchResult {
    let deposit = Balances::minimum_balance();
    let minted = rao
        .checked_add(deposit)
        .ok_or(DispatchError::Arithmetic(sp_runtime::ArithmeticError::Overflow))?;
    Balances::mint_into(account, minted)?;
    call()?;
    Balances::burn_from(
        account,
        deposit,
        Preservation::Expendable,
        Precision::Exact,
        Fortitude::Force,
    )?;
    Ok(())
}

fn axon_at(address: SocketAddr) -> AxonInfo {
    let (ip, ip_type) = match address {
        SocketAddr::V4(address) => (u128::from(u32::from(*address.ip())), 4),
        SocketAddr::V6(address) => (u128::from(*address.ip()), 6),
    };
    AxonInfo {
        block: 0,
        version: 0,
        ip,
        port: address.port(),
        ip_type,
        protocol: 4,
        placeholder1: 0,
        placeholder2: 0,
    }
}

fn refusal(place: String, error: DispatchError) -> Refusal {
    Refusal {
        place,
        error: error.into(),
    }
}

fn at(place: String) -> impl FnOnce(DispatchError) -> Refusal {
    |error| refusal(place, error)
}
