//! Which datasets are copies of which.
//!
//! Two datasets are linked when their rows are the same, when they share more than a set part of their rows, or
//! when their losses are equal to nine digits (the original's only test). Linked datasets form groups through any
//! number of links, in no matter what order they are looked at, and of each group the earliest commitment stays.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The hash of one row's canonical text.
pub type Fingerprint = [u8; 16];

/// The distinct rows of a dataset, as sorted fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowSet(Vec<Fingerprint>);

impl RowSet {
    /// Sorts and removes repeats.
    pub fn new(mut rows: Vec<Fingerprint>) -> Self {
        rows.sort_unstable();
        rows.dedup();
        Self(rows)
    }

    /// How many distinct rows there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fingerprints, ascending.
    pub fn as_slice(&self) -> &[Fingerprint] {
        &self.0
    }

    /// How many rows are in both.
    pub fn shared_with(&self, other: &Self) -> usize {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = 0;
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    a.next();
                    b.next();
                }
            }
        }
        shared
    }
}

/// Rows in both over rows in either, 0 to 1; 0 when both are empty.
pub fn shared_part(a: &RowSet, b: &RowSet) -> f64 {
    let shared = a.shared_with(b);
    let either = a.len() + b.len() - shared;
    if either == 0 {
        0.0
    } else {
        shared as f64 / either as f64
    }
}

/// What [`shared_part`] could be at most, by size alone.
fn most_shared(a: &RowSet, b: &RowSet) -> f64 {
    a.len().min(b.len()) as f64 / a.len().max(b.len()).max(1) as f64
}

/// What is known about one dataset when copies are looked for.
#[derive(Debug, Clone)]
pub struct Sighting<'a, K> {
    /// Who committed it. Ties between equally early commitments go to the smaller key, so put what should decide
    /// first (the block of registration, then the hotkey) into it.
    pub owner: K,
    /// Block of the commitment.
    pub block: u64,
    /// Its distinct rows, or `None` where they were never seen.
    pub rows: Option<&'a RowSet>,
    /// Its loss, once measured.
    pub loss: Option<f64>,
}

/// For every dataset the index of the one it is a copy of, or `None` for originals.
///
/// `equal_loss` is the relative closeness |a−b| ≤ t·max(|a|,|b|) at which two losses are the same dataset;
/// `shared_rows_limit` the part of shared rows ([`shared_part`]) above which two datasets are. `None` for the
/// latter compares losses only.
pub fn duplicates<K: Ord>(
    seen: &[Sighting<'_, K>],
    equal_loss: f64,
    shared_rows_limit: Option<f64>,
) -> Vec<Option<usize>> {
    let mut groups = Groups::new(seen.len());
    for (i, a) in seen.iter().enumerate() {
        for (j, b) in seen.iter().enumerate().skip(i + 1) {
            let same_loss = matches!((a.loss, b.loss), (Some(a), Some(b))
                if (a - b).abs() <= equal_loss * a.abs().max(b.abs()));
            let same_rows = || match (shared_rows_limit, a.rows, b.rows) {
                // Sets of very different sizes cannot share enough; most pairs end here, unread.
                (Some(limit), Some(a), Some(b)) => most_shared(a, b) > limit && shared_part(a, b) > limit,
                _ => false,
            };
            if same_loss || same_rows() {
                groups.join(i, j);
            }
        }
    }
    let mut earliest: HashMap<usize, usize> = HashMap::new();
    for i in 0..seen.len() {
        let first = earliest.entry(groups.root(i)).or_insert(i);
        if (seen[i].block, &seen[i].owner) < (seen[*first].block, &seen[*first].owner) {
            *first = i;
        }
    }
    (0..seen.len())
        .map(|i| {
            let first = earliest[&groups.root(i)];
            (first != i).then_some(first)
        })
        .collect()
}

/// Disjoint sets with path halving.
struct Groups(Vec<usize>);

impl Groups {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
