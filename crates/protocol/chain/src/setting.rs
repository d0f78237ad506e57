//! The hyperparameters of a subnet one by one: by the names that people know, with their units, defaults, bounds, and the
//! calls that change them. [`Hyperparameters`](crate::Hyperparameters) is what a neuron needs of them, typed.

use crate::{Alpha, Call, NetUid, Rao, runtime::number_value};
use scale_value::{Composite, Primitive, Value, ValueDef};
use serde::{Serialize, Serializer};
use std::fmt;

/// What a setting's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SettingUnit {
    /// Blocks.
    Blocks,
    /// Epochs.
    Epochs,
    /// Things.
    Count,
    /// Parts of 65535.
    Part,
    /// Millionths.
    Millionths,
    /// Thousandths of a tempo.
    TempoThousandths,
    /// Hundredths.
    Hundredths,
    /// On or off.
    Switch,
    /// TAO, in rao.
    Tao,
    /// Alpha, in units of 10⁻⁹.
    Alpha,
    /// A factor, in units of 2⁻⁶⁴.
    Factor,
}

/// Who may change a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingAuthority {
    /// The subnet's owner, within bounds, and root.
    Owner,
    /// Root alone.
    Root,
}

/// A hyperparameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, `weights_rate_limit` for one.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// What its number counts.
    pub unit: SettingUnit,
    /// What a new subnet begins with, in that unit.
    pub default: i128,
    /// Who may change it.
    pub authority: SettingAuthority,
    /// What values are allowed, in words; empty where any number that fits is.
    pub bounds: &'static str,
    pub(crate) storage: &'static str,
    setter: Setter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setter {
    /// A call of AdminUtils with one argument beside the subnet.
    Admin(&'static str, &'static str),
    /// A call of the subnets' own pallet.
    Subtensor(&'static str, &'static str),
    /// An owner's call of the subnets' pallet, and root's of AdminUtils.
    OwnerOrRoot {
        owner: (&'static str, &'static str),
        root: (&'static str, &'static str),
    },
    /// Half of a pair that one call sets.
    AlphaLow,
    AlphaHigh,
}

/// The value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingValue {
    /// The raw number.
    pub raw: i128,
    /// What it counts.
    pub unit: SettingUnit,
}

/// Text that is no value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is no value for {name}: write {wanted}")]
pub struct SettingError {
    /// The setting.
    pub name: &'static str,
    /// What was given.
    pub text: String,
    /// What it should be.
    pub wanted: &'static str,
}

const fn setting(
    name: &'static str,
    storage: &'static str,
    unit: SettingUnit,
    default: i128,
    authority: SettingAuthority,
    setter: Setter,
    texts: (&'static str, &'static str),
) -> Setting {
    let (meaning, bounds) = texts;
    Setting {
        name,
        meaning,
        unit,
        default,
        authority,
        bounds,
        storage,
        setter,
    }
}

use Setter::Admin;
use SettingAuthority::{Owner, Root};
use SettingUnit::{
    Alpha as AlphaUnit, Blocks, Count, Epochs, Factor, Hundredths, Millionths, Part, Switch, Tao,
    TempoThousandths,
};

/// 1.26 in units of 2⁻⁶⁴.
const BURN_INCREASE: i128 = 23_242_897_532_874_035_200;

/// All of them, in the order in which people look for them.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("tempo", "Tempo", Blocks, 360, Owner, Setter::OwnerOrRoot { owner: ("set_tempo", "tempo"), root: ("sudo_set_tempo", "tempo") },
        ("between epochs", "360 to 50400 for the owner, any for root; commit-reveal must be off for the owner")),
    setting("commit_reveal_weights_enabled", "CommitRevealWeightsEnabled", Switch, 1, Owner, Admin("sudo_set_commit_reveal_weights_enabled", "enabled"),
        ("whether weights must be committed first", "")),
    setting("commit_reveal_period", "RevealPeriodEpochs", Epochs, 1, Owner, Admin("sudo_set_commit_reveal_weights_interval", "interval"),
        ("between commitment and reveal", "1 to 100")),
    setting("weights_rate_limit", "WeightsSetRateLimit", Blocks, 100, Root, Admin("sudo_set_weights_set_rate_limit", "weights_set_rate_limit"),
        ("between two weight rows of a validator", "")),
    setting("weights_version", "WeightsVersionKey", Count, 0, Owner, Admin("sudo_set_weights_version_key", "weights_version_key"),
        ("the least version key of weights; 0 takes every", "")),
    setting("min_allowed_weights", "MinAllowedWeights", Count, 1, Owner, Admin("sudo_set_min_allowed_weights", "min_allowed_weights"),
        ("entries that a row must have", "")),
    setting("max_validators", "MaxAllowedValidators", Count, 64, Root, Admin("sudo_set_max_allowed_validators", "max_allowed_validators"),
        ("permits that an epoch hands out", "at most max_allowed_uids")),
    setting("max_allowed_uids", "MaxAllowedUids", Count, 256, Owner, Admin("sudo_set_max_allowed_uids", "max_allowed_uids"),
        ("neurons at most", "min_allowed_uids to 256, not below the neurons there are")),
    setting("min_allowed_uids", "MinAllowedUids", Count, 64, Root, Admin("sudo_set_min_allowed_uids", "min_allowed_uids"),
        ("the least that max_allowed_uids may be", "below the neurons there are")),
    setting("immunity_period", "ImmunityPeriod", Blocks, 5000, Owner, Admin("sudo_set_immunity_period", "immunity_period"),
        ("in which a new neuron cannot be pruned", "")),
    setting("min_non_immune_uids", "MinNonImmuneUids", Count, 10, Root, Admin("sudo_set_min_non_immune_uids", "min"),
        ("neurons past immunity below which none is pruned", "")),
    setting("owner_immune_uids", "ImmuneOwnerUidsLimit", Count, 1, Owner, Admin("sudo_set_owner_immune_neuron_limit", "immune_neurons"),
        ("the owner's neurons that are never pruned", "1 to 10")),
    setting("activity_cutoff_factor", "ActivityCutoffFactorMilli", TempoThousandths, 13889, Owner, Setter::Subtensor("set_activity_cutoff_factor", "factor_milli"),
        ("after which a silent validator counts no more", "1000 to 50000")),
    setting("kappa", "Kappa", Part, 32767, Root, Admin("sudo_set_kappa", "kappa"),
        ("the majority of the consensus", "")),
    setting("rho", "Rho", Count, 10, Owner, Admin("sudo_set_rho", "rho"),
        ("unused today", "")),
    setting("yuma3_enabled", "Yuma3On", Switch, 1, Owner, Admin("sudo_set_yuma3_enabled", "enabled"),
        ("whether every validator has a scale of bonds of its own", "")),
    setting("liquid_alpha_enabled", "LiquidAlphaOn", Switch, 0, Owner, Admin("sudo_set_liquid_alpha_enabled", "enabled"),
        ("whether every bond has a speed of its own; counts with yuma3", "")),
    setting("alpha_low", "AlphaValues", Part, 45875, Owner, Setter::AlphaLow,
        ("liquid alpha's slowest", "1638 to alpha_high, while liquid alpha is on")),
    setting("alpha_high", "AlphaValues", Part, 58982, Owner, Setter::AlphaHigh,
        ("liquid alpha's fastest", "1638 and more, while liquid alpha is on")),
    setting("alpha_sigmoid_steepness", "AlphaSigmoidSteepness", Hundredths, 1000, Owner, Admin("sudo_set_alpha_sigmoid_steepness", "steepness"),
        ("how sharply the speed changes with disagreement", "0 and more for the owner")),
    setting("bonds_moving_avg", "BondsMovingAverage", Millionths, 900_000, Owner, Admin("sudo_set_bonds_moving_average", "bonds_moving_average"),
        ("of the old bonds that an epoch keeps", "at most 975000 for the owner")),
    setting("bonds_penalty", "BondsPenalty", Part, 65535, Owner, Admin("sudo_set_bonds_penalty", "bonds_penalty"),
        ("how far bonds follow the clipped weights", "")),
    setting("bonds_reset_enabled", "BondsResetOn", Switch, 0, Owner, Admin("sudo_set_bonds_reset_enabled", "enabled"),
        ("whether a miner may reset the bonds towards it", "")),
    setting("registration_allowed", "NetworkRegistrationAllowed", Switch, 1, Root, Admin("sudo_set_network_registration_allowed", "registration_allowed"),
        ("whether newcomers may register, and the subnet emits", "")),
    setting("min_burn", "MinBurn", Tao, 500_000, Owner, Admin("sudo_set_min_burn", "min_burn"),
        ("a registration's least price", "below max_burn")),
    setting("max_burn", "MaxBurn", Tao, 100_000_000_000, Owner, Admin("sudo_set_max_burn", "max_burn"),
        ("a registration's highest price", "above min_burn")),
    setting("burn_half_life", "BurnHalfLife", Blocks, 360, Owner, Admin("sudo_set_burn_half_life", "burn_half_life"),
        ("in which a registration's price halves", "1 to 36100")),
    setting("burn_increase_mult", "BurnIncreaseMult", Factor, BURN_INCREASE, Owner, Admin("sudo_set_burn_increase_mult", "burn_increase_mult"),
        ("by which a registration raises the price", "1 to 3")),
    setting("serving_rate_limit", "ServingRateLimit", Blocks, 50, Owner, Admin("sudo_set_serving_rate_limit", "serving_rate_limit"),
        ("between two publications of an axon", "")),
    setting("transfers_enabled", "TransferToggle", Switch, 1, Owner, Admin("sudo_set_toggle_transfer", "toggle"),
        ("whether stake may change owners", "")),
    setting("owner_cut_enabled", "OwnerCutEnabled", Switch, 1, Owner, Admin("sudo_set_owner_cut_enabled", "enabled"),
        ("whether the owner takes a share of the emission", "")),
    setting("owner_cut_auto_lock_enabled", "OwnerCutAutoLockEnabled", Switch, 0, Owner, Admin("sudo_set_owner_cut_auto_lock_enabled", "enabled"),
        ("whether the owner's share is locked", "")),
    setting("min_childkey_take", "MinChildkeyTakePerSubnet", Part, 0, Owner, Admin("sudo_set_min_childkey_take_per_subnet", "take"),
        ("a child key's least take", "at most 11796")),
    setting("difficulty", "Difficulty", Count, 10_000_000, Root, Admin("sudo_set_difficulty", "difficulty"),
        ("of registration by work, where the chain has it", "")),
    setting("stake_threshold", "StakeThreshold", AlphaUnit, 0, Root, Setter::Admin("sudo_set_stake_threshold", "min_stake"),
        ("stake that setting weights needs, on the whole chain", "")),
];

/// Settings that one storage value holds for the whole chain.
const OF_CHAIN: &[&str] = &["stake_threshold"];

impl Setting {
    /// The setting with a name, as this client or btcli knows it.
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = match name {
            "activity_cutoff" => "activity_cutoff_factor",
            "weights_version_key" => "weights_version",
            "weights_set_rate_limit" => "weights_rate_limit",
            "max_allowed_validators" => "max_validators",
            "bonds_moving_average" => "bonds_moving_avg",
            "commit_reveal_weights_interval" => "commit_reveal_period",
            "network_registration_allowed" => "registration_allowed",
            other => other,
        };
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    pub(crate) fn is_of_chain(&self) -> bool {
        OF_CHAIN.contains(&self.name)
    }

    /// What a new subnet begins with.
    pub fn default_value(&self) -> SettingValue {
        SettingValue {
            raw: self.default,
            unit: self.unit,
        }
    }

    /// Reads a value as people write it: TAO and alpha with decimals, switches as true and false, everything else as its
    /// whole number.
    ///
    /// # Errors
    ///
    /// When the text is no value of it.
    pub fn parse(&self, text: &str) -> Result<SettingValue, SettingError> {
        let wanted = match self.unit {
            Switch => "true or false",
            Tao => "an amount of TAO like 0.5",
            AlphaUnit => "an amount of alpha like 0.5",
            Factor => "a number like 1.26",
            _ => "a whole number",
        };
        let raw = match self.unit {
            Switch => match text {
                "true" | "on" | "yes" | "1" => Some(1),
                "false" | "off" | "no" | "0" => Some(0),
                _ => None,
            },
            Tao => text.parse::<Rao>().ok().map(|rao| i128::from(rao.0)),
            AlphaUnit => text.parse::<Alpha>().ok().map(|alpha| i128::from(alpha.0)),
            Factor => text
                .parse::<f64>()
                .ok()
                .filter(|number| (0.0..1e6).contains(number))
                .map(|number| ((number * 1e9).round() as i128 * (1 << 64)) / 1_000_000_000),
            _ => text.parse().ok(),
        };
        raw.map(|raw| SettingValue { raw, unit: self.unit })
            .ok_or_else(|| SettingError {
                name: self.name,
                text: text.chars().take(80).collect(),
                wanted,
            })
    }

    /// The call that changes it, as the owner makes it or, to be wrapped in [`Call::sudo`], root. `pair` are both values
    /// of liquid alpha now, of which one call sets both.
    pub fn call(&self, netuid: NetUid, value: SettingValue, by: SettingAuthority, pair: (u16, u16)) -> Call {
        let subnet = ("netuid", number_value(netuid.0));
        let argument = match self.unit {
            Switch => Value::bool(value.raw != 0),
            Factor => Value::named_composite([("bits", Value::u128(value.raw.unsigned_abs()))]),
            _ if value.raw < 0 => Value::i128(value.raw),
            _ => Value::u128(value.raw.unsigned_abs()),
        };
        let admin = |name, arguments: Vec<(&str, Value)>| Call::new("AdminUtils", name, arguments);
        let subtensor = |name, arguments: Vec<(&str, Value)>| Call::new("SubtensorModule", name, arguments);
        match (self.setter, by) {
            (Setter::Admin(call, name), _) if self.is_of_chain() => admin(call, vec![(name, argument)]),
            (Setter::Admin(call, name), _) => admin(call, vec![subnet, (name, argument)]),
            (Setter::Subtensor(call, name), _)
            | (
                Setter::OwnerOrRoot {
                    owner: (call, name), ..
                },
                Owner,
            ) => subtensor(call, vec![subnet, (name, argument)]),
            (
                Setter::OwnerOrRoot {
                    root: (call, name), ..
                },
                Root,
            ) => admin(call, vec![subnet, (name, argument)]),
            (Setter::AlphaLow, _) => admin(
                "sudo_set_alpha_values",
                vec![
                    subnet,
                    ("alpha_low", argument),
                    ("alpha_high", number_value(pair.1)),
                ],
            ),
            (Setter::AlphaHigh, _) => admin(
                "sudo_set_alpha_values",
                vec![
                    subnet,
                    ("alpha_low", number_value(pair.0)),
                    ("alpha_high", argument),
                ],
            ),
        }
    }

    /// The number in a stored value; nothing when it has another shape.
    pub(crate) fn raw_of<T>(&self, stored: &Value<T>) -> Option<i128> {
        let stored = match (self.setter, &stored.value) {
            (Setter::AlphaLow, ValueDef::Composite(pair)) => pair.values().next()?,
            (Setter::AlphaHigh, ValueDef::Composite(pair)) => pair.values().nth(1)?,
            _ => stored,
        };
        number_of(stored)
    }
}

fn number_of<T>(value: &Value<T>) -> Option<i128> {
    match &value.value {
        ValueDef::Primitive(Primitive::Bool(flag)) => Some(i128::from(*flag)),
        ValueDef::Primitive(Primitive::U128(number)) => i128::try_from(*number).ok(),
        ValueDef::Primitive(Primitive::I128(number)) => Some(*number),
        // A fixed-point number is a composite of its bits.
        ValueDef::Composite(Composite::Named(fields)) => match fields.as_slice() {
            [(_, bits)] => number_of(bits),
            _ => None,
        },
        ValueDef::Composite(Composite::Unnamed(fields)) => match fields.as_slice() {
            [bits] => number_of(bits),
            _ => None,
        },
        _ => None,
    }
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = self.raw;
        let of = |whole: f64| raw as f64 / whole;
        let units = u64::try_from(raw).unwrap_or_default();
        match self.unit {
            Blocks if raw == 1 => f.write_str("1 block"),
            Blocks => write!(f, "{raw} blocks"),
            Epochs if raw == 1 => f.write_str("1 epoch"),
            Epochs => write!(f, "{raw} epochs"),
            Count => write!(f, "{raw}"),
            Part => write!(f, "{raw} ({:.4})", of(65535.0)),
            Millionths => write!(f, "{raw} ({:.4})", of(1e6)),
            TempoThousandths => write!(f, "{raw} ({:.3} tempos)", of(1e3)),
            Hundredths => write!(f, "{raw} ({:.2})", of(1e2)),
            Switch => f.write_str(if raw == 0 { "off" } else { "on" }),
            Tao => Rao(units).fmt(f),
            AlphaUnit => Alpha(units).fmt(f),
            Factor => write!(f, "{:.4}", of(2f64.powi(64))),
        }
    }
}

/// Switches as booleans, factors as numbers, everything else as its whole number.
impl Serialize for SettingValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.unit, i64::try_from(self.raw)) {
            (Switch, _) => serializer.serialize_bool(self.raw != 0),
            (Factor, _) => serializer.serialize_f64(self.raw as f64 / 2f64.powi(64)),
            (_, Ok(raw)) => serializer.serialize_i64(raw),
            (_, Err(_)) => serializer.serialize_u64(u64::try_from(self.raw).unwrap_or(u64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them_and_shown_with_their_units() {
        let shown = |name: &str, text: &str| Setting::find(name).unwrap().parse(text).unwrap().to_string();
        assert_eq!(shown("min_burn", "0.5"), "0.5 τ");
        assert_eq!(shown("kappa", "32767"), "32767 (0.5000)");
        assert_eq!(shown("tempo", "1"), "1 block");
        assert_eq!(shown("weights_version_key", "7"), "7");
        assert_eq!(shown("burn_increase_mult", "1.26"), "1.2600");
        assert_eq!(shown("yuma3_enabled", "off"), "off");
        let default = Setting::find("burn_increase_mult").unwrap().default_value();
        assert_eq!(default.to_string(), "1.2600");
        for (name, text) in [
            ("tempo", "soon"),
            ("yuma3_enabled", "maybe"),
            ("min_burn", "-1"),
            ("kappa", "0.5"),
        ] {
            let error = Setting::find(name).unwrap().parse(text).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        assert!(Setting::find("no_such_setting").is_none());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
