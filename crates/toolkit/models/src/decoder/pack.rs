//! Packs of rows, and how the rows of an optimiser step are divided into them.

use std::ops::Range;

use crate::{Example, kernels::attention::Segment};

/// Tokens at which a pack is full. Fewer leave the products too flat to be fast; more leave too few packs to share
/// among cores: eight rows of 60 tokens should keep at least two cores busy.
const PACK_TOKENS: usize = 256;

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
    examples: impl IntoIterator<Item = (&'a Example, u64)>,
    context_length: usize,
) -> Vec<Pack> {
    let mut packs: Vec<Pack> = Vec::new();
    for (example, presentation) in examples {
        let length = example.input_ids.len().min(context_length);
        match packs.last_mut() {
            Some(pack) if pack.rows() + length <= PACK_TOKENS => {
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
