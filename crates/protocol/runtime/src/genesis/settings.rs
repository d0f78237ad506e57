//! The settings that a description can make, by the names that people know them by, and the call that makes each.

use crate::{
    Runtime, RuntimeCall, RuntimeOrigin,
    fixed_point::U64F64,
    pallets::{
        admin_utils::Call as Admin,
        subtensor::{AlphaValues, Call as Subtensor},
    },
};
use frame_support::{dispatch::DispatchResult, traits::UnfilteredDispatchable};
use sp_runtime::DispatchError;

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name, `weights_rate_limit` for one.
    pub name: &'static str,
    /// What its number means.
    pub unit: Unit,
    /// What it does, in a few words.
    pub meaning: &'static str,
}

/// What a setting's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count: blocks, neurons, parts of 65535, whatever its meaning says.
    Count,
    /// 1 for on and 0 for off.
    Switch,
    /// TAO, in rao.
    Tao,
    /// Alpha, in units of 10⁻⁹.
    Alpha,
    /// A factor, in millionths.
    Factor,
}

/// When a subnet's setting is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before its neurons register.
    First,
    /// After its weights are set: what closes the subnet, demands commits, or starts the schedule.
    Last,
}

/// A number that a call takes.
trait Argument: Sized {
    fn from_raw(raw: i64) -> Option<Self>;
}

macro_rules! integers {
    ($($integer:ty),*) => {
        $(impl Argument for $integer {
            fn from_raw(raw: i64) -> Option<Self> {
                raw.try_into().ok()
            }
        })*
    };
}
integers!(u8, u16, u32, u64, i16);

impl Argument for bool {
    fn from_raw(raw: i64) -> Option<Self> {
        match raw {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Argument for U64F64 {
    fn from_raw(raw: i64) -> Option<Self> {
        let millionths = u128::try_from(raw).ok()?;
        Some(Self::from_bits((millionths << 64) / 1_000_000))
    }
}

/// The chain's words for a number that does not fit the call.
const OUT_OF_RANGE: DispatchError = DispatchError::Arithmetic(sp_runtime::ArithmeticError::Overflow);
const UNKNOWN: DispatchError = DispatchError::Other("a setting that does not exist");

macro_rules! settings {
    (
        chain { $($chain:ident $chain_unit:ident $chain_call:ident($chain_argument:ident), $chain_meaning:literal;)* }
        subnet { $($stage:ident $name:ident $unit:ident $module:ident::$call:ident($argument:ident), $meaning:literal;)* }
    ) => {
        /// The settings of the whole chain.
        pub const OF_CHAIN: &[Setting] = &[
            $(Setting { name: stringify!($chain), unit: Unit::$chain_unit, meaning: $chain_meaning },)*
        ];

        /// The hyperparameters of a subnet, in the order in which they are set.
        pub const OF_SUBNET: &[Setting] = &[
            $(Setting { name: stringify!($name), unit: Unit::$unit, meaning: $meaning },)*
            Setting { name: "alpha_low", unit: Unit::Count, meaning: "liquid alpha's lower bound, of 65535" },
            Setting { name: "alpha_high", unit: Unit::Count, meaning: "liquid alpha's upper bound, of 65535" },
            Setting { name: "yuma_version", unit: Unit::Count, meaning: "2 or 3" },
        ];

        fn call_of_chain(name: &str, raw: i64) -> Option<Option<RuntimeCall>> {
            match name {
                $(stringify!($chain) => Some(Argument::from_raw(raw).map(|value| {
                    Admin::<Runtime>::$chain_call { $chain_argument: value }.into()
                })),)*
                _ => None,
            }
        }

        fn call_of_subnet(netuid: u16, name: &str, raw: i64) -> Option<Option<RuntimeCall>> {
            match name {
                $(stringify!($name) => Some(Argument::from_raw(raw).map(|value| {
                    $module::<Runtime>::$call { netuid, $argument: value }.into()
                })),)*
                _ => None,
            }
        }

        fn stage(name: &str) -> Stage {
            match name {
                $(stringify!($name) => Stage::$stage,)*
                _ => Stage::First,
            }
        }
    };
}

settings! {
    chain {
        admin_freeze_window Count sudo_set_admin_freeze_window(window),
            "blocks before an epoch in which hyperparameters are frozen";
        stake_threshold Alpha sudo_set_stake_threshold(min_stake), "stake that setting weights needs";
        subnet_owner_cut Count sudo_set_subnet_owner_cut(subnet_owner_cut),
            "the owner's share of a subnet's emission, of 65535";
        network_rate_limit Count sudo_set_network_rate_limit(rate_limit), "blocks between two new subnets";
        network_min_lock_cost Tao sudo_set_network_min_lock_cost(lock_cost), "what a subnet costs at the least";
        network_immunity_period Count sudo_set_network_immunity_period(immunity_period),
            "blocks in which a new subnet cannot be pruned";
        subnet_limit Count sudo_set_subnet_limit(max_subnets), "subnets at most";
        start_call_delay Count sudo_set_start_call_delay(delay), "blocks before a new subnet can be started";
        owner_hyperparam_rate_limit Count sudo_set_owner_hparam_rate_limit(epochs),
            "tempos between two changes of a hyperparameter by the owner";
        max_epochs_per_block Count sudo_set_max_epochs_per_block(max_epochs_per_block), "epochs that a block runs";
        tx_rate_limit Count sudo_set_tx_rate_limit(tx_rate_limit), "blocks between two key swaps";
        min_delegate_take Count sudo_set_min_delegate_take(take), "a validator's take at the least, of 65535";
        nominator_min_required_stake Tao sudo_set_nominator_min_required_stake(min_stake),
            "what a nomination is worth at the least";
    }
    subnet {
        First weights_rate_limit Count Admin::sudo_set_weights_set_rate_limit(weights_set_rate_limit),
            "blocks between two weight rows of a validator";
        First weights_version Count Admin::sudo_set_weights_version_key(weights_version_key),
            "the least version key of weights";
        First min_allowed_weights Count Admin::sudo_set_min_allowed_weights(min_allowed_weights),
            "the least entries of a row";
        First kappa Count Admin::sudo_set_kappa(kappa), "the majority of the consensus, of 65535";
        First rho Count Admin::sudo_set_rho(rho), "unused today";
        First immunity_period Count Admin::sudo_set_immunity_period(immunity_period),
            "blocks in which a new neuron cannot be pruned";
        First activity_cutoff_factor Count Subtensor::set_activity_cutoff_factor(factor_milli),
            "thousandths of a tempo after which a silent validator counts no more";
        First max_validators Count Admin::sudo_set_max_allowed_validators(max_allowed_validators),
            "permits that an epoch hands out";
        First serving_rate_limit Count Admin::sudo_set_serving_rate_limit(serving_rate_limit),
            "blocks between two publications of an axon";
        First min_burn Tao Admin::sudo_set_min_burn(min_burn), "what a registration costs at the least";
        First max_burn Tao Admin::sudo_set_max_burn(max_burn), "what a registration costs at the most";
        First burn_half_life Count Admin::sudo_set_burn_half_life(burn_half_life),
            "blocks in which the price of a registration halves";
        First burn_increase_mult Factor Admin::sudo_set_burn_increase_mult(burn_increase_mult),
            "what a registration multiplies the price by";
        First bonds_moving_avg Count Admin::sudo_set_bonds_moving_average(bonds_moving_average),
            "how much of the old bonds an epoch keeps, in millionths";
        First bonds_penalty Count Admin::sudo_set_bonds_penalty(bonds_penalty),
            "how far bonds follow the clipped weights, of 65535";
        First bonds_reset_enabled Switch Admin::sudo_set_bonds_reset_enabled(enabled),
            "whether a miner may reset the bonds towards it";
        First liquid_alpha_enabled Switch Admin::sudo_set_liquid_alpha_enabled(enabled),
            "whether every bond has a speed of its own";
        First alpha_sigmoid_steepness Count Admin::sudo_set_alpha_sigmoid_steepness(steepness),
            "liquid alpha's steepness, in hundredths";
        First commit_reveal_period Count Admin::sudo_set_commit_reveal_weights_interval(interval),
            "epochs between commitment and reveal";
        First transfers_enabled Switch Admin::sudo_set_toggle_transfer(toggle), "whether stake may change owners";
        First owner_cut_enabled Switch Admin::sudo_set_owner_cut_enabled(enabled),
            "whether the owner takes a share of the emission";
        First owner_cut_auto_lock_enabled Switch Admin::sudo_set_owner_cut_auto_lock_enabled(enabled),
            "whether the owner's share is locked";
        First min_childkey_take Count Admin::sudo_set_min_childkey_take_per_subnet(take),
            "a child key's take at the least, of 65535";
        First min_non_immune_uids Count Admin::sudo_set_min_non_immune_uids(min),
            "neurons past immunity that are never pruned below";
        First owner_immune_uids Count Admin::sudo_set_owner_immune_neuron_limit(immune_neurons),
            "the owner's neurons that are never pruned";
        First difficulty Count Admin::sudo_set_difficulty(difficulty), "of registration by work";
        First min_difficulty Count Admin::sudo_set_min_difficulty(min_difficulty), "of registration by work";
        First max_difficulty Count Admin::sudo_set_max_difficulty(max_difficulty), "of registration by work";
        Last min_allowed_uids Count Admin::sudo_set_min_allowed_uids(min_allowed_uids),
            "the least that max_allowed_uids may be; below the number of neurons";
        Last max_allowed_uids Count Admin::sudo_set_max_allowed_uids(max_allowed_uids), "neurons at most";
        Last registration_allowed Switch Admin::sudo_set_network_registration_allowed(registration_allowed),
            "whether newcomers may register";
        Last commit_reveal_weights_enabled Switch Admin::sudo_set_commit_reveal_weights_enabled(enabled),
            "whether weights must be committed";
        Last tempo Count Admin::sudo_set_tempo(tempo), "blocks between epochs";
    }
}

/// Makes a setting of the whole chain.
pub(super) fn set_of_chain(name: &str, raw: i64) -> DispatchResult {
    run(call_of_chain(name, raw).ok_or(UNKNOWN)?.ok_or(OUT_OF_RANGE)?)
}

/// Makes the settings of a subnet that belong to a stage, in the table's order whatever the list's. An error comes with
/// the name of the setting.
pub(super) fn set(netuid: u16, when: Stage, wanted: &[(String, i64)]) -> Result<(), (String, DispatchError)> {
    for (name, _) in wanted {
        if !OF_SUBNET.iter().any(|known| known.name == name) {
            return Err((name.clone(), UNKNOWN));
        }
    }
    for known in OF_SUBNET.iter().filter(|known| stage(known.name) == when) {
        let Some((name, raw)) = wanted.iter().find(|(name, _)| name == known.name) else {
            continue;
        };
        let made = match known.name {
            "alpha_low" | "alpha_high" => set_alpha_values(netuid, wanted),
            "yuma_version" => match raw {
                2 | 3 => run(Admin::<Runtime>::sudo_set_yuma3_enabled {
                    netuid,
                    enabled: *raw == 3,
                }),
                _ => Err(OUT_OF_RANGE),
            },
            _ => call_of_subnet(netuid, known.name, *raw)
                .ok_or(UNKNOWN)
                .and_then(|call| call.ok_or(OUT_OF_RANGE))
                .and_then(run),
        };
        made.map_err(|error| (name.clone(), error))?;
    }
    Ok(())
}

/// Both bounds go in one call; who names one keeps the other.
fn set_alpha_values(netuid: u16, wanted: &[(String, i64)]) -> DispatchResult {
    let (low, high) = AlphaValues::<Runtime>::get(netuid);
    let bound = |name: &str, now: u16| match wanted.iter().find(|(wanted, _)| wanted == name) {
        Some((_, raw)) => u16::from_raw(*raw).ok_or(OUT_OF_RANGE),
        None => Ok(now),
    };
    run(Admin::<Runtime>::sudo_set_alpha_values {
        netuid,
        alpha_low: bound("alpha_low", low)?,
        alpha_high: bound("alpha_high", high)?,
    })
}

fn run(call: impl Into<RuntimeCall>) -> DispatchResult {
    call.into()
        .dispatch_bypass_filter(RuntimeOrigin::root())
        .map(|_| ())
        .map_err(|failure| failure.error)
}
