//! Rows of many texts, packed and shared among the cores.

use rayon::prelude::*;

use crate::{
    ModelError,
    lanes::parking::Pool,
    text::{RowSlice, TokenRow},
    transformer::{Beginning, Rows, Scratch, Transformer, Workspace},
};

/// How rows are divided into packs.
#[derive(Debug, Clone, Copy)]
struct Packing {
    /// Packs to aim for.
    packs: usize,
    /// Tokens below which rows share a pack whatever that leaves idle.
    least: usize,
    /// Most tokens of a pack of several rows.
    most: usize,
}

impl Packing {
    /// Each pack reads all weights once: with 256 tokens that costs 5 to 10% more processor time than with 512. With more,
    /// what a pack computes no longer fits the cache, and there are too few packs to share among cores. The number of packs is
    /// fixed, not the machine's number of cores: how rows are packed moves the last bits of a sum.
    const CORES: Self = Self {
        packs: 8,
        least: 64,
        most: 512,
    };

    /// A graphics card computes one pack at a time, whose hidden states, scores and inner activations must have room beside
    /// the weights: of a model of six billion weights some 500 MB with so many tokens. Fewer leave most of it idle.
    const DEVICE: Self = Self {
        packs: 1,
        least: 64,
        most: 2_048,
    };
}

/// Tokens that rows must have in common for their beginning to be computed apart: that is one row, and keeps one core
/// busy.
const LEAST_SHARED: usize = 16;

/// Runs rows through a model and calls `head` with the last hidden states of each, and room for its products. The
/// results are in the order of the rows, and do not depend on the number of threads.
pub(crate) fn run<T: Send>(
    model: &Transformer,
    rows: &[TokenRow],
    head: impl Fn(&[f32], &mut Scratch) -> T + Sync,
) -> Result<Vec<T>, ModelError> {
    check(model, rows)?;
    run_after(model, None, rows.iter().map(TokenRow::as_ref).collect(), head)
}

/// The same for heads that look at the last token's state alone, whatever else they are given. What rows of a causal model
/// begin with is computed once: fifty answers to one long prompt cost little more than the prompt and the answers.
pub(crate) fn run_to_last<T: Send>(
    model: &Transformer,
    rows: &[TokenRow],
    head: impl Fn(&[f32], &mut Scratch) -> T + Sync,
) -> Result<Vec<T>, ModelError> {
    check(model, rows)?;
    let shared = if rows.len() > 1 && model.is_causal() {
        common_beginning(rows)
    } else {
        0
    };
    let mut slices: Vec<RowSlice<'_>> = rows.iter().map(TokenRow::as_ref).collect();
    let beginning = match rows.first() {
        Some(first) if shared >= LEAST_SHARED => {
            for row in &mut slices {
                *row = row.from(shared);
            }
            Some(model.begin(&first.tokens[..shared], &mut Workspace::default())?)
        }
        _ => None,
    };
    run_after(model, beginning.as_ref(), slices, head)
}

fn check(model: &Transformer, rows: &[TokenRow]) -> Result<(), ModelError> {
    rows.iter().try_for_each(|row| model.check(&row.tokens))
}

/// Tokens that all rows begin with, so that something is left of each.
fn common_beginning(rows: &[TokenRow]) -> usize {
    let Some((first, others)) = rows.split_first() else {
        return 0;
    };
    others.iter().fold(first.tokens.len() - 1, |shared, row| {
        let alike = first
            .tokens
            .iter()
            .zip(&row.tokens)
            .take_while(|(a, b)| a == b)
            .count();
        shared.min(alike).min(row.tokens.len() - 1)
    })
}

fn run_after<T: Send>(
    model: &Transformer,
    beginning: Option<&Beginning>,
    rows: Vec<RowSlice<'_>>,
    head: impl Fn(&[f32], &mut Scratch) -> T + Sync,
) -> Result<Vec<T>, ModelError> {
    let is_here = model.on_device.is_none();
    let packs = packs(&rows, if is_here { Packing::CORES } else { Packing::DEVICE });
    let workspaces = Pool::<Workspace>::default();
    let run = |pack: &Vec<usize>| {
        let mut workspace = workspaces.take();
        let mut packed = Rows::default();
        for index in pack {
            packed.push(rows[*index].tokens, rows[*index].types);
        }
        match beginning {
            None => model.forward(&packed, &mut workspace)?,
            Some(beginning) => model.forward_after(beginning, &packed, &mut workspace)?,
        }
        let (hidden, scratch) = workspace.hidden_and_scratch();
        let mut first = 0;
        let results = pack
            .iter()
            .map(|index| {
                let length = rows[*index].tokens.len() * model.hidden;
                let of_row = &hidden[first..first + length];
                first += length;
                head(of_row, scratch)
            })
            .collect();
        workspaces.put(workspace);
        Ok(results)
    };
    let results: Vec<Vec<T>> = if is_here {
        let results = packs.par_iter().with_max_len(1).map(run);
        results.collect::<Result<_, ModelError>>()?
    } else {
        // One after the other: a device has room for one pack, and is busy with it.
        packs.iter().map(run).collect::<Result<_, ModelError>>()?
    };
    let mut in_order: Vec<(usize, T)> = packs
        .into_iter()
        .flatten()
        .zip(results.into_iter().flatten())
        .collect();
    in_order.sort_unstable_by_key(|(index, _)| *index);
    Ok(in_order.into_iter().map(|(_, result)| result).collect())
}

/// Divides rows into packs, the longest first, so that the last packs to be done are short. The division depends on
/// the lengths alone.
fn packs(rows: &[RowSlice<'_>], packing: Packing) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(rows[*index].tokens.len()));
    let total: usize = rows.iter().map(|row| row.tokens.len()).sum();
    let full = (total / packing.packs).clamp(packing.least, packing.most);
    let mut packs: Vec<Vec<usize>> = Vec::new();
    let mut tokens = usize::MAX;
    for index in order {
        let length = rows[index].tokens.len();
        match packs.last_mut() {
            Some(pack) if tokens + length <= full => {
                pack.push(index);
                tokens += length;
            }
            _ => {
                packs.push(vec![index]);
                tokens = length;
            }
        }
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_hold_every_row_once_the_longest_first() {
        let rows: Vec<TokenRow> = [3, 300, 7, 120, 90, 7, 500]
            .into_iter()
            .map(|length| TokenRow {
                tokens: vec![0; length],
                types: vec![0; length],
            })
            .collect();
        assert_eq!(
            packs(
                &rows.iter().map(TokenRow::as_ref).collect::<Vec<_>>(),
                Packing::CORES
            ),
            [vec![6], vec![1], vec![3], vec![4, 2, 5, 0]],
            "128 tokens a pack, an eighth of all"
        );
        assert!(packs(&[], Packing::DEVICE).is_empty());
    }
}
