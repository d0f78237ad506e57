//! Tables of weights and the products with them.

use crate::{
    checkpoint::Elements,
    kernels::matmul::{Matrix, MatrixMut, Update, multiply},
};

/// Elements that are widened to f32 at a time. More would leave the cache before the product reads it; fewer make the
/// products flat.
const WIDENED: usize = 1 << 18;

/// Rows of weights, f32 or in the 16 bits that they are stored in.
#[derive(Debug)]
pub(crate) struct Table {
    elements: Elements,
    rows: usize,
    columns: usize,
}

/// Scratch of products.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    widened: Vec<f32>,
}

impl Table {
    /// A table of `rows`; `columns` follow from the number of elements.
    pub(crate) fn new(elements: Elements, rows: usize, columns: usize) -> Self {
        debug_assert_eq!(elements.len(), rows * columns);
        Self {
            elements,
            rows,
            columns,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Copies a row.
    pub(crate) fn row_into(&self, row: usize, out: &mut [f32]) {
        self.elements.widen_into(row * self.columns, out);
    }

    /// Adds a row to `out`.
    pub(crate) fn add_row(&self, row: usize, out: &mut [f32], scratch: &mut Scratch) {
        let row = match &self.elements {
            Elements::Single(values) => &values[row * self.columns..][..self.columns],
            narrow => {
                scratch.widened.resize(self.columns, 0.0);
                narrow.widen_into(row * self.columns, &mut scratch.widened);
                &scratch.widened
            }
        };
        for (out, value) in out.iter_mut().zip(row) {
            *out += *value;
        }
    }

    /// `y = x · tableᵀ`, or that added to `y`.
    pub(crate) fn product(&self, x: &[f32], y: &mut [f32], update: Update, scratch: &mut Scratch) {
        let rows = x.len() / self.columns;
        let x = Matrix::new(x, rows, self.columns);
        if let Elements::Single(values) = &self.elements {
            let weights = Matrix::new(values, self.rows, self.columns).t();
            multiply(MatrixMut::new(y, rows, self.rows), update, 1.0, x, weights);
            return;
        }
        // Fixed blocks of the table's rows: an element's sum does not depend on the block that it is in.
        let block = (WIDENED / self.columns).clamp(1, self.rows);
        for first in (0..self.rows).step_by(block) {
            let count = block.min(self.rows - first);
            scratch.widened.resize(count * self.columns, 0.0);
            self.elements
                .widen_into(first * self.columns, &mut scratch.widened);
            multiply(
                MatrixMut::strided(&mut y[first..], rows, count, self.rows),
                update,
                1.0,
                x,
                Matrix::new(&scratch.widened, count, self.columns).t(),
            );
        }
    }
}

/// A linear map.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Table,
    pub(crate) bias: Option<Vec<f32>>,
}

impl Linear {
    /// `y = W·x + b`.
    pub(crate) fn apply(&self, x: &[f32], y: &mut Vec<f32>, scratch: &mut Scratch) {
        let rows = x.len() / self.weight.columns;
        y.resize(rows * self.weight.rows, 0.0);
        let update = match &self.bias {
            None => Update::Replace,
            Some(bias) => {
                y.chunks_exact_mut(self.weight.rows)
                    .for_each(|row| row.copy_from_slice(bias));
                Update::Add
            }
        };
        self.weight.product(x, y, update, scratch);
    }

    /// `y += W·x + b`.
    pub(crate) fn add(&self, x: &[f32], y: &mut [f32], scratch: &mut Scratch) {
        if let Some(bias) = &self.bias {
            for row in y.chunks_exact_mut(self.weight.rows) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    *value += *bias;
                }
            }
        }
        self.weight.product(x, y, Update::Add, scratch);
    }
}
