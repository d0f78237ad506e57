//! Creating subnets: what it costs, what a new one starts with, and opening it for staking and emission.

use super::{
    Burn, CommitRevealWeightsEnabled, Config, Error, Event, FirstEmissionBlockNumber, ImmunityPeriod,
    LastEpochBlock, MaxAllowedUids, MaxAllowedValidators, MinAllowedWeights, NetUid, NetworkImmunityPeriod,
    NetworkLastLockCost, NetworkLockReductionInterval, NetworkMinLockCost, NetworkRateLimit,
    NetworkRegisteredAt, NetworkRegistrationAllowed, NetworkRegistrationStartBlock, NetworksAdded, Pallet,
    ROOT, RateLimitKey, RegisteredSubnetCounter, StartCallDelay, SubnetAlphaIn, SubnetEmissionEnabled,
    SubnetIdentityV3, SubnetLimit, SubnetLocked, SubnetMechanism, SubnetMovingPrice, SubnetOwner,
    SubnetOwnerHotkey, SubnetTAO, SubtokenEnabled, Tempo, TokenSymbol, TotalIssuance, TotalNetworks,
    TotalStake, Yuma3On, pool::PAR, rate_limits::TransactionKind, subnets::NETUID_LIMIT,
};
use crate::pallets::{devnet, subtensor::LastRateLimitedBlock};
use assay_yuma::coinbase::block_emission;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

/// The tempo a subnet is created with.
const INITIAL_TEMPO: u16 = 360;
/// The price of a new subnet's first uid, in rao.
const INITIAL_BURN: u64 = 1_000_000_000;
/// The TAO that a block emits before the first halving, in rao.
const BLOCK_EMISSION: u64 = 1_000_000_000;

impl<T: Config> Pallet<T> {
    /// What the next subnet costs, in rao: twice the last price, less a straight line that brings it down by the last
    /// price in `NetworkLockReductionInterval` blocks, or in half of them when the emission of TAO has halved.
    #[must_use]
    pub fn lock_cost() -> u64 {
        let last = NetworkLastLockCost::<T>::get();
        let last_block = LastRateLimitedBlock::<T>::get(RateLimitKey::NetworkLastRegistered);
        let multiplier = if last_block == 0 { 1 } else { 2 };
        let per_block = last
            .checked_div(Self::lock_reduction_interval())
            .unwrap_or_default();
        let reduction = per_block.saturating_mul(Self::now().saturating_sub(last_block));
        last.saturating_mul(multiplier)
            .saturating_sub(reduction)
            .max(NetworkMinLockCost::<T>::get())
    }

    fn lock_reduction_interval() -> u64 {
        let interval = u128::from(NetworkLockReductionInterval::<T>::get());
        let emission = block_emission(TotalIssuance::<T>::get());
        let scaled = interval * u128::from(emission) / u128::from(BLOCK_EMISSION);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    /// Creates a subnet with the hotkey as its first neuron.
    pub(crate) fn do_register_network(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        identity: Option<SubnetIdentityV3>,
    ) -> DispatchResult {
        ensure!(
            !Self::hotkey_exists(hotkey) || Self::owns(coldkey, hotkey),
            Error::<T>::NonAssociatedColdKey
        );
        ensure!(
            !Self::is_subnet_account(hotkey),
            Error::<T>::CannotUseSystemAccount
        );
        let now = Self::now();
        ensure!(
            now >= NetworkRegistrationStartBlock::<T>::get(),
            Error::<T>::SubNetRegistrationDisabled
        );
        Self::check_network_rate(coldkey)?;
        let to_dissolve = Self::subnet_in_the_way()?;
        let cost = Self::lock_cost();
        ensure!(Self::can_pay(coldkey, cost), Error::<T>::CannotAffordLockCost);
        if let Some(identity) = &identity {
            ensure!(identity.is_valid(), Error::<T>::InvalidIdentity);
        }

        if let Some(netuid) = to_dissolve {
            Self::do_dissolve_network(netuid)?;
        }
        let netuid = Self::free_netuid().ok_or(Error::<T>::SubnetLimitReached)?;
        // The median is that of the subnets there were before.
        let price = Self::median_price();
        Self::open_subnet(netuid, coldkey, hotkey);
        Self::pay_subnet(coldkey, netuid, cost).map_err(|_| Error::<T>::CannotAffordLockCost)?;
        SubnetLocked::<T>::insert(netuid, cost);
        SubnetTAO::<T>::insert(netuid, cost);
        SubnetAlphaIn::<T>::insert(netuid, alpha_worth(cost, price));
        TotalStake::<T>::mutate(|total| *total = total.saturating_add(cost));
        NetworkLastLockCost::<T>::put(cost);
        Self::record(&RateLimitKey::NetworkLastRegistered);
        Self::record_transaction(coldkey, ROOT, TransactionKind::RegisterNetwork);
        Self::own_if_free(coldkey, hotkey);
        Self::append_neuron(netuid, hotkey);
        Self::lend_root_stake(netuid, hotkey);
        if let Some(identity) = identity {
            Self::do_set_subnet_identity(netuid, identity)?;
        }
        Self::deposit_event(Event::NetworkAdded(netuid, 1));
        Ok(())
    }

    /// # Errors
    /// When this coldkey, or anybody, created a subnet less than `NetworkRateLimit` blocks ago.
    pub fn check_network_rate(coldkey: &AccountId32) -> Result<(), Error<T>> {
        let limit = NetworkRateLimit::<T>::get();
        let key = RateLimitKey::NetworkLastRegistered;
        Self::ensure_passed(&key, limit, Error::<T>::NetworkTxRateLimitExceeded)?;
        let kind = TransactionKind::RegisterNetwork;
        Self::ensure_transaction_passed(coldkey, ROOT, kind, limit, Error::<T>::NetworkTxRateLimitExceeded)
    }

    /// What a new subnet starts with, before its pool.
    fn open_subnet(netuid: NetUid, coldkey: &AccountId32, hotkey: &AccountId32) {
        let now = Self::now();
        NetworksAdded::<T>::insert(netuid, true);
        TotalNetworks::<T>::mutate(|count| *count = count.saturating_add(1));
        NetworkRegisteredAt::<T>::insert(netuid, now);
        RegisteredSubnetCounter::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
        SubnetMechanism::<T>::insert(netuid, 1);
        SubnetOwner::<T>::insert(netuid, coldkey);
        SubnetOwnerHotkey::<T>::insert(netuid, hotkey);
        TokenSymbol::<T>::insert(netuid, Self::free_symbol(netuid));
        NetworkRegistrationAllowed::<T>::insert(netuid, true);
        SubnetEmissionEnabled::<T>::insert(netuid, false);
        Tempo::<T>::insert(netuid, INITIAL_TEMPO);
        MaxAllowedUids::<T>::insert(netuid, 256);
        MaxAllowedValidators::<T>::insert(netuid, 64);
        MinAllowedWeights::<T>::insert(netuid, 1);
        ImmunityPeriod::<T>::insert(netuid, 5_000);
        Yuma3On::<T>::insert(netuid, true);
        CommitRevealWeightsEnabled::<T>::insert(netuid, devnet::NewSubnetsCommit::<T>::get());
        Burn::<T>::insert(netuid, INITIAL_BURN);
        Self::set_easy_work(netuid);
        // The first epochs of subnets created together do not fall on one block.
        let stagger = u64::from(netuid % INITIAL_TEMPO);
        LastEpochBlock::<T>::insert(netuid, now.saturating_sub(stagger));
    }

    /// Opens a subnet for staking and emission.
    pub(crate) fn do_start_call(netuid: NetUid) -> DispatchResult {
        ensure!(
            FirstEmissionBlockNumber::<T>::get(netuid).is_none(),
            Error::<T>::FirstEmissionBlockNumberAlreadySet
        );
        let now = Self::now();
        let earliest = NetworkRegisteredAt::<T>::get(netuid).saturating_add(StartCallDelay::<T>::get());
        ensure!(now >= earliest, Error::<T>::NeedWaitingMoreBlocksToStarCall);
        let first = now.saturating_add(1);
        FirstEmissionBlockNumber::<T>::insert(netuid, first);
        SubtokenEnabled::<T>::insert(netuid, true);
        Self::deposit_event(Event::FirstEmissionBlockNumberSet(netuid, first));
        Ok(())
    }

    /// The subnet that a new one would dissolve, when the chain is full: the cheapest that is no longer immune.
    ///
    /// # Errors
    /// When all are immune.
    fn subnet_in_the_way() -> Result<Option<NetUid>, Error<T>> {
        let beside_root = Self::netuids()
            .into_iter()
            .filter(|netuid| *netuid != ROOT)
            .count();
        if beside_root < usize::from(SubnetLimit::<T>::get()) {
            return Ok(None);
        }
        Self::subnet_to_prune()
            .map(Some)
            .ok_or(Error::<T>::SubnetLimitReached)
    }

    /// The subnet that would be dissolved to make room; `None` when all are immune.
    #[must_use]
    pub fn subnet_to_prune() -> Option<NetUid> {
        let immunity = NetworkImmunityPeriod::<T>::get();
        let now = Self::now();
        Self::netuids()
            .into_iter()
            .filter(|netuid| *netuid != ROOT)
            .filter(|netuid| now >= NetworkRegisteredAt::<T>::get(netuid).saturating_add(immunity))
            .min_by_key(|netuid| {
                (
                    SubnetMovingPrice::<T>::get(netuid),
                    NetworkRegisteredAt::<T>::get(netuid),
                )
            })
    }

    fn free_netuid() -> Option<NetUid> {
        (1..NETUID_LIMIT).find(|netuid| !Self::subnet_exists(*netuid))
    }

    /// The middle of the prices of all subnets, in rao; par when there is none.
    fn median_price() -> u64 {
        let mut prices: Vec<u64> = Self::netuids()
            .into_iter()
            .filter(|netuid| *netuid != ROOT)
            .map(Self::alpha_price)
            .filter(|price| *price > 0)
            .collect();
        prices.sort_unstable();
        let middle = prices.len() / 2;
        match prices.len() % 2 {
            1 => prices.get(middle).copied(),
            _ => middle
                .checked_sub(1)
                .and_then(|low| Some(prices.get(low)?.midpoint(*prices.get(middle)?))),
        }
        .unwrap_or(PAR)
    }
}

/// How much alpha the TAO is worth at a price.
fn alpha_worth(tao: u64, price: u64) -> u64 {
    let alpha = (u128::from(tao) * u128::from(PAR))
        .checked_div(u128::from(price))
        .unwrap_or_default();
    u64::try_from(alpha).unwrap_or(u64::MAX)
}
