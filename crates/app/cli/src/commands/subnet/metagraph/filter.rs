//! Which neurons are shown: `stake>100`, `validator`, `!axon`, `hotkey~5F`.

use super::field::{Cell, Field, UnknownField};
use assay_chain::{Block, Neuron};
use std::str::FromStr;

/// A condition on a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    field: Field,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// There is something in it, and it is not "no" or 0.
    Set,
    /// The opposite.
    Unset,
    Number(Comparison, f64),
    Text(Comparison, String),
    Contains(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    More,
    Less,
    AtLeast,
    AtMost,
    Equal,
    NotEqual,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum FilterError {
    #[error(transparent)]
    Field(#[from] UnknownField),
    #[error("\"{value}\" is no number, which {field} is")]
    Number { field: &'static str, value: String },
    #[error("{field} is words: compare them with =, != or ~")]
    Words { field: &'static str },
}

/// Longer ones first, or `>=` would be read as `>`.
const OPERATORS: [(&str, Option<Comparison>); 7] = [
    (">=", Some(Comparison::AtLeast)),
    ("<=", Some(Comparison::AtMost)),
    ("!=", Some(Comparison::NotEqual)),
    (">", Some(Comparison::More)),
    ("<", Some(Comparison::Less)),
    ("=", Some(Comparison::Equal)),
    ("~", None),
];

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let found = OPERATORS
            .iter()
            .filter_map(|(operator, comparison)| Some((text.find(operator)?, *operator, *comparison)))
            // The first in the text; of those at one place the longest.
            .min_by_key(|(place, operator, _)| (*place, usize::MAX - operator.len()));
        let Some((place, operator, comparison)) = found else {
            return Ok(match text.strip_prefix('!') {
                Some(name) => Self {
                    field: name.parse()?,
                    test: Test::Unset,
                },
                None => Self {
                    field: text.parse()?,
                    test: Test::Set,
                },
            });
        };
        let field: Field = text[..place].trim().parse()?;
        let value = text[place + operator.len()..].trim().trim_matches('"');
        let test = match comparison {
            None => Test::Contains(value.to_owned()),
            Some(comparison) if field.is_number() => match value.parse() {
                Ok(number) => Test::Number(comparison, number),
                Err(_) => {
                    return Err(FilterError::Number {
                        field: field.name(),
                        value: value.to_owned(),
                    });
                }
            },
            Some(comparison @ (Comparison::Equal | Comparison::NotEqual)) => {
                Test::Text(comparison, value.to_owned())
            }
            Some(_) => return Err(FilterError::Words { field: field.name() }),
        };
        Ok(Self { field, test })
    }
}

impl Filter {
    pub(super) fn keeps(&self, neuron: &Neuron, now: Block) -> bool {
        let cell = self.field.of(neuron, now);
        match &self.test {
            Test::Set => is_set(&cell),
            Test::Unset => !is_set(&cell),
            Test::Number(comparison, wanted) => match cell {
                Cell::Number(number) => match comparison {
                    Comparison::More => number > *wanted,
                    Comparison::Less => number < *wanted,
                    Comparison::AtLeast => number >= *wanted,
                    Comparison::AtMost => number <= *wanted,
                    Comparison::Equal => number == *wanted,
                    Comparison::NotEqual => number != *wanted,
                },
                _ => false,
            },
            Test::Text(comparison, wanted) => {
                let equal = self.field.written(neuron, now) == *wanted;
                equal == (*comparison == Comparison::Equal)
            }
            Test::Contains(part) => self.field.written(neuron, now).contains(part),
        }
    }
}

fn is_set(cell: &Cell) -> bool {
    match cell {
        Cell::Number(number) => *number != 0.0,
        Cell::Text(_) => true,
        Cell::Flag(flag) => *flag,
        Cell::Empty => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neuron() -> Neuron {
        let account = assay_chain::AccountId([7; 32]);
        Neuron {
            uid: assay_chain::Uid(3),
            hotkey: account,
            coldkey: account,
            axon: None,
            alpha_stake: assay_chain::Alpha::from_alpha(100),
            tao_stake: assay_chain::Rao::ZERO,
            total_stake: assay_chain::Alpha::from_alpha(100),
            incentive: 0,
            consensus: 0,
            dividends: 65535,
            validator_trust: None,
            emission: assay_chain::Alpha::ZERO,
            validator_permit: true,
            active: false,
            last_update: Block(90),
            registered_at: Block(5),
        }
    }

    #[test]
    fn filters_are_read_and_kept_to() {
        let keeps = |text: &str| text.parse::<Filter>().unwrap().keeps(&neuron(), Block(100));
        for text in [
            "stake>99.5",
            "stake >= 100",
            "stake=100",
            "uid!=4",
            "age=10",
            "dividends=1",
            "validator",
            "!active",
            "!axon",
            "!trust",
            "hotkey~5C",
            "validator=true",
            "hotkey!=5x",
            "incentive<=0",
        ] {
            assert!(keeps(text), "{text}");
        }
        for text in [
            "stake>100",
            "stake<100",
            "active",
            "trust",
            "trust>0",
            "axon",
            "hotkey~zz",
            "!validator",
        ] {
            assert!(!keeps(text), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let told = |text: &str| text.parse::<Filter>().unwrap_err().to_string();
        assert!(told("stakes>1").contains("no column \"stakes\""));
        assert!(told("stake>much").contains("\"much\" is no number"));
        assert!(told("hotkey>5").contains("compare them with"));
    }
}
