//! What goes where: a prompt's hash decides, so that no prompt is in two splits, nor moves when events are added.

use super::{error::BuildError, hash};
use serde::{Deserialize, Serialize};

/// A part of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Its name: `train`, `validation`, `test` or another of small letters, digits and underscores.
    pub name: String,
    /// Its share of the prompts, from 0 to 1.
    pub share: f64,
}

/// The parts of a dataset. Their shares are 1 together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Splits(Vec<Split>);

impl Default for Splits {
    /// All of it is `train`.
    fn default() -> Self {
        Self(vec![Split {
            name: "train".to_owned(),
            share: 1.0,
        }])
    }
}

/// How far from 1 the shares' sum may be: decimal fractions are not exact.
const TOLERANCE: f64 = 1e-6;

/// Splits that a dataset may have. Each has a file open while it is written.
const MOST: usize = 16;

impl Splits {
    /// The parts by name and share.
    ///
    /// # Errors
    /// [`BuildError::Plan`] when a name is no name or comes twice, a share is not above 0, or they are not 1 together.
    pub fn new<N: Into<String>>(parts: impl IntoIterator<Item = (N, f64)>) -> Result<Self, BuildError> {
        let refuse = |why: String| {
            Err(BuildError::Plan {
                option: "splits",
                why,
            })
        };
        let mut splits: Vec<Split> = Vec::new();
        for (name, share) in parts {
            let name = name.into();
            let is_name = !name.is_empty()
                && name.len() <= 64
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !is_name || name == "all" {
                return refuse(format!(
                    "a split's name is of small letters, digits and underscores, and not all; {:?} is not",
                    name.chars().take(80).collect::<String>()
                ));
            }
            if splits.iter().any(|split| split.name == name) {
                return refuse(format!("{name} is there twice"));
            }
            if !(share > 0.0 && share <= 1.0) {
                return refuse(format!(
                    "the share of {name} is {share}; it is above 0 and at most 1"
                ));
            }
            splits.push(Split { name, share });
        }
        let sum: f64 = splits.iter().map(|split| split.share).sum();
        if splits.len() > MOST {
            return refuse(format!("there are more than {MOST}"));
        }
        if (sum - 1.0).abs() > TOLERANCE {
            return refuse(format!("their shares are {sum} together, not 1"));
        }
        Ok(Self(splits))
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &[Split] {
        &self.0
    }

    /// The part that a prompt is in: the first eight bytes of its SHA-256, as a fraction of 2^64, fall into one of the
    /// shares laid end to end.
    pub(super) fn of(&self, prompt: &str) -> usize {
        // Fifty-three bits are what a float holds; all of them below 1.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let place = (hash::leading(prompt) >> 11) as f64 / (1u64 << 53) as f64;
        let mut end = 0.0;
        for (index, split) in self.0.iter().enumerate() {
            end += split.share;
            if place < end {
                return index;
            }
        }
        self.0.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_a_prompt_stays_where_it_is() {
        let splits = Splits::new([("train", 0.8), ("validation", 0.1), ("test", 0.1)]).unwrap();
        let mut counts = [0; 3];
        for number in 0..10_000 {
            counts[splits.of(&format!("Question {number}?"))] += 1;
        }
        assert!((7_800..8_200).contains(&counts[0]), "{counts:?}");
        assert!((900..1_100).contains(&counts[1]), "{counts:?}");
        // SHA-256 of "abc" begins with ba7816bf: 0.728 of the whole.
        assert_eq!(splits.of("abc"), 0);
        assert_eq!(Splits::new([("a", 0.72), ("b", 0.28)]).unwrap().of("abc"), 1);
    }

    #[test]
    fn what_is_no_split_is_refused_by_name() {
        for (parts, named) in [
            (vec![("train", 0.5)], "0.5 together"),
            (vec![("train", 0.5), ("train", 0.5)], "train is there twice"),
            (vec![("../up", 1.0)], "../up"),
            (vec![("train", 1.0), ("test", 0.0)], "the share of test is 0"),
            (vec![("train", f64::NAN)], "NaN"),
        ] {
            let error = Splits::new(parts).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
