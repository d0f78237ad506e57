//! Attention over segments of a packed row buffer without a backward pass, for every kind of mask and of bias.
//!
//! Queries go in blocks, and a block computes only the keys that one of its queries sees. A segment attends only to
//! itself, so that packed rows do not see each other.

use super::{
    attention::Segment,
    elementwise::{exp_row, vectorised},
    matmul::{Matrix, MatrixMut, Update, multiply},
};

/// Queries per block. Smaller blocks waste the product kernel; larger ones compute more of what is masked, and a
/// block's scores should fit the cache.
const QUERY_BLOCK: usize = 64;

/// Which keys a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// All of the segment.
    Both,
    /// Itself and those before.
    Causal,
    /// Itself and those before, this many in all.
    Window(usize),
}

impl Sight {
    /// The keys that query `i` of a segment of `length` sees.
    pub(crate) fn keys(self, query: usize, length: usize) -> std::ops::Range<usize> {
        match self {
            Self::Both => 0..length,
            Self::Causal => 0..query + 1,
            Self::Window(window) => (query + 1).saturating_sub(window)..query + 1,
        }
    }
}

/// What is added to the scores.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bias<'a> {
    None,
    /// A number for each head and distance: `2 * reach - 1` of them a head, that of the key `d` behind the query at
    /// `reach - 1 + d`.
    Distance {
        by_head: &'a [f32],
        reach: usize,
    },
    /// Products of queries with keys of distances, and of keys with queries of distances.
    Disentangled(Disentangled<'a>),
}

/// The disentangled bias: rows of `heads * width` for every bucket of distances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disentangled<'a> {
    pub(crate) keys: Option<&'a [f32]>,
    pub(crate) queries: Option<&'a [f32]>,
    /// The row of each distance of a query behind a key, from `-(reach - 1)`; it never falls.
    pub(crate) rows: &'a [u32],
    pub(crate) reach: usize,
}

/// What to attend with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule<'a> {
    pub(crate) heads: usize,
    pub(crate) width: usize,
    pub(crate) scale: f32,
    pub(crate) sight: Sight,
    pub(crate) bias: Bias<'a>,
}

/// Keys and values of tokens that every segment goes on from: rows of `2 * heads * width`, positions already applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) length: usize,
}

/// Scratch buffers, kept for the next call.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A segment behind what it goes on from.
    joined: Vec<f32>,
    scores: Vec<f32>,
    by_key: Vec<f32>,
    by_query: Vec<f32>,
    sums: Vec<f32>,
}

/// `qkv` holds rows of queries, keys and values with positions already applied; `out` receives rows of
/// `heads * width`. What segments go on from is there only without a bias: no family has both.
pub(crate) fn forward(
    qkv: &[f32],
    segments: &[Segment],
    before: Option<Before<'_>>,
    rule: Rule<'_>,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let hidden = rule.heads * rule.width;
    let mut joined = std::mem::take(&mut scratch.joined);
    for segment in segments {
        let rows = &qkv[segment.start * 3 * hidden..][..segment.length * 3 * hidden];
        let out = &mut out[segment.start * hidden..][..segment.length * hidden];
        let (rows, seen) = match before {
            None => (rows, 0),
            Some(before) => {
                // One copy a segment is nothing beside its products, and the kernels read rows at one stride.
                joined.clear();
                for row in before.rows.chunks_exact(2 * hidden) {
                    joined.resize(joined.len() + hidden, 0.0);
                    joined.extend_from_slice(row);
                }
                joined.extend_from_slice(rows);
                (&*joined, before.length)
            }
        };
        for head in 0..rule.heads {
            attend(rows, seen..seen + segment.length, head, rule, out, scratch);
        }
    }
    scratch.joined = joined;
}

/// One head of one segment: of the rows, these are asked with.
fn attend(
    rows: &[f32],
    asked: std::ops::Range<usize>,
    head: usize,
    rule: Rule<'_>,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let length = asked.end;
    let Rule {
        heads,
        width,
        scale,
        sight,
        bias,
    } = rule;
    let hidden = heads * width;
    let stride = 3 * hidden;
    let at = head * width;
    if let Bias::Disentangled(Disentangled {
        queries: Some(queries),
        rows: buckets,
        reach,
        ..
    }) = bias
    {
        // Every query of a distance with every key, once for all blocks.
        let (first, count) = bucket_range(buckets, reach, 0..length, 0..length);
        scratch.by_key.resize(count * length, 0.0);
        multiply(
            MatrixMut::new(&mut scratch.by_key, count, length),
            Update::Replace,
            scale,
            Matrix::strided(&queries[first * hidden + at..], count, width, hidden),
            Matrix::strided(&rows[hidden + at..], length, width, stride).t(),
        );
    }
    for first in asked.clone().step_by(QUERY_BLOCK) {
        let count = QUERY_BLOCK.min(length - first);
        let seen = sight.keys(first, length).start..sight.keys(first + count - 1, length).end;
        let keys = seen.len();
        let queries = Matrix::strided(&rows[first * stride + at..], count, width, stride);
        scratch.scores.resize(count * keys, 0.0);
        multiply(
            MatrixMut::new(&mut scratch.scores, count, keys),
            Update::Replace,
            scale,
            queries,
            Matrix::strided(&rows[seen.start * stride + hidden + at..], keys, width, stride).t(),
        );
        match bias {
            Bias::None => {}
            Bias::Distance { by_head, reach } => {
                let of_head = &by_head[head * (2 * reach - 1)..][..2 * reach - 1];
                vectorised(|| {
                    for (i, row) in scratch.scores.chunks_exact_mut(keys).enumerate() {
                        let offsets = &of_head[reach - 1 + seen.start - (first + i)..][..keys];
                        for (score, offset) in row.iter_mut().zip(offsets) {
                            *score += *offset;
                        }
                    }
                });
            }
            Bias::Disentangled(bias) => {
                add_disentangled(bias, rule, head, queries, first..first + count, length, scratch);
            }
        }
        scratch.sums.resize(count, 0.0);
        vectorised(|| {
            for (i, row) in scratch.scores.chunks_exact_mut(keys).enumerate() {
                let visible = sight.keys(first + i, length);
                let (from, to) = (visible.start - seen.start, visible.end - seen.start);
                row[..from].fill(0.0);
                row[to..].fill(0.0);
                scratch.sums[i] = exp_row(&mut row[from..to]).1;
            }
        });
        let out = &mut out[(first - asked.start) * hidden + at..];
        multiply(
            MatrixMut::strided(out, count, width, hidden),
            Update::Replace,
            1.0,
            Matrix::new(&scratch.scores, count, keys),
            Matrix::strided(
                &rows[seen.start * stride + 2 * hidden + at..],
                keys,
                width,
                stride,
            ),
        );
        // A row of outputs is shorter than a row of weights.
        for (row, sum) in out.chunks_mut(hidden).zip(&scratch.sums) {
            let inverse = 1.0 / sum;
            for value in &mut row[..width] {
                *value *= inverse;
            }
        }
    }
}

/// The first bucket row that queries and keys need, and how many.
fn bucket_range(
    buckets: &[u32],
    reach: usize,
    queries: std::ops::Range<usize>,
    keys: std::ops::Range<usize>,
) -> (usize, usize) {
    let lowest = buckets[reach - 1 + queries.start - (keys.end - 1)] as usize;
    let highest = buckets[reach - 1 + (queries.end - 1) - keys.start] as usize;
    (lowest, highest - lowest + 1)
}

/// Adds the disentangled bias to a block of scores of all keys of a segment.
fn add_disentangled(
    bias: Disentangled<'_>,
    rule: Rule<'_>,
    head: usize,
    queries: Matrix<'_>,
    block: std::ops::Range<usize>,
    length: usize,
    scratch: &mut Scratch,
) {
    let Disentangled { rows, reach, .. } = bias;
    let hidden = rule.heads * rule.width;
    // A query's distances to keys 0, 1, … fall one by one.
    let buckets_of = |query: usize| rows[reach + query - length..reach + query].iter().rev();
    if let Some(keys) = bias.keys {
        let (lowest, count) = bucket_range(rows, reach, block.clone(), 0..length);
        scratch.by_query.resize(block.len() * count, 0.0);
        multiply(
            MatrixMut::new(&mut scratch.by_query, block.len(), count),
            Update::Replace,
            rule.scale,
            queries,
            Matrix::strided(
                &keys[lowest * hidden + head * rule.width..],
                count,
                rule.width,
                hidden,
            )
            .t(),
        );
        for ((query, scores), products) in block
            .clone()
            .zip(scratch.scores.chunks_exact_mut(length))
            .zip(scratch.by_query.chunks_exact(count))
        {
            for (score, bucket) in scores.iter_mut().zip(buckets_of(query)) {
                *score += products[*bucket as usize - lowest];
            }
        }
    }
    if bias.queries.is_some() {
        let (lowest, _) = bucket_range(rows, reach, 0..length, 0..length);
        for (query, scores) in block.zip(scratch.scores.chunks_exact_mut(length)) {
            for ((key, score), bucket) in scores.iter_mut().enumerate().zip(buckets_of(query)) {
                *score += scratch.by_key[(*bucket as usize - lowest) * length + key];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(length: usize, salt: usize) -> Vec<f32> {
        (0..length)
            .map(|i| ((i * 37 + salt * 11) % 23) as f32 / 7.0 - 1.5)
            .collect()
    }

    /// By the definition, in double precision.
    fn exact(
        qkv: &[f32],
        length: usize,
        rule: Rule<'_>,
        extra: &dyn Fn(usize, usize, usize) -> f64,
    ) -> Vec<f64> {
        let hidden = rule.heads * rule.width;
        let mut out = vec![0.0; length * hidden];
        let value = |row: usize, part: usize, head: usize, i: usize| {
            f64::from(qkv[row * 3 * hidden + part * hidden + head * rule.width + i])
        };
        for head in 0..rule.heads {
            for query in 0..length {
                let keys = rule.sight.keys(query, length);
                let scores: Vec<f64> = keys
                    .clone()
                    .map(|key| {
                        let product: f64 = (0..rule.width)
                            .map(|i| value(query, 0, head, i) * value(key, 1, head, i))
                            .sum();
                        (product * f64::from(rule.scale) + extra(head, query, key)).exp()
                    })
                    .collect();
                let sum: f64 = scores.iter().sum();
                for (key, score) in keys.zip(scores) {
                    for i in 0..rule.width {
                        out[query * hidden + head * rule.width + i] += score / sum * value(key, 2, head, i);
                    }
                }
            }
        }
        out
    }

    /// `extra` gives what is added to a score, from the rows, the head, the query and the key.
    fn assert_matches(rule: Rule<'_>, extra: impl Fn(&[f32], usize, usize, usize) -> f64) {
        let hidden = rule.heads * rule.width;
        let lengths = [1, 5, 131];
        let qkv = ramp(lengths.iter().sum::<usize>() * 3 * hidden, 1);
        let mut segments = Vec::new();
        let mut start = 0;
        for length in lengths {
            segments.push(Segment { start, length });
            start += length;
        }
        let mut out = vec![f32::NAN; start * hidden];
        forward(&qkv, &segments, None, rule, &mut out, &mut Scratch::default());
        for Segment { start, length } in segments {
            let rows = &qkv[start * 3 * hidden..][..length * 3 * hidden];
            let exact = exact(rows, length, rule, &|head, query, key| {
                extra(rows, head, query, key)
            });
            for (found, exact) in out[start * hidden..].iter().zip(exact) {
                assert!(
                    (f64::from(*found) - exact).abs() < 2e-5,
                    "{rule:?}: {found} {exact}"
                );
            }
        }
    }

    #[test]
    fn every_sight_matches_the_definition() {
        for sight in [Sight::Both, Sight::Causal, Sight::Window(7), Sight::Window(1)] {
            assert_matches(
                Rule {
                    heads: 2,
                    width: 6,
                    scale: 0.3,
                    sight,
                    bias: Bias::None,
                },
                |_, _, _, _| 0.0,
            );
        }
    }

    #[test]
    fn biases_match_the_definition() {
        let (heads, width, reach) = (2, 6, 140);
        let by_head = ramp(heads * (2 * reach - 1), 4);
        let rule = Rule {
            heads,
            width,
            scale: 0.3,
            sight: Sight::Both,
            bias: Bias::Distance {
                by_head: &by_head,
                reach,
            },
        };
        assert_matches(rule, |_, head, query, key| {
            f64::from(by_head[head * (2 * reach - 1) + reach - 1 + key - query])
        });

        let hidden = heads * width;
        let rows: Vec<u32> = (0..2 * reach - 1).map(|distance| (distance / 3) as u32).collect();
        let count = rows.len() / 3 + 1;
        let (keys, queries) = (ramp(count * hidden, 5), ramp(count * hidden, 6));
        let rule = Rule {
            bias: Bias::Disentangled(Disentangled {
                keys: Some(&keys),
                queries: Some(&queries),
                rows: &rows,
                reach,
            }),
            ..rule
        };
        assert_matches(rule, |qkv, head, query, key| {
            let bucket = rows[reach - 1 + query - key] as usize;
            (0..width)
                .map(|i| {
                    let of_bucket = bucket * hidden + head * width + i;
                    let column = head * width + i;
                    f64::from(qkv[query * 3 * hidden + column] * keys[of_bucket])
                        + f64::from(qkv[key * 3 * hidden + hidden + column] * queries[of_bucket])
                })
                .sum::<f64>()
                * 0.3
        });
    }

    #[test]
    fn what_goes_on_from_others_attends_as_if_it_were_one_segment() {
        let (heads, width, length) = (2, 6, 150);
        let hidden = heads * width;
        let whole = ramp(length * 3 * hidden, 8);
        for (sight, seen) in [
            (Sight::Causal, 70),
            (Sight::Window(9), 1),
            (Sight::Window(90), 149),
        ] {
            let rule = Rule {
                heads,
                width,
                scale: 0.3,
                sight,
                bias: Bias::None,
            };
            let exact = exact(&whole, length, rule, &|_, _, _| 0.0);
            let (first, rest) = whole.split_at(seen * 3 * hidden);
            let rows: Vec<f32> = first
                .chunks_exact(3 * hidden)
                .flat_map(|row| row[hidden..].to_vec())
                .collect();
            // Two of the same: neither sees the other.
            let segments = [0, length - seen].map(|start| Segment {
                start,
                length: length - seen,
            });
            let mut out = vec![f32::NAN; 2 * (length - seen) * hidden];
            let before = Before {
                rows: &rows,
                length: seen,
            };
            forward(
                &[rest, rest].concat(),
                &segments,
                Some(before),
                rule,
                &mut out,
                &mut Scratch::default(),
            );
            let wanted = &exact[seen * hidden..];
            for (found, exact) in out.iter().zip(wanted.iter().chain(wanted)) {
                assert!(
                    (f64::from(*found) - exact).abs() < 2e-5,
                    "{sight:?}: {found} {exact}"
                );
            }
        }
    }
}
