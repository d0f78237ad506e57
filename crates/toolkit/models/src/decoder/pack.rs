//! Packs of rows, and how the rows of an optimiser step are divided into them.

use std::ops::Range;

use crate::{Example, kernels::attention::Segment};

/// Most tokens of a pack of several rows. More would leave too few packs to share among cores; with fewer, packing
/// the weights for each product costs too much of the product: 10% more processor time at 64 than at 256.
const MOST_TOKENS: usize = 256;

/// Tokens below which rows share a pack even when that leaves cores idle.
const LEAST_TOKENS: usize = 64;

/// Packs to aim for. It is fixed, not the machine's number of cores: how rows are packed moves the last bits of a sum.
const PACKS: usize = 8;

/// Rows one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pack {
    pub(crate) tokens: Vec<u32>,
    pub(crate) segments: Vec<Segment>,
    /// Number under which each segment's dropout is drawn: distinct for every time that a row is shown.
    pub(crate) presentations: Vec<u64>,
    /// Rows of the pack whose next token is a target.
    pub(crate) target_rows: Vec<usize>,
    /// The token to predict at each target row.
    pub(crate) target_tokens: Vec<u32>,
    /// For each segment, its part of the targets.
    pub(crate) segment_targets: Vec<Range<usize>>,
}

impl Pack {
    /// Adds an example, cut to `context_length` tokens.
    pub(crate) fn push(&mut self, example: &Example, context_length: usize, presentation: u64) {
        let start = self.tokens.len();
        let length = example.input_ids.len().min(context_length);
        self.tokens.extend(&example.input_ids[..length]);
        self.segments.push(Segment { start, length });
        self.presentations.push(presentation);
        let first_target = self.target_rows.len();
        for position in 1..length {
            if example.target_mask[position] {
                self.target_rows.push(start + position - 1);
                self.target_tokens.push(example.input_ids[position]);
            }
        }
        self.segment_targets.push(first_target..self.target_rows.len());
    }

    pub(crate) fn rows(&self) -> usize {
        self.tokens.len()
    }
}

/// Divides examples into packs, in order. The division depends on the lengths alone.
pub(crate) fn plan_packs<'a>(
    examples: impl IntoIterator<Item = (&'a Example, u64), IntoIter: Clone>,
    context_length: usize,
) -> Vec<Pack> {
    let examples = examples.into_iter();
    let length = |example: &Example| example.input_ids.len().min(context_length);
    let total: usize = examples.clone().map(|(example, _)| length(example)).sum();
    let full = (total / PACKS).clamp(LEAST_TOKENS, MOST_TOKENS);
    let mut packs: Vec<Pack> = Vec::new();
    for (example, presentation) in examples {
        match packs.last_mut() {
            Some(pack) if pack.rows() + length(example) <= full => {
                pack.push(example, context_length, presentation)
            }
            _ => {
                let mut pack = Pack::default();
                pack.push(example, context_length, presentation);
                packs.push(pack);
            }
        }
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(rows: &[usize]) -> Vec<usize> {
        let examples: Vec<Example> = rows
            .iter()
            .map(|length| Example::all_targets(vec![0; *length]))
            .collect();
        plan_packs(examples.iter().zip(0..), 512)
            .iter()
            .map(Pack::rows)
            .collect()
    }

    #[test]
    fn rows_share_packs_as_far_as_that_leaves_enough_of_them() {
        assert_eq!(lengths(&[50; 8]), [50; 8]);
        assert_eq!(lengths(&[20; 8]), [60, 60, 40]);
        assert_eq!(lengths(&[100; 40]), [200; 20]);
        assert_eq!(
            lengths(&[600, 3, 3]),
            [512, 6],
            "a long row is cut and stays alone"
        );
    }
}
