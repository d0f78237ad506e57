//! Causal attention over segments of a packed row buffer, in blocks of queries.
//!
//! Scores are never stored for the backward pass: it computes them again from the queries, the keys and each query's
//! normaliser. A segment attends only to itself, so that packed rows do not see each other.

use super::{
    elementwise::{dot, exp, exp_row, vectorised},
    matmul::{Matrix, MatrixMut, Update, multiply},
};

/// Queries per block. Smaller blocks waste the product kernel; larger ones compute more of the masked half, and at
/// 64 a block's scores for 1,024 keys still fit a 256 KiB cache.
const QUERY_BLOCK: usize = 64;

/// Head counts and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) query: usize,
    pub(crate) key_value: usize,
    pub(crate) width: usize,
}

impl Heads {
    /// Columns of a buffer that holds queries, keys and values of a row one after another.
    pub(crate) fn row_width(self) -> usize {
        (self.query + 2 * self.key_value) * self.width
    }

    fn key_offset(self, head: usize) -> usize {
        (self.query + head / (self.query / self.key_value)) * self.width
    }

    fn value_offset(self, head: usize) -> usize {
        self.key_offset(head) + self.key_value * self.width
    }

    fn scale(self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }
}

/// Consecutive rows of a buffer that attend to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// Keys and values to attend to: rows of `stride`, key of head group `g` at `key_offset + g * width`.
#[derive(Debug, Clone, Copy)]
struct Context<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    stride: usize,
}

/// One block of queries of one head against its keys: fills `out` and returns nothing else but the normalisers.
///
/// There are as many queries as normalisers, and query `i` of the block sees the first `seen + i + 1` keys.
fn block_forward(
    queries: Matrix<'_>,
    seen: usize,
    context: Context<'_>,
    heads: Heads,
    scores: &mut Vec<f32>,
    out: MatrixMut<'_>,
    normalisers: &mut [f32],
) {
    let rows = normalisers.len();
    let keys = seen + rows;
    scores.resize(rows * keys, 0.0);
    multiply(
        MatrixMut::new(scores, rows, keys),
        Update::Replace,
        heads.scale(),
        queries,
        Matrix::strided(context.keys, keys, heads.width, context.stride).t(),
    );
    vectorised(|| {
        for (i, row) in scores.chunks_exact_mut(keys).enumerate() {
            let (visible, masked) = row.split_at_mut(seen + i + 1);
            masked.fill(0.0);
            let (max, sum) = exp_row(visible);
            let inverse = 1.0 / sum;
            for value in visible {
                *value *= inverse;
            }
            normalisers[i] = max + sum.ln();
        }
    });
    multiply(
        out,
        Update::Replace,
        1.0,
        Matrix::new(scores, rows, keys),
        Matrix::strided(context.values, keys, heads.width, context.stride),
    );
}

/// Attention of a whole buffer. `qkv` holds rows of queries, keys and values with positions already applied; `out`
/// receives rows of `heads.query * heads.width`; `normalisers` the log of each query's exponential sum, by head.
pub(crate) fn forward(
    qkv: &[f32],
    segments: &[Segment],
    heads: Heads,
    out: &mut [f32],
    normalisers: &mut [f32],
    scores: &mut Vec<f32>,
) {
    let (stride, width) = (heads.row_width(), heads.width);
    let out_stride = heads.query * width;
    let rows_in_all = out.len() / out_stride;
    for segment in segments {
        let base = segment.start * stride;
        for head in 0..heads.query {
            let context = Context {
                keys: &qkv[base + heads.key_offset(head)..],
                values: &qkv[base + heads.value_offset(head)..],
                stride,
            };
            for first in (0..segment.length).step_by(QUERY_BLOCK) {
                let rows = QUERY_BLOCK.min(segment.length - first);
                let row = segment.start + first;
                block_forward(
                    Matrix::strided(&qkv[row * stride + head * width..], rows, width, stride),
                    first,
                    context,
                    heads,
                    scores,
                    MatrixMut::strided(
                        &mut out[row * out_stride + head * width..],
                        rows,
                        width,
                        out_stride,
                    ),
                    &mut normalisers[head * rows_in_all + row..][..rows],
                );
            }
        }
    }
}

/// Attention of new rows that follow `seen` cached ones.
///
/// `cached_keys` and `cached_values` hold rows of `heads.key_value * heads.width` for the cached and the new rows;
/// `queries` holds new rows of `query_stride`, the queries first.
pub(crate) fn forward_cached(
    queries: &[f32],
    query_stride: usize,
    [cached_keys, cached_values]: [&[f32]; 2],
    seen: usize,
    heads: Heads,
    out: &mut [f32],
    scores: &mut Vec<f32>,
) {
    let (width, stride) = (heads.width, heads.key_value * heads.width);
    let out_stride = heads.query * width;
    let rows = out.len() / out_stride;
    let mut normalisers = vec![0.0; QUERY_BLOCK];
    for head in 0..heads.query {
        let offset = head / (heads.query / heads.key_value) * width;
        let context = Context {
            keys: &cached_keys[offset..],
            values: &cached_values[offset..],
            stride,
        };
        for first in (0..rows).step_by(QUERY_BLOCK) {
            let count = QUERY_BLOCK.min(rows - first);
            block_forward(
                Matrix::strided(
                    &queries[first * query_stride + head * width..],
                    count,
                    width,
                    query_stride,
                ),
                seen + first,
                context,
                heads,
                scores,
                MatrixMut::strided(
                    &mut out[first * out_stride + head * width..],
                    count,
                    width,
                    out_stride,
                ),
                &mut normalisers[..count],
            );
        }
    }
}

/// Scratch buffers of [`backward`].
#[derive(Debug, Default)]
pub(crate) struct BackwardScratch {
    probabilities: Vec<f32>,
    gradients: Vec<f32>,
}

/// What went into [`forward`] and came out of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward<'a> {
    pub(crate) qkv: &'a [f32],
    pub(crate) segments: &'a [Segment],
    pub(crate) heads: Heads,
    pub(crate) out: &'a [f32],
    pub(crate) normalisers: &'a [f32],
}

/// Gradients of [`forward`]: fills `d_qkv` from `d_out`.
pub(crate) fn backward(
    forward: Forward<'_>,
    d_out: &[f32],
    d_qkv: &mut [f32],
    scratch: &mut BackwardScratch,
) {
    let Forward {
        qkv,
        segments,
        heads,
        out,
        normalisers,
    } = forward;
    d_qkv.fill(0.0);
    let (stride, width, scale) = (heads.row_width(), heads.width, heads.scale());
    let out_stride = heads.query * width;
    let rows_in_all = out.len() / out_stride;
    for segment in segments {
        let base = segment.start * stride;
        for head in 0..heads.query {
            let (key_at, value_at) = (base + heads.key_offset(head), base + heads.value_offset(head));
            for first in (0..segment.length).step_by(QUERY_BLOCK) {
                let rows = QUERY_BLOCK.min(segment.length - first);
                let keys = first + rows;
                let row = segment.start + first;
                let query_at = row * stride + head * width;
                let out_at = row * out_stride + head * width;
                scratch.probabilities.resize(rows * keys, 0.0);
                scratch.gradients.resize(rows * keys, 0.0);
                multiply(
                    MatrixMut::new(&mut scratch.probabilities, rows, keys),
                    Update::Replace,
                    scale,
                    Matrix::strided(&qkv[query_at..], rows, width, stride),
                    Matrix::strided(&qkv[key_at..], keys, width, stride).t(),
                );
                let d_out_block = Matrix::strided(&d_out[out_at..], rows, width, out_stride);
                multiply(
                    MatrixMut::new(&mut scratch.gradients, rows, keys),
                    Update::Replace,
                    1.0,
                    d_out_block,
                    Matrix::strided(&qkv[value_at..], keys, width, stride).t(),
                );
                let normalisers = &normalisers[head * rows_in_all + row..][..rows];
                vectorised(|| {
                    let blocks = scratch
                        .probabilities
                        .chunks_exact_mut(keys)
                        .zip(scratch.gradients.chunks_exact_mut(keys));
                    for (i, (probabilities, gradients)) in blocks.enumerate() {
                        let at = out_at + i * out_stride;
                        let carried = dot(&out[at..at + width], &d_out[at..at + width]);
                        let (visible, masked) = probabilities.split_at_mut(first + i + 1);
                        let (visible_gradients, masked_gradients) = gradients.split_at_mut(first + i + 1);
                        masked.fill(0.0);
                        masked_gradients.fill(0.0);
                        for (p, g) in visible.iter_mut().zip(visible_gradients) {
                            *p = exp(*p - normalisers[i]);
                            *g = *p * (*g - carried);
                        }
                    }
                });
                let probabilities = Matrix::new(&scratch.probabilities, rows, keys);
                let gradients = Matrix::new(&scratch.gradients, rows, keys);
                multiply(
                    MatrixMut::strided(&mut d_qkv[value_at..], keys, width, stride),
                    Update::Add,
                    1.0,
                    probabilities.t(),
                    d_out_block,
                );
                multiply(
                    MatrixMut::strided(&mut d_qkv[query_at..], rows, width, stride),
                    Update::Replace,
                    scale,
                    gradients,
                    Matrix::strided(&qkv[key_at..], keys, width, stride),
                );
                multiply(
                    MatrixMut::strided(&mut d_qkv[key_at..], keys, width, stride),
                    Update::Add,
                    scale,
                    gradients.t(),
                    Matrix::strided(&qkv[query_at..], rows, width, stride),
                );
            }
        }
    }
}
