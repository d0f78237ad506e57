//! A validator's weight row as the chain stores it.
//!
//! The chain takes pairs of uid and u16, scales the row so that its largest value is 65535, and stores it in the
//! order it came. Two properties of that stored row reach into the consensus: its order, and whether a neuron has an
//! explicit zero or no entry at all (with liquid alpha both change the bonds). So a [`WeightRow`] has one canonical
//! form: ascending uids, each once, already scaled (the chain's own scaling then changes nothing), and a stated
//! policy for zeros.

use crate::Uid;
use serde::{Deserialize, Serialize};

/// What becomes of neurons whose weight is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zeros {
    /// They get an entry of 0. The default: the row then satisfies a subnet's minimum of weights, and bonds under
    /// liquid alpha decay towards the neuron as they should.
    #[default]
    Explicit,
    /// They get no entry, as today's Python SDK does it.
    Dropped,
}

/// Why a row cannot be sent.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// No entries.
    #[error("a weight row needs at least one entry")]
    Empty,
    /// Every weight is zero: the chain would store a row that says nothing.
    #[error("every weight is zero; a row needs somebody to reward")]
    AllZero,
    /// The same neuron twice.
    #[error("uid {uid} appears twice in the weights")]
    Duplicate {
        /// The neuron.
        uid: Uid,
    },
    /// Not a number, infinite or negative.
    #[error("the weight of uid {uid} is {weight}; weights are finite and not negative")]
    NotAWeight {
        /// The neuron.
        uid: Uid,
        /// Its weight.
        weight: f64,
    },
}

/// A weight row in canonical form: ascending uids, each once; the largest value is 65535.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightRow(Vec<(Uid, u16)>);

impl WeightRow {
    /// From values of any scale: shares, probabilities, scores. The largest becomes 65535, the others follow in
    /// proportion, rounded half to even as the original SDK does; what is at most 1/131070 of the largest becomes 0.
    ///
    /// # Errors
    ///
    /// When there are no entries, a uid twice, a value that is negative or not finite, or nothing but zeros.
    pub fn from_scores(scores: &[(Uid, f64)], zeros: Zeros) -> Result<Self, WeightsError> {
        if let Some(&(uid, weight)) = scores
            .iter()
            .find(|(_, weight)| !weight.is_finite() || *weight < 0.0)
        {
            return Err(WeightsError::NotAWeight { uid, weight });
        }
        let largest = scores.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        // The division comes first: the product of a huge score and 65535 could overflow. The quotient is at most 1,
        // so the cast is exact.
        let scaled = |weight: f64| {
            if largest > 0.0 {
                (weight / largest * 65535.0).round_ties_even() as u16
            } else {
                0
            }
        };
        Self::canonical(
            scores
                .iter()
                .map(|&(uid, weight)| (uid, scaled(weight)))
                .collect(),
            zeros,
        )
    }

    /// From u16 values, scaled the way the chain does it.
    ///
    /// # Errors
    ///
    /// When there are no entries, a uid twice, or nothing but zeros.
    pub fn from_values(values: &[(Uid, u16)], zeros: Zeros) -> Result<Self, WeightsError> {
        let scaled = max_upscale(&values.iter().map(|(_, value)| *value).collect::<Vec<_>>());
        let entries = values
            .iter()
            .zip(scaled)
            .map(|(&(uid, _), value)| (uid, value))
            .collect();
        Self::canonical(entries, zeros)
    }

    fn canonical(mut entries: Vec<(Uid, u16)>, zeros: Zeros) -> Result<Self, WeightsError> {
        if entries.is_empty() {
            return Err(WeightsError::Empty);
        }
        entries.sort_unstable_by_key(|(uid, _)| *uid);
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(WeightsError::Duplicate { uid: pair[0].0 });
        }
        if entries.iter().all(|(_, value)| *value == 0) {
            return Err(WeightsError::AllZero);
        }
        if zeros == Zeros::Dropped {
            entries.retain(|(_, value)| *value > 0);
        }
        Ok(Self(entries))
    }

    /// The entries, ascending by uid.
    pub fn entries(&self) -> &[(Uid, u16)] {
        &self.0
    }

    /// The uids and their values as the chain takes them.
    pub(crate) fn lists(&self) -> (Vec<u16>, Vec<u16>) {
        self.0.iter().map(|(uid, value)| (uid.0, *value)).unzip()
    }

    /// How many entries there are; never 0.
    pub fn entry_count(&self) -> usize {
        self.0.len()
    }

    /// Whether it is the one row that needs no validator permit: a single weight to `own`.
    pub fn is_self_weight(&self, own: Uid) -> bool {
        matches!(self.0.as_slice(), [(uid, _)] if *uid == own)
    }
}

/// Scales a row the way the chain does before it stores it, in 32.32 fixed point: with m the largest value, nothing
/// changes for m = 0; for m > 32768 each value is multiplied by the truncated quotient 65535 / m; otherwise each is
/// multiplied by 65535 and divided by m. Rounded half away from zero, saturating at 65535.
pub fn max_upscale(row: &[u16]) -> Vec<u16> {
    const ONE: u128 = 1 << 32;
    let Some(largest) = row
        .iter()
        .copied()
        .max()
        .map(u128::from)
        .filter(|largest| *largest > 0)
    else {
        return row.to_vec();
    };
    let scale = |value: u16| {
        let bits = if largest > 32768 {
            u128::from(value) * (65535 * ONE / largest)
        } else {
            u128::from(value) * 65535 * ONE / largest
        };
        u16::try_from((bits + ONE / 2) / ONE).unwrap_or(u16::MAX)
    };
    row.iter().map(|value| scale(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled_bit_for_bit_as_the_chain_scales_them() {
        let cases: &[(&[u16], &[u16])] = &[
            (&[1, 2, 3], &[21845, 43690, 65535]),
            (&[100, 200, 300, 65535], &[100, 200, 300, 65535]),
            (&[1, 32768], &[2, 65535]),
            (&[1, 32769], &[2, 65535]),
            (&[7, 13, 29, 31], &[14798, 27482, 61307, 65535]),
            (&[0, 0], &[0, 0]),
            (&[1, 0], &[65535, 0]),
            (&[65534], &[65535]),
            (&[0, 1, 65534], &[0, 1, 65535]),
            (&[], &[]),
        ];
        for (row, expected) in cases {
            assert_eq!(max_upscale(row), *expected, "{row:?}");
            assert_eq!(
                max_upscale(expected),
                *expected,
                "scaling {expected:?} once more changes nothing"
            );
        }
    }

    fn values(scores: &[f64]) -> Vec<u16> {
        let scores: Vec<_> = scores
            .iter()
            .enumerate()
            .map(|(uid, score)| (Uid(uid as u16), *score))
            .collect();
        let row = WeightRow::from_scores(&scores, Zeros::Explicit).unwrap();
        row.entries().iter().map(|(_, value)| *value).collect()
    }

    #[test]
    fn scores_of_any_scale_give_the_rows_that_the_chain_would_make_of_them() {
        assert_eq!(values(&[0.0, 0.000_016, 1.0]), [0, 1, 65535]);
        assert_eq!(
            values(&[0.0, 0.5, 1.0, 1.5, 2.0, 32768.0, 32769.0]),
            [0, 1, 2, 3, 4, 65533, 65535]
        );
        assert_eq!(
            values(&[f64::MAX, f64::MAX / 2.0, f64::MIN_POSITIVE]),
            [65535, 32768, 0]
        );
    }

    #[test]
    fn a_row_is_ascending_and_says_zeros_as_the_policy_wants() {
        let scores = [(Uid(9), 1.0), (Uid(2), 0.0), (Uid(5), 3.0)];
        let explicit = WeightRow::from_scores(&scores, Zeros::Explicit).unwrap();
        assert_eq!(
            explicit.entries(),
            [(Uid(2), 0), (Uid(5), 65535), (Uid(9), 21845)]
        );
        let dropped = WeightRow::from_scores(&scores, Zeros::Dropped).unwrap();
        assert_eq!(dropped.entries(), [(Uid(5), 65535), (Uid(9), 21845)]);
    }

    #[test]
    fn a_row_that_says_nothing_or_nonsense_is_refused() {
        let explicit = |scores: &[(Uid, f64)]| WeightRow::from_scores(scores, Zeros::Explicit);
        assert_eq!(explicit(&[]), Err(WeightsError::Empty));
        assert_eq!(explicit(&[(Uid(0), 0.0)]), Err(WeightsError::AllZero));
        assert_eq!(
            explicit(&[(Uid(3), 1.0), (Uid(3), 2.0)]),
            Err(WeightsError::Duplicate { uid: Uid(3) })
        );
        assert!(matches!(
            explicit(&[(Uid(0), f64::NAN)]),
            Err(WeightsError::NotAWeight { .. })
        ));
        assert!(matches!(
            explicit(&[(Uid(0), -1.0)]),
            Err(WeightsError::NotAWeight { .. })
        ));
    }
}
