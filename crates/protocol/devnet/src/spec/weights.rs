//! Weights as they are written: of any scale, for uids or hotkeys.

use super::{SpecProblem, accounts::Accounts};
use node_subtensor_runtime::AccountId;
use std::collections::BTreeMap;
use toml::Value;

/// The row, ascending by uid, the largest value 65535. `uids` are the subnet's hotkeys in the order of their uids. An
/// error comes with the weight's key.
pub(super) fn row(
    written: &BTreeMap<String, Value>,
    uids: &[AccountId],
    accounts: &Accounts,
) -> Result<Vec<(u16, u16)>, (String, SpecProblem)> {
    let mut row = BTreeMap::new();
    for (key, value) in written {
        let failed = |problem| (key.clone(), problem);
        let weight = match value {
            Value::Integer(number) => *number as f64,
            Value::Float(number) => *number,
            _ => f64::NAN,
        };
        if !weight.is_finite() || weight < 0.0 {
            return Err(failed(SpecProblem::Weight(value.to_string())));
        }
        let uid = target(key, uids, accounts).map_err(failed)?;
        if row.insert(uid, weight).is_some() {
            return Err(failed(SpecProblem::SameName(key.clone())));
        }
    }
    let largest = row.values().copied().fold(0.0, f64::max);
    if largest == 0.0 && !row.is_empty() {
        let key = written.keys().next().cloned().unwrap_or_default();
        return Err((key, SpecProblem::Weight("0".to_owned())));
    }
    let scaled = |weight: f64| (weight / largest * 65535.0).round() as u16;
    Ok(row
        .into_iter()
        .map(|(uid, weight)| (uid, scaled(weight)))
        .collect())
}

fn target(key: &str, uids: &[AccountId], accounts: &Accounts) -> Result<u16, SpecProblem> {
    let unknown = || SpecProblem::WeightTarget(key.to_owned());
    if let Ok(uid) = key.parse::<u16>() {
        return if usize::from(uid) < uids.len() {
            Ok(uid)
        } else {
            Err(unknown())
        };
    }
    let hotkey = accounts.hotkey(key)?.hotkey;
    let place = uids.iter().position(|known| *known == hotkey);
    place
        .and_then(|place| u16::try_from(place).ok())
        .ok_or_else(unknown)
}
