//! The first field in which an epoch is not what was recorded.

use super::document::Expected;
use crate::output::EpochOutput;
use serde::Serialize;
use std::fmt;

/// The first value of a replay that is not the recorded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The case's id.
    pub case: String,
    /// The epoch, from zero.
    pub epoch: usize,
    /// Where in the output.
    pub field: Field,
    /// Whose value.
    pub uid: usize,
    /// What the file says; for bonds the whole row.
    pub expected: String,
    /// What the replay gave.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            case,
            epoch,
            field,
            uid,
            expected,
            got,
        } = self;
        write!(
            formatter,
            "case {case}, epoch {epoch}, {field} of uid {uid}: expected {expected}, got {got}"
        )
    }
}

/// A field of [`EpochOutput`], by its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is documented as the field of the same name")]
pub enum Field {
    Active,
    StakeWeight,
    Consensus,
    Incentive,
    Dividends,
    ValidatorTrust,
    ValidatorPermit,
    Emission,
    ServerEmission,
    ValidatorEmission,
    Bonds,
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Field::Active => "active",
            Field::StakeWeight => "stake_weight",
            Field::Consensus => "consensus",
            Field::Incentive => "incentive",
            Field::Dividends => "dividends",
            Field::ValidatorTrust => "validator_trust",
            Field::ValidatorPermit => "validator_permit",
            Field::Emission => "emission",
            Field::ServerEmission => "server_emission",
            Field::ValidatorEmission => "validator_emission",
            Field::Bonds => "bonds",
        })
    }
}

/// The first difference, in the order in which an epoch computes its fields, so that the cause comes before what
/// follows from it.
pub(super) fn first(case: &str, epoch: usize, expected: &Expected, got: &EpochOutput) -> Option<Difference> {
    let flags = |values: &[bool]| values.iter().map(|value| u8::from(*value)).collect::<Vec<u8>>();
    let lists = [
        list(Field::Active, &expected.active, &flags(&got.active)),
        list(Field::StakeWeight, &expected.stake_weight, &got.stake_weight),
        list(
            Field::ValidatorPermit,
            &expected.validator_permit,
            &flags(&got.validator_permit),
        ),
        list(Field::Consensus, &expected.consensus, &got.consensus),
        list(
            Field::ValidatorTrust,
            &expected.validator_trust,
            &got.validator_trust,
        ),
        list(Field::Incentive, &expected.incentive, &got.incentive),
        bonds(expected, got),
        list(Field::Dividends, &expected.dividends, &got.dividends),
        list(
            Field::ServerEmission,
            &expected.server_emission,
            &got.server_emission,
        ),
        list(
            Field::ValidatorEmission,
            &expected.validator_emission,
            &got.validator_emission,
        ),
        list(Field::Emission, &expected.emission, &got.emission),
    ];
    let (field, uid, expected, got) = lists.into_iter().flatten().next()?;
    Some(Difference {
        case: case.to_owned(),
        epoch,
        field,
        uid,
        expected,
        got,
    })
}

type Found = (Field, usize, String, String);

fn list<T: PartialEq + fmt::Display>(field: Field, expected: &[T], got: &[T]) -> Option<Found> {
    let shown = |value: Option<&T>| value.map_or_else(|| "nothing".to_owned(), T::to_string);
    (0..expected.len().max(got.len()))
        .find(|uid| expected.get(*uid) != got.get(*uid))
        .map(|uid| (field, uid, shown(expected.get(uid)), shown(got.get(uid))))
}

fn bonds(expected: &Expected, got: &EpochOutput) -> Option<Found> {
    let known = expected
        .bonds
        .keys()
        .map(|uid| usize::from(*uid) + 1)
        .max()
        .unwrap_or(0);
    (0..known.max(got.bonds.len())).find_map(|uid| {
        let key = u16::try_from(uid).ok()?;
        let wanted = expected.bonds.get(&key).map_or(&[][..], Vec::as_slice);
        let row = got.bonds.get(uid).map_or(&[][..], Vec::as_slice);
        let flat: Vec<u16> = row.iter().flat_map(|(target, bond)| [*target, *bond]).collect();
        (wanted != flat).then(|| (Field::Bonds, uid, format!("{wanted:?}"), format!("{flat:?}")))
    })
}
