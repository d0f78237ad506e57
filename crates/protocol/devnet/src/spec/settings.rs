//! Settings as they are written, turned into the numbers that the runtime takes.

use super::{SpecProblem, amount};
use node_subtensor_runtime::genesis::{Setting, Unit};
use std::collections::BTreeMap;
use toml::Value;

/// The raw numbers of written settings. An error comes with the setting's name.
pub(super) fn raw(
    written: &BTreeMap<String, Value>,
    known: &'static [Setting],
) -> Result<Vec<(String, i64)>, (String, SpecProblem)> {
    written
        .iter()
        .map(|(name, value)| {
            let raw = match known.iter().find(|setting| setting.name == name) {
                Some(setting) => number(setting, value),
                None => Err(SpecProblem::Setting(alike(name, known))),
            };
            raw.map(|raw| (name.clone(), raw))
                .map_err(|problem| (name.clone(), problem))
        })
        .collect()
}

/// The raw number of one value.
pub(super) fn number(setting: &Setting, value: &Value) -> Result<i64, SpecProblem> {
    let raw = match (setting.unit, value) {
        (Unit::Count, Value::Integer(number)) => Some(*number),
        (Unit::Switch, Value::Boolean(on)) => Some(i64::from(*on)),
        (Unit::Tao | Unit::Alpha, value) => amount::units(value)
            .ok()
            .and_then(|units| i64::try_from(units).ok()),
        (Unit::Factor, Value::Integer(number)) => number.checked_mul(1_000_000),
        // Far inside what both types hold exactly: bounds are the chain's affair.
        (Unit::Factor, Value::Float(number)) if number.abs() < 1e6 => Some((number * 1e6).round() as i64),
        _ => None,
    };
    raw.ok_or_else(|| SpecProblem::SettingValue {
        value: value.to_string(),
        meaning: setting.meaning,
        unit: setting.unit,
    })
}

/// A setting whose name differs by little.
fn alike(name: &str, known: &'static [Setting]) -> Option<&'static str> {
    let distance = |setting: &&'static Setting| edit_distance(name, setting.name);
    known
        .iter()
        .min_by_key(distance)
        .filter(|setting| edit_distance(name, setting.name) <= 1 + name.len() / 4)
        .map(|setting| setting.name)
}

/// How many letters must be added, removed or changed.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, letter) in left.chars().enumerate() {
        let mut corner = above;
        row[0] = above + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        assert_eq!(edit_distance("kappa", "kappa"), 0);
        assert_eq!(edit_distance("kapa", "kappa"), 1);
        assert_eq!(edit_distance("", "rho"), 3);
        assert_eq!(edit_distance("tempos", "temple"), 2);
    }
}
