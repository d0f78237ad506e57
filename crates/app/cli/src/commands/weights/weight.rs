//! Weights as they are typed: UID=VALUE or HOTKEY=VALUE.

use assay_chain::{AccountId, NetUid, Uid};
use miette::miette;
use std::str::FromStr;

/// Who gets how much.
#[derive(Clone, Debug)]
pub(crate) struct Weight {
    who: Who,
    value: f64,
}

#[derive(Clone, Debug)]
enum Who {
    Uid(Uid),
    Hotkey(AccountId),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum WeightError {
    #[error("write UID=VALUE or HOTKEY=VALUE, like 3=0.5")]
    Form,
    #[error("\"{0}\" is neither a uid nor the address of a hotkey")]
    Who(String),
    #[error("\"{0}\" is not a weight: a number, 0 or more")]
    Value(String),
}

impl FromStr for Weight {
    type Err = WeightError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (who, value) = text.split_once('=').ok_or(WeightError::Form)?;
        let number = value
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite() && *value >= 0.0);
        let who = match (who.parse(), who.parse()) {
            (Ok(uid), _) => Who::Uid(uid),
            (_, Ok(hotkey)) => Who::Hotkey(hotkey),
            _ => return Err(WeightError::Who(who.to_owned())),
        };
        Ok(Self {
            who,
            value: number.ok_or_else(|| WeightError::Value(value.to_owned()))?,
        })
    }
}

/// The uid and the value. `hotkeys` are the subnet's, in the order of their uids.
pub(crate) fn by_hotkey_or_uid(
    weight: &Weight,
    hotkeys: &[AccountId],
    netuid: NetUid,
) -> miette::Result<(Uid, f64)> {
    match weight.who {
        Who::Uid(uid) if usize::from(uid.0) < hotkeys.len() => Ok((uid, weight.value)),
        Who::Uid(uid) => Err(miette!(
            help = "`assay subnet metagraph` lists the neurons",
            "there is no uid {uid} in subnet {netuid}, which has {}",
            hotkeys.len()
        )),
        Who::Hotkey(hotkey) => {
            let place = hotkeys.iter().position(|known| *known == hotkey);
            place
                .and_then(|place| u16::try_from(place).ok())
                .map(|uid| (Uid(uid), weight.value))
                .ok_or_else(|| {
                    miette!(
                        help = "`assay subnet metagraph` lists the neurons",
                        "hotkey {hotkey} is not registered in subnet {netuid}"
                    )
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_for_uids_and_hotkeys_and_anything_else_is_named() {
        let weight: Weight = "3=0.5".parse().unwrap();
        assert!(matches!(
            weight,
            Weight {
                who: Who::Uid(Uid(3)),
                value: 0.5
            }
        ));
        let hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY=2";
        assert!(matches!(hotkey.parse::<Weight>().unwrap().who, Who::Hotkey(_)));
        assert!(matches!("3".parse::<Weight>(), Err(WeightError::Form)));
        assert!(matches!("alice=1".parse::<Weight>(), Err(WeightError::Who(_))));
        for value in ["3=-1", "3=NaN", "3=inf", "3="] {
            assert!(
                matches!(value.parse::<Weight>(), Err(WeightError::Value(_))),
                "{value}"
            );
        }
    }
}
